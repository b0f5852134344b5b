"""Gate statistics: numbers in which an ordinary input differs from one that the model was never shown.

Each is larger the stranger the input is; the gate file says how large they are among ordinary inputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..models.gate_file import Appearance, GateParameters
from ..projection.project import resum

# Grey levels are inverted on a thumbnail with this many pixels along a side for one of the gate's.
FINER = 4
# Rays whose line integral is above this count as the patient's: 25 mm of water.
_BODY_INTEGRAL = 0.5
# Normalised line integrals: rows and columns that vary by less hold one value, but for noise and compression.
_ONE_VALUE = 0.1
_TINY = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Thumbnail:
    """The window about the image's centre: float32 values, and what of it the image covers, both (side, side)."""

    values: np.ndarray
    seen: np.ndarray

    def turned(self, quarters: int) -> Thumbnail:
        """Turned counter-clockwise by so many times 90 degrees."""
        return Thumbnail(np.rot90(self.values, quarters), np.rot90(self.seen, quarters))

    def mirrored(self) -> Thumbnail:
        return Thumbnail(self.values[:, ::-1], self.seen[:, ::-1])

    def binned(self, factor: int) -> Thumbnail:
        """Means of what is seen in blocks of ``factor`` x ``factor``; blocks seen by less than half are unseen."""
        side = len(self.values) // factor
        blocks = (side, factor, side, factor)
        count = self.seen.reshape(blocks).sum((1, 3))
        total = np.where(self.seen, self.values, 0).reshape(blocks).sum((1, 3), dtype=np.float32)
        return Thumbnail(total / np.maximum(count, 1).astype(np.float32), count >= 0.5 * factor**2)


def thumbnail(image: np.ndarray, pixel_mm: tuple[float, float], window_mm: float, side: int) -> Thumbnail:
    """The window of ``window_mm`` about the centre of an image (rows, cols), averaged onto ``side`` x ``side``."""
    import cv2

    rows, cols = (max(1, round(window_mm / step)) for step in pixel_mm)
    part = _central(image, (rows, cols))
    if part.shape == (rows, cols):
        values = cv2.resize(np.ascontiguousarray(part, np.float32), (side, side), interpolation=cv2.INTER_AREA)
        return Thumbnail(values, np.ones((side, side), bool))
    above, left = (rows - part.shape[0]) // 2, (cols - part.shape[1]) // 2
    placed = np.zeros((2, rows, cols), np.float32)
    where = np.s_[above : above + part.shape[0], left : left + part.shape[1]]
    placed[0][where], placed[1][where] = part, 1.0
    values, weight = (cv2.resize(plane, (side, side), interpolation=cv2.INTER_AREA) for plane in placed)
    seen = weight >= 0.5
    if not seen.any():  # narrower than half a pixel of the thumbnail
        seen = weight == weight.max()
    return Thumbnail(np.where(seen, values / np.maximum(weight, _TINY), 0).astype(np.float32), seen)


def inverted(image: Thumbnail, quantiles: tuple[np.ndarray, np.ndarray]) -> Thumbnail:
    """The thumbnail as it would be, had its radiograph been read with the other polarity and harmonised.

    Args:
        image: normalised line integrals.
        quantiles: (probabilities, normalised line integrals) of the model's reference.
    """
    probabilities, integrals = quantiles
    # After the harmonisation, a value's rank within the whole radiograph is its rank within the reference.
    ranks = np.interp(image.values, integrals, probabilities)
    return Thumbnail(np.interp(1.0 - ranks, probabilities, integrals).astype(np.float32), image.seen)


def fits_of(appearance: Appearance, images: Sequence[Thumbnail]) -> list[tuple[float, float]]:
    """(squared Mahalanobis distance, negative log-likelihood) of each image, for a pixel that is seen.

    Unseen pixels are marginalised, which a Gaussian allows exactly; Woodbury's identity keeps the system as small as
    the number of components, and images that see the same pixels share it.
    """
    alike: dict[bytes, list[int]] = {}
    for index, image in enumerate(images):
        alike.setdefault(image.seen.tobytes(), []).append(index)
    fits = [(0.0, 0.0)] * len(images)
    for members in alike.values():
        seen = images[members[0]].seen.ravel()
        rest = np.stack([images[index].values.ravel()[seen] for index in members]) - appearance.mean[seen]
        noise = appearance.noise[seen].astype(np.float64)
        components = appearance.components[:, seen].astype(np.float64)
        weighted = components / noise
        system = weighted @ components.T
        system[np.diag_indices_from(system)] += 1.0
        projected = weighted @ rest.T
        distances = (rest**2 / noise).sum(1) - (projected * np.linalg.solve(system, projected)).sum(0)
        log_determinant = np.linalg.slogdet(system)[1] + np.log(noise).sum()
        for index, distance in zip(members, distances / seen.sum(), strict=True):
            fits[index] = float(distance), float(0.5 * (distance + log_determinant / seen.sum()))
    return fits


