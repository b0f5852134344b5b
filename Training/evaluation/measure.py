"""Measure: one predicted stack against its reference, all metrics, both scopes, as rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np

from Training.simulation import Field, plain_geometry
from XrayToCTLib.fidelity import metrics
from XrayToCTLib.fidelity.metrics import SSIM_RADIUS, body_mask
from XrayToCTLib.fidelity.power_spectrum import radial_power, ratio_in_band
from XrayToCTLib.fidelity.reprojection import obliquity, reprojection_error
from XrayToCTLib.fidelity.structure import (
    MS_SSIM_SMALLEST,
    gradient_correlation,
    ms_ssim_of_scales,
    ms_ssim_scales,
)
from XrayToCTLib.fidelity.tissues import TISSUES, bone_dice, lung_dice, tissue_mask

from .inputs import Rendered
from .predictors import WINDOW_HU
from .rows import ALL, BODY, CENTRAL, FIELD, Row

# Cycles per mm: structures wider than 20 mm, of 7 to 20 mm, of 3.3 to 7 mm (the grid of 1.5 mm ends at 0.33).
BANDS = {"below 0.025": (0.0, 0.025), "0.025-0.07": (0.025, 0.07), "0.07-0.15": (0.07, 0.15), "0.15-0.33": (0.15, 0.33)}
UNITS = {"MAE": "HU", "ME": "HU", "RMSE": "HU", "PSNR-2500": "dB", "PSNR-4024": "dB", "re-projection": "%"}


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A patient's reference with all masks that the metrics need, made once for all predictors.

    Attributes:
        hu: float32 (slabs, rows, cols), clipped to the window.
        inside: (rows, cols) bool, rays within the scanned length.
        body: (slabs, rows, cols) bool, body of the reference on those rays.
        power: slabs' name -> power spectrum of the reference.
    """

    view: Rendered
    field: Field
    hu: np.ndarray
    inside: np.ndarray
    body: np.ndarray
    power: Mapping[str, np.ndarray]

    @property
    def name(self) -> str:
        return self.view.patient

    def whole_rows(self) -> slice | None:
        """The rows in which every ray is within the scanned length: a spectrum needs a rectangle."""
        rows = np.flatnonzero(self.inside.all(1))
        return slice(int(rows[0]), int(rows[-1]) + 1) if rows.size >= 32 else None


def target_of(view: Rendered, field: Field) -> Target:
    """The reference of a view, ready to be measured against."""
    hu = np.clip(view.hu, *WINDOW_HU)
    target = Target(view, field, hu, view.valid, body_mask(hu) & view.valid, {})
    return replace(target, power={slabs: spectrum for slabs, (_, spectrum) in spectra(hu, target).items()})


