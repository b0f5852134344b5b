"""Measure a pair: every metric in every scope, as rows with their protocol."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..errors import XrayToCTError
from . import metrics
from .aligned_pair import BODY, WHOLE, AlignedPair
from .fidelity_report import FidelityReport, MetricRow
from .metric_spec import GREY, HU, MR, MetricSpec
from .metric_specs import BASIC, specs

Scope = tuple[str, slice, str, "np.ndarray | None"]  # slabs' name, which slabs, region's name, mask


def measure_pair(pair: AlignedPair, chosen: str | Sequence[str] = BASIC) -> FidelityReport:
    """The report of a pair.

    Args:
        chosen: "basic", "all", or names of metrics.

    Raises:
        XrayToCTError: an empty region, an unknown metric, or an image too small for a metric that was asked for by
            name or is basic. Metrics of "all" that cannot be taken are left out with a warning.
    """
    wanted = specs(chosen if isinstance(chosen, str) else tuple(chosen), pair.kind)
    images = {False: pair.clipped(), True: pair.scaled()}
    raw = tuple(np.asarray(image, np.float64) for image in (pair.result, pair.reference))
    named = {chosen} if isinstance(chosen, str) else set(chosen)
    rows: list[MetricRow] = []
    left_out: dict[str, None] = {}
    for slabs, part, region, mask in _scopes(pair):
        if mask is not None and not mask.any():
            raise XrayToCTError(
                f"The {'body' if region == BODY else 'mask'} is empty in {slabs}: there is nothing to measure.",
                hint="Check that the reference shows anatomy in HU, or give a mask.",
            )
        for spec in wanted:
            if not _fits(spec, slabs, region, pair):
                continue
            result, reference = (image[part] for image in (images[spec.scaled] if spec.clipped else raw))
            if pair.single:
                result, reference = result[0], reference[0]
            inside = mask[0] if pair.single and mask is not None else mask
            try:
                value = spec.function(result, reference, inside)
            except XrayToCTError as error:
                if spec.basic or spec.name in named:
                    raise
                left_out[f"{spec.name} was left out: {error.message}"] = None
                continue
            if math.isnan(value):
                left_out[f"{spec.name} has no value in {slabs}, {region}: nothing there, or nothing that varies."] = (
                    None
                )
                continue
            rows.append(_row(spec, value, pair, slabs, region, _count(spec, reference, inside)))
    return _report(pair, rows, tuple(left_out))


def _report(pair: AlignedPair, rows: list[MetricRow], left_out: tuple[str, ...]) -> FidelityReport:
    result, reference = pair.clipped()
    same_scale = pair.kind != MR
    difference = result - reference if same_scale else np.full(result.shape, np.nan)
    region = pair.counted()
    return FidelityReport(
        rows=tuple(rows),
        difference=difference.astype(np.float32),
        spacing=pair.spacing,
        slab_thickness=pair.slab_thickness,
        protocol=_protocol(pair),
        alignment=pair.record.sentence,
        alignment_record=pair.record,
        candidate=pair.candidate,
        modality=pair.modality,
        unit=pair.unit,
        window=pair.window or (float(reference.min()), float(reference.max())),
        result_image=result.astype(np.float32),
        reference_image=reference.astype(np.float32),
        ssim_map=_ssim_map(pair) if same_scale else None,
        region=region if region is not None else np.ones(result.shape, bool),
        warnings=(*pair.warnings, *left_out),
    )


def _ssim_map(pair: AlignedPair) -> np.ndarray | None:
    if min(pair.result.shape[1:]) < 2 * metrics.SSIM_RADIUS + 1:
        return None
    return metrics.ssim_map(*pair.scaled()).astype(np.float32)


def _scopes(pair: AlignedPair) -> list[Scope]:
    """Central slab before all slabs, body before whole field."""
    centre = pair.slabs // 2
    parts = (
        [("image", slice(0, 1))]
        if pair.single
        else [("central slab", slice(centre, centre + 1)), ("all slabs", slice(None))]
    )
    regions: list[tuple[str, np.ndarray | None]] = [(WHOLE, pair.inside)]
    if pair.region is not None:
        regions.insert(0, (pair.region_name, pair.counted()))
    return [
        (slabs, part, region, None if mask is None else mask[part]) for slabs, part in parts for region, mask in regions
    ]


def _fits(spec: MetricSpec, slabs: str, region: str, pair: AlignedPair) -> bool:
    if spec.volume_only and slabs != "all slabs":
        return False
    if spec.whole_only and region != WHOLE:
        return False
    return not (spec.body_only and region == WHOLE and pair.region is not None)


def _count(spec: MetricSpec, reference: np.ndarray, mask: np.ndarray | None) -> int:
    """How many voxels the number was made of."""
    if spec.voxels is not None:
        return spec.voxels(reference, mask)
    if not spec.masked:
        mask = None
    inner = (..., slice(spec.rim, -spec.rim), slice(spec.rim, -spec.rim)) if spec.rim else (...,)
    return int(reference[inner].size if mask is None else np.asarray(mask)[inner].sum())


def _row(spec: MetricSpec, value: float, pair: AlignedPair, slabs: str, region: str, n: int) -> MetricRow:
    unit = pair.unit if spec.unit == "value" else spec.unit
    width = pair.window[1] - pair.window[0] if pair.window is not None else math.nan
    spoken = f" {pair.unit}".rstrip()
    name = f"PSNR-{width:g}" if spec.name == "PSNR" and pair.kind == HU else spec.name
    two_d = slabs == "image" or slabs == "central slab"
    pooling = "2D image" if two_d else spec.pooling or "3D, all voxels pooled"
    window = "none"
    if not spec.clipped:
        window = "of the variant"
    elif pair.window is not None:
        window = f"[{pair.window[0]:.6g}, {pair.window[1]:.6g}]{spoken}"
    data_range = spec.data_range or (f"{width:.6g}{spoken}" if spec.ranged and pair.window is not None else "")
    grid = f"{pair.result.shape[1]} x {pair.result.shape[2]} at {pair.spacing[0]:g} x {pair.spacing[1]:g} mm"
    said = [
        spec.text,
        "a 2D image" if two_d else f"3D: {pooling}" if "3D" not in pooling else pooling,
        f"range {data_range}" if data_range else "",
        spec.kernel,
        f"{spec.rim} edge pixels left out" if spec.rim else "",
        f"clipped to {window}" if spec.clipped and pair.window is not None else "",
        _where(pair, slabs, region, masked=spec.masked, grid=grid),
        f"n = {n} voxels",
    ]
    return MetricRow(
        metric=name,
        value=value,
        unit=unit,
        slabs=slabs,
        region=region,
        n=n,
        protocol="; ".join(part for part in said if part) + ".",
        window=window,
        data_range=data_range,
        kernel=spec.kernel,
        pooling=pooling,
        grid=grid,
        variant=spec.variant,
        better=spec.better,
    )


def _where(pair: AlignedPair, slabs: str, region: str, *, masked: bool, grid: str) -> str:
    """Region, slabs and grid in words."""
    meaning = pair.region_text if region != WHOLE else "whole field"
    if region == WHOLE and pair.inside is not None and masked:
        meaning = "whole field where the reference was scanned"
    count = {
        "central slab": f"slab {pair.slabs // 2 + 1} of {pair.slabs} of {pair.slab_thickness:g} mm",
        "all slabs": f"{pair.slabs} slabs of {pair.slab_thickness:g} mm",
    }.get(slabs, "one image")
    return f"{meaning}; {count}; grid {grid}" + (f", result brought to it {pair.resampled}" if pair.resampled else "")


def _protocol(pair: AlignedPair) -> str:
    sentences = []
    spoken = f" {pair.unit}".rstrip()
    if pair.window is not None:
        low, high = pair.window
        sentences.append(
            f"Difference = result - reference{' in HU' if pair.unit else ''}, both clipped to "
            f"[{low:.6g}, {high:.6g}]{spoken}."
        )
    else:
        sentences.append(
            "CT-like values and MR intensities share no scale: no error, PSNR, SSIM or difference is given, only what "
            "holds across contrasts."
        )
    sentences += pair.sentences
    if pair.region is not None and pair.region_name == BODY and pair.kind == HU:
        sentences.append(
            f"Body: per slab of the reference, HU > {metrics.BODY_THRESHOLD_HU:g}, largest component, with all that it "
            "encloses (body left, right, and above or below), so that the lungs count."
        )
    if pair.inside is not None:
        sentences.append(
            "Rays that leave the scanned length, or pixels that the reference does not cover, do not count."
        )
    if pair.window is not None:
        width = pair.window[1] - pair.window[0]
        shift = "HU + 1024" if pair.kind == HU and pair.window[0] == metrics.HU_WINDOW[0] else "values above the window"
        sentences.append(
            f"PSNR from one MSE at range {width:.6g}{spoken}; SSIM of {shift} in 2D, gaussian 11/1.5, population "
            f"covariance, range {width:.6g}{spoken}."
        )
    if pair.kind == GREY:
        sentences.append("Values are grey levels or line integrals, not HU.")
    sentences.append("One case: no interval can be given.")
    return " ".join(sentences)