def input_statistics(
    gate: GateParameters,
    normalised: np.ndarray,
    pixel_mm: tuple[float, float],
    quantiles: tuple[np.ndarray, np.ndarray],
) -> dict[str, float]:
    """The statistics of an input that need neither its scale nor its translation.

    Args:
        gate: its window and appearances.
        normalised: (rows, cols), line integrals as the network is fed them.
        pixel_mm: (row, column) in mm.
        quantiles: (probabilities, normalised line integrals) of the model's reference.

    Returns:
        appearance: distance from ordinary inputs. turn, polarity, lateral: by how much another explanation fits
        better. structure, grain: how little contrast there is in coarse shapes, absolutely and beside fine texture.
        border: share of the height or width that a frame of one value takes.
    """
    finer = thumbnail(normalised, pixel_mm, gate.window_mm, FINER * gate.side)
    image = finer.binned(FINER)
    other = inverted(finer, quantiles).binned(FINER)
    (distance, cost), *turned, (_, other_cost) = fits_of(gate.ordinary, [image, *turns(image), other])
    values = {
        "appearance": float(np.log(distance + _TINY)),
        "turn": cost - min(turned_cost for _, turned_cost in turned),
        "polarity": cost - other_cost,
    }
    if gate.lateral is not None:
        values["lateral"] = cost - min(fit[1] for fit in fits_of(gate.lateral, [image, image.mirrored()]))
    rows, cols = (max(1, round(gate.window_mm / step)) for step in pixel_mm)
    coarse = float(image.values[image.seen].std())
    whole = float(_central(normalised, (rows, cols)).std())
    values["structure"] = -float(np.log(coarse + _TINY))
    values["grain"] = -float(np.log((coarse + _TINY) / (whole + _TINY)))
    values["border"] = max(border_shares(normalised))
    return values


def turns(image: Thumbnail) -> list[Thumbnail]:
    """The thumbnail turned counter-clockwise by 90, 180 and 270 degrees."""
    return [image.turned(quarters) for quarters in (1, 2, 3)]


def border_shares(normalised: np.ndarray) -> tuple[float, float]:
    """Shares of the rows and of the columns that lie in a frame of one value."""
    shares = []
    for axis in (1, 0):
        lines = np.flatnonzero(np.ptp(normalised, axis=axis) > _ONE_VALUE)
        shares.append(1.0 - float(lines[-1] - lines[0] + 1) / normalised.shape[1 - axis] if lines.size else 1.0)
    return shares[0], shares[1]


def exposure_statistic(integrals: np.ndarray) -> float:
    """How far calibrated line integrals fall below zero, which they cannot: their first percentile, negated."""
    return -float(np.quantile(integrals, 0.01))


def physics_residual(hu: np.ndarray, integrals: np.ndarray, slab_thickness: float) -> float:
    """Relative L1 between the re-summed slabs and the line integrals that the network was fed, within the body.

    Rays are taken as normal to the slabs: their obliquity, 1 % in the corner of a field of 384 mm at 1.8 m, is not
    known of a radiograph from a file.

    Args:
        hu: (slabs, rows, cols), HU.
        integrals: (rows, cols), dimensionless.
        slab_thickness: mm.
    """
    body = integrals > _BODY_INTEGRAL
    total = float(integrals[body].sum(dtype=np.float64))
    if total == 0:
        return 0.0
    again = resum(hu, np.ones((), np.float32), slab_thickness)
    return float(np.abs(again - integrals)[body].sum(dtype=np.float64)) / total


def _central(image: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """At most ``shape`` of an image, about its centre."""
    top, left = (max(0, (have - want) // 2) for have, want in zip(image.shape, shape, strict=True))
    return image[top : top + shape[0], left : left + shape[1]]
