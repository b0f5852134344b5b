"""compare: a stack against its reference, slab by slab on one grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..ct_stack import CtStack
from ..errors import XrayToCTError
from . import metrics
from .fidelity_report import FidelityReport, MetricRow

_SAME_GRID = "Make the reference with reference_stack for the same view, field and slabs as the translation."


def compare(stack: CtStack, reference: CtStack | str | Path, *, mask: np.ndarray | None = None) -> FidelityReport:
    """Measure how far a stack is from its reference.

    The two are compared where they lie: no registration is applied. Where their grids differ (the stack has the
    radiograph's pixels, a reference often the network's), the stack is resampled to the reference's grid with area
    averaging, because the reference holds no finer detail to compare with.

    Args:
        stack: HU (slabs, rows, cols).
        reference: a stack of the same view, slabs, slab thickness and extent, or the path of one.
        mask: bool, (rows, cols) or (slabs, rows, cols), on the grid of either; None takes the body from the
            reference (``metrics.body_mask``).

    Raises:
        XrayToCTError: the two do not show the same slabs of the same field, hold NaN, or the mask is empty.
    """
    if not isinstance(reference, CtStack):
        from ..translation.stack_file import read_stack

        reference = read_stack(reference)
    _check_same_scene(stack, reference)
    resampled = stack.hu.shape != reference.hu.shape
    hu = _on_grid(stack.hu, reference.hu.shape[1:]) if resampled else stack.hu
    result, truth = metrics.to_window(hu), metrics.to_window(reference.hu)
    if mask is None:
        region_name, region = "body", metrics.body_mask(reference.hu)
    else:
        region_name, region = "given mask", _mask_on_grid(mask, stack.hu.shape, reference.hu.shape)

    centre = reference.slabs // 2
    rows: list[MetricRow] = []
    for slabs_name, chosen in (("central slab", slice(centre, centre + 1)), ("all slabs", slice(None))):
        for name, scope in ((region_name, region[chosen]), ("whole field", None)):
            where = _scope_sentence(reference, slabs_name, name, resampled=resampled)
            rows += _measure(result[chosen], truth[chosen], scope, slabs_name, name, where)
    return FidelityReport(
        rows=tuple(rows),
        difference=(result - truth).astype(np.float32),
        spacing=reference.spacing,
        slab_thickness=reference.slab_thickness,
        protocol=_protocol(stack, reference, region_name, resampled=resampled),
        candidate=stack.provenance.get("model_id", ""),
        window=metrics.HU_WINDOW,
        result_image=result.astype(np.float32),
        reference_image=truth.astype(np.float32),
        ssim_map=metrics.ssim_map(result, truth).astype(np.float32),
        region=region,
    )


def _on_grid(hu: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Slabs (slabs, rows, cols) on another number of rows and columns over the same extent, float32."""
    from ..translation.resample import resample

    rows, cols = shape
    return np.stack([resample(slab, (rows, cols)) for slab in hu.astype(np.float32, copy=False)])


def _check_same_scene(stack: CtStack, reference: CtStack) -> None:
    for name, hu in (("translation", stack.hu), ("reference", reference.hu)):
        if not np.isfinite(hu).all():
            raise XrayToCTError(
                f"The {name} holds NaN or infinite values, so nothing can be measured against it.",
                hint="Make it again, or replace the invalid values first.",
            )
    if stack.view is not reference.view:
        raise XrayToCTError(
            f"The translation is seen {stack.view.value}, the reference {reference.view.value}.", hint=_SAME_GRID
        )
    if stack.slabs != reference.slabs:
        raise XrayToCTError(
            f"The translation has {stack.slabs} slabs, the reference {reference.slabs}.", hint=_SAME_GRID
        )
    if abs(stack.slab_thickness - reference.slab_thickness) > 0.01 * reference.slab_thickness:
        raise XrayToCTError(
            f"The slabs are {stack.slab_thickness:g} mm thick in the translation and {reference.slab_thickness:g} mm "
            "in the reference.",
            hint=_SAME_GRID,
        )
    extents = [[n * step for n, step in zip(s.hu.shape[1:], s.spacing, strict=True)] for s in (stack, reference)]
    for axis in (0, 1):
        # Rounding the field to whole pixels moves an edge by half a pixel of the coarser grid at most.
        if abs(extents[0][axis] - extents[1][axis]) > 0.5 * max(stack.spacing[axis], reference.spacing[axis]) + 1e-3:
            raise XrayToCTError(
                f"The translation covers {extents[0][0]:.1f} x {extents[0][1]:.1f} mm, the reference "
                f"{extents[1][0]:.1f} x {extents[1][1]:.1f} mm: they do not show the same field.",
                hint=_SAME_GRID,
            )


