"""Perturbations: the radiographs that a user may bring instead of the plain one, each with its own reference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from Training.simulation import Field, plain_geometry
from XrayToCTLib.radiograph import IntensityScale, Radiograph, SpacingSource, View

from .inputs import Patient, Rendered, display_limits, display_look, rendered
from .rows import DISPLAY, LINE_INTEGRALS

PLAIN = "as it is"
_SCALES = {LINE_INTEGRALS: IntensityScale.LINE_INTEGRAL, DISPLAY: IntensityScale.DISPLAY}


@dataclass(frozen=True, slots=True, eq=False)
class Perturbed:
    """One radiograph: what it is called, fed as what, and the slabs and rays that its translation is held against."""

    name: str
    fed: str
    radiograph: Radiograph
    hu: np.ndarray
    valid: np.ndarray


def perturbations(patient: Patient, view: Rendered, field: Field, seed: int) -> Iterator[Perturbed]:
    """The plain radiograph of each kind first, then the envelope of the protocol."""
    rng = np.random.default_rng(seed)
    limits = display_limits(view.integrals)

    def both(name: str, seen: Rendered, **stated: Any) -> Iterator[Perturbed]:
        """As calibrated line integrals, and through the console's automatic window."""
        looks = ((LINE_INTEGRALS, seen.integrals), (DISPLAY, display_look(seen.integrals)))
        for fed, pixels in looks:
            yield one(name, fed, pixels, seen.hu, seen.valid, **stated)

    def one(
        name: str,
        fed: str,
        pixels: np.ndarray,
        hu: np.ndarray = view.hu,
        valid: np.ndarray = view.valid,
        **stated: Any,
    ) -> Perturbed:
        return Perturbed(name, fed, radiograph_of(pixels, fed, field, **stated), hu, valid)

    yield from both(PLAIN, view)
    plain = plain_geometry(field)
    for angle in (2, 5, 10):
        turned = rendered(patient, field, replace(plain, rotation_deg=(0.0, 0.0, float(angle))))
        yield from both(f"rotation {angle}°", turned)
    for quarter in (1, 2):
        yield from both(f"rotation {90 * quarter}°", _turned(view, quarter))
    for factor in (0.25, 0.5, 2.0, 4.0):
        shifted = view.integrals - np.float32(np.log(factor))
        name = f"exposure x{factor:g}"
        yield one(name, LINE_INTEGRALS, shifted)
        yield one(name, DISPLAY, display_look(shifted, limits))  # the window stays, as without automatic exposure
    shown = display_look(view.integrals)
    for gamma in (0.5, 0.7, 1.4, 2.0):
        yield one(f"gamma {gamma:g}", DISPLAY, np.round(255.0 * (shown / 255.0) ** gamma))
    for photons in (1e5, 1e4, 1e3):
        counts = np.maximum(rng.poisson(photons * np.exp(-view.integrals.astype(np.float64))), 1)
        noisy = replace(view, integrals=np.log(photons / counts).astype(np.float32))
        yield from both(f"Poisson, {photons:.0e} photons a pixel".replace("e+0", "e"), noisy)
    for quality in (90, 50, 20):
        yield one(f"JPEG quality {quality}", DISPLAY, _through_jpeg(shown, quality))
    high = float(view.integrals.max())
    yield one("8 bit", LINE_INTEGRALS, np.round(view.integrals / high * 255.0) * (high / 255.0))
    yield one("wrong polarity", LINE_INTEGRALS, high - view.integrals)
    yield one("wrong polarity", DISPLAY, 255.0 - shown)
    for share in (0.1, 0.2):
        seen = _opening(view.integrals.shape, share)
        valid = view.valid & seen
        yield one(f"collimation {share:.0%}", LINE_INTEGRALS, np.where(seen, view.integrals, high), valid=valid)
        yield one(f"collimation {share:.0%}", DISPLAY, np.where(seen, shown, 255.0), valid=valid)
    for factor in (0.9, 1.1):
        yield from both(f"spacing {factor - 1:+.0%}", view, spacing=field.spacing * factor)
    lateral = rendered(patient, field, replace(plain, view=View.LATERAL))
    yield from both("lateral, stated", lateral, view=View.LATERAL)
    yield from both("lateral, not stated", lateral)


def radiograph_of(
    pixels: np.ndarray, fed: str, field: Field, *, spacing: float | None = None, view: View = View.PA
) -> Radiograph:
    """A radiograph that its header calls a PA chest of the field's spacing, unless said otherwise."""
    step = spacing or field.spacing
    return Radiograph(
        pixels=np.ascontiguousarray(pixels[None], np.float32),
        spacing=(step, step),
        spacing_source=SpacingSource.IMAGER_PIXEL_SPACING,
        scale=_SCALES[fed],
        source="simulated from a CT",
        identity="",
        modality="DX",
        view=view,
        body_part="CHEST",
    )


def _turned(view: Rendered, quarters: int) -> Rendered:
    return Rendered(
        view.patient,
        np.ascontiguousarray(np.rot90(view.integrals, quarters)),
        np.ascontiguousarray(np.rot90(view.hu, quarters, (1, 2))),
        np.ascontiguousarray(np.rot90(view.valid, quarters)),
    )


def _through_jpeg(shown: np.ndarray, quality: int) -> np.ndarray:
    _, content = cv2.imencode(".jpg", shown.astype(np.uint8), (cv2.IMWRITE_JPEG_QUALITY, quality))
    return np.asarray(cv2.imdecode(content, cv2.IMREAD_GRAYSCALE), np.float32)


def _opening(shape: tuple[int, ...], share: float) -> np.ndarray:
    """What a collimator leaves that takes ``share`` of the field on each side."""
    seen = np.zeros(shape, bool)
    rows, cols = (round(n * share) for n in shape)
    seen[rows : shape[0] - rows, cols : shape[1] - cols] = True
    return seen