def spectra(hu: np.ndarray, target: Target) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Slabs' name -> (frequency, power) of a stack over the target's whole rows; empty if there are too few."""
    rows = target.whole_rows()
    if rows is None:
        return {}
    return {slabs: radial_power(hu[chosen, rows], target.field.spacing) for slabs, chosen in _slabs(hu)}


def halved(target: Target) -> Target:
    """The same on a grid twice as coarse, averaged: for comparison with models of a coarser grid."""
    hu = _halved(target.hu)
    inside = _halved(target.inside[None].astype(np.float32))[0] > 0.99
    field = Field(target.field.size // 2, target.field.spacing * 2, target.field.slabs, target.field.slab_thickness)
    return Target(target.view, field, hu, inside, body_mask(hu) & inside, {})


def measure(predictor: str, fed: str, hu: np.ndarray, target: Target, coarse: Target | None = None) -> Iterator[Row]:
    """All rows of one prediction (slabs, rows, cols) in HU; on ``coarse`` the basic ones only.

    A metric that has no voxel to be taken over (no bone in the central slab) has no row.
    """
    made = np.clip(hu, *WINDOW_HU).astype(np.float32)
    if coarse is not None:
        yield from _rows(predictor, fed, _basic(_halved(made), coarse), coarse)
    yield from _rows(predictor, fed, _basic(made, target), target)
    yield from _rows(predictor, fed, _detailed(made, target), target)


Value = tuple[str, str, str, float]  # slabs, mask, metric, value


def _rows(predictor: str, fed: str, values: Iterator[Value], target: Target) -> Iterator[Row]:
    for slabs, mask, metric, value in values:
        if not math.isnan(value):
            yield Row(target.name, predictor, fed, target.field.spacing, slabs, mask, metric, float(value))


def _scopes(target: Target) -> Iterator[tuple[str, str, slice, np.ndarray]]:
    """(slabs, mask, which slabs, which voxels of them), the primary scope first."""
    whole = np.broadcast_to(target.inside, target.hu.shape)
    for slabs, chosen in _slabs(target.hu):
        for name, mask in ((BODY, target.body[chosen]), (FIELD, whole[chosen])):
            if mask.any():
                yield slabs, name, chosen, mask


def _slabs(hu: np.ndarray) -> tuple[tuple[str, slice], ...]:
    centre = len(hu) // 2
    return (CENTRAL, slice(centre, centre + 1)), (ALL, slice(None))


def _basic(made: np.ndarray, target: Target) -> Iterator[Value]:
    """Errors, PSNR, SSIM and MS-SSIM."""
    error = made - target.hu
    large = min(made.shape[1:]) >= MS_SSIM_SMALLEST
    scales = ms_ssim_scales(made, target.hu) if large else None
    similarity = scales[0][0] * scales[0][1] if scales else _interior(metrics.ssim_map(made, target.hu))
    for slabs, name, chosen, mask in _scopes(target):
        inside = error[chosen][mask].astype(np.float64)
        square = float(np.square(inside).mean())
        yield slabs, name, "MAE", float(np.abs(inside).mean())
        yield slabs, name, "ME", float(inside.mean())
        yield slabs, name, "RMSE", math.sqrt(square)
        for peak in (2500, 4024):
            yield slabs, name, f"PSNR-{peak}", math.inf if square == 0 else 10 * math.log10(peak**2 / square)
        interior = _interior(mask)
        if interior.any():
            yield slabs, name, "SSIM", float(similarity[chosen][interior].mean())
        if scales and interior.any():
            yield slabs, name, "MS-SSIM", ms_ssim_of_scales([(a[chosen], b[chosen]) for a, b in scales], mask)


def _detailed(made: np.ndarray, target: Target) -> Iterator[Value]:
    """Edges, tissues, overlap, power spectrum and physics."""
    field = target.field
    power = spectra(made, target)
    for slabs, name, chosen, mask in _scopes(target):
        yield slabs, name, "gradient correlation", gradient_correlation(made[chosen], target.hu[chosen], mask)
        if name != BODY:
            if slabs in power:
                for band, limits in BANDS.items():
                    ratio = ratio_in_band(*power[slabs], target.power[slabs], limits)
                    yield slabs, name, f"power {band} per mm", ratio
            continue
        yield slabs, name, "lung Dice", lung_dice(made[chosen], target.hu[chosen], mask)
        yield slabs, name, "bone Dice", bone_dice(made[chosen], target.hu[chosen], mask)
        for tissue in TISSUES:
            # Air is what surrounds the body too; the others are looked for inside it.
            where = np.broadcast_to(target.inside, mask.shape) if tissue == "air" else mask
            here = tissue_mask(target.hu[chosen], tissue) & where
            if here.any():
                inside = (made[chosen] - target.hu[chosen])[here].astype(np.float64)
                yield slabs, tissue, "MAE", float(np.abs(inside).mean())
                yield slabs, tissue, "ME", float(inside.mean())
    silhouette = np.asarray(target.body.any(0))
    if field.whole_patient and silhouette.any():
        rays = obliquity(plain_geometry(field))
        error = reprojection_error(made, target.view.integrals, rays, field.slab_thickness, silhouette)
        yield ALL, BODY, "re-projection", 100.0 * error


def _interior(image: np.ndarray) -> np.ndarray:
    return image[..., SSIM_RADIUS:-SSIM_RADIUS, SSIM_RADIUS:-SSIM_RADIUS]


def _halved(stack: np.ndarray) -> np.ndarray:
    rows, cols = stack.shape[1] // 2, stack.shape[2] // 2
    return np.stack([cv2.resize(slab, (cols, rows), interpolation=cv2.INTER_AREA) for slab in stack])