def _mask_on_grid(mask: np.ndarray, stack_shape: tuple[int, ...], reference_shape: tuple[int, ...]) -> np.ndarray:
    """The caller's mask as bool (slabs, rows, cols) of the reference."""
    mask = np.asarray(mask)
    if not np.isfinite(mask).all():
        raise XrayToCTError("The mask holds NaN.", hint="Give a mask of zeros and ones.")
    mask = mask.astype(bool)
    if mask.ndim == 2:
        mask = np.broadcast_to(mask, (reference_shape[0], *mask.shape))
    if mask.shape == stack_shape and stack_shape != reference_shape:
        mask = _on_grid(mask.astype(np.float32), reference_shape[1:]) >= 0.5
    if mask.shape != reference_shape:
        raise XrayToCTError(
            f"The mask has shape {mask.shape}; the reference has {reference_shape}, the translation {stack_shape}.",
            hint="Give a mask on the grid of the translation or of the reference.",
        )
    return np.asarray(mask)


def _measure(
    a: np.ndarray, b: np.ndarray, mask: np.ndarray | None, slabs: str, region: str, where: str
) -> list[MetricRow]:
    if mask is not None and not mask.any():
        raise XrayToCTError(
            f"The {'body' if region == 'body' else 'mask'} is empty in {slabs}: there is nothing to measure.",
            hint="Check that the reference shows anatomy in HU, or give a mask.",
        )
    n = int(a.size if mask is None else mask.sum())
    interior = np.s_[:, metrics.SSIM_RADIUS : -metrics.SSIM_RADIUS, metrics.SSIM_RADIUS : -metrics.SSIM_RADIUS]
    n_ssim = int(a[interior].size if mask is None else mask[interior].sum())
    pooled = "a 2D image" if a.shape[0] == 1 else "3D: all voxels pooled, not a mean over slices"
    window = f"clipped to [{metrics.HU_WINDOW[0]:g}, {metrics.HU_WINDOW[1]:g}] HU"
    plain = f"{pooled}; {window}; {where}; n = {n} voxels."
    ranged = f"{pooled}; range {metrics.HU_RANGE:g} HU, from one MSE; {window}; {where}; n = {n} voxels."
    similarity = (
        f"2D maps{'' if a.shape[0] == 1 else ' of each slab, pooled'}; gaussian 11 x 11, sigma 1.5, population "
        f"covariance, range {metrics.HU_RANGE:g} HU; 5 edge pixels left out; {window}; {where}; n = {n_ssim} voxels."
    )
    plainly = ((metrics.mae, "MAE", "HU", "lower", f"Mean absolute error, {plain}"),
               (metrics.me, "ME", "HU", "zero", f"Mean of result - reference, {plain}"),
               (metrics.rmse, "RMSE", "HU", "lower", f"Root mean squared error, {plain}"),
               (metrics.psnr, "PSNR-2500", "dB", "higher", f"Peak signal to noise, {ranged}"))  # fmt: skip
    rows = [
        MetricRow(name, measure(a, b, mask), unit, slabs, region, n, protocol, better=better)
        for measure, name, unit, better, protocol in plainly
    ]
    protocol = f"Structural similarity of HU + 1024, {similarity}"
    value = metrics.ssim(a, b, mask)
    return [*rows, MetricRow("SSIM", value, "", slabs, region, n_ssim, protocol, better="higher")]


def _scope_sentence(reference: CtStack, slabs: str, region: str, *, resampled: bool) -> str:
    """Region, slabs and grid in words."""
    meaning = {"body": "body of the reference", "given mask": "the caller's mask", "whole field": "whole field"}
    count = (
        f"slab {reference.slabs // 2 + 1} of {reference.slabs}"
        if slabs == "central slab"
        else f"{reference.slabs} slabs"
    )
    rows, cols = reference.hu.shape[1:]
    return (
        f"{meaning[region]}; {count} of {reference.slab_thickness:g} mm; grid {rows} x {cols} at "
        f"{reference.spacing[0]:g} x {reference.spacing[1]:g} mm" + (", stack area-averaged to it" if resampled else "")
    )


def _protocol(stack: CtStack, reference: CtStack, region: str, *, resampled: bool) -> str:
    low, high = metrics.HU_WINDOW
    sentences = [
        f"Difference = result - reference in HU, both clipped to [{low:g}, {high:g}]; slabs in detector-ray geometry, "
        f"{stack.view.value} view, no registration."
    ]
    if resampled:
        sentences.append(
            f"The result ({stack.hu.shape[1]} x {stack.hu.shape[2]}) was resampled to the reference's grid "
            f"({reference.hu.shape[1]} x {reference.hu.shape[2]}) by area averaging."
        )
    if region == "body":
        sentences.append(
            f"Body: per slab of the reference, HU > {metrics.BODY_THRESHOLD_HU:g}, largest component, with all that it "
            "encloses (body left, right, and above or below), so that the lungs count."
        )
    sentences.append(
        f"PSNR from one MSE at range {metrics.HU_RANGE:g} HU; SSIM of HU + 1024 in 2D per slab, gaussian 11/1.5, "
        f"population covariance, range {metrics.HU_RANGE:g} HU. One case: no interval can be given."
    )
    return " ".join(sentences)
