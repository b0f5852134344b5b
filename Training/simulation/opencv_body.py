"""Bodies on the CPU: a record applied to a prepared CT with OpenCV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from XrayToCTLib.projection.ct_volume import centre_of_mass

from . import free_form
from .draws import BodyDraw, TissueCurve
from .patches import Triple, patches
from .skin import FAT, SHELL_MM, STEPS_PER_MM

if TYPE_CHECKING:
    from Training.data.manifest import PreparedCt

# OpenCV's remap counts columns in 16 bits.
_MOST_COLUMNS = 30000
# Between lung, which thins as it expands, and tissue, which does not (relative attenuation).
LUNG_BELOW, TISSUE_ABOVE = 0.4, 0.8
BONE_ABOVE = 1.15
# A plane holds body when something in it is denser.
BODY_ABOVE = 0.3
# What counts for the centre of mass, -300 HU: as in the library's ``body_centre``.
MASS_ABOVE = 0.7


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """A volume ready to be rendered.

    Attributes:
        attenuation: float32 (y, z, x), relative to water; the first and last columns are air.
        spacing: (z, y, x) mm.
        centre: index (z, y, x) that stands at the isocentre.
        planes: first and last plane that hold body.
        occupied: bool (planes,), false where a plane is air alone.
    """

    attenuation: np.ndarray
    spacing: Triple
    centre: Triple
    planes: tuple[int, int]
    occupied: np.ndarray

    @property
    def length_mm(self) -> float:
        """Scanned length."""
        return self.attenuation.shape[1] * self.spacing[0]


def whole_body(attenuation: np.ndarray, spacing: Triple, centre: Triple) -> Body:
    """A volume as it is, with a column of air on either side, as a body."""
    padded = np.pad(np.asarray(attenuation, np.float32), ((0, 0), (0, 0), (1, 1)))
    return _body(padded, spacing, (centre[0], centre[1], centre[2] + 1))


def _body(attenuation: np.ndarray, spacing: Triple, centre: Triple) -> Body:
    densest = attenuation.max(axis=(1, 2))
    return Body(attenuation, spacing, centre, filled_planes(densest), densest > 0)


def filled_planes(densest: np.ndarray) -> tuple[int, int]:
    """First and last plane whose densest voxel is body; all planes where there is none."""
    filled = np.flatnonzero(densest > BODY_ABOVE)
    return (int(filled[0]), int(filled[-1])) if filled.size else (0, len(densest) - 1)


def make_body(ct: PreparedCt, draw: BodyDraw, skin_distance: np.ndarray | None) -> Body:
    """Apply a record.

    Args:
        ct: what it was drawn for.
        draw: the record.
        skin_distance: uint8 (planes, rows, columns) with the draw's margins, see ``skin.skin_distance``; only needed
            where the record adds fat.
    """
    volume = padded(ct.attenuation, draw.margin)
    for patch in patches(ct.attenuation, ct.spacing, draw.margin, draw.edits):
        volume[patch.box] = patch.values
    if draw.fat is not None and skin_distance is not None:
        _add_fat(volume, skin_distance, draw.fat.thickness_mm)
    for plane in volume:
        change_tissues(plane, draw.curve)
    bent = _bent(volume, draw)
    # The origin of the depth belongs to this body, not to the one before the deformation: see ``body_centre``.
    mass = np.array([plane[plane > MASS_ABOVE].sum(dtype=np.float64) for plane in bent])
    centre = (ct.centre[0], centre_of_mass(mass), ct.centre[2] + draw.margin[1])
    if draw.flip:
        bent = np.ascontiguousarray(bent[:, :, ::-1])
        centre = (centre[0], centre[1], bent.shape[2] - 1 - centre[2])
    return _body(bent, draw.spacing, centre)


def padded(attenuation: np.ndarray, margin: tuple[int, int]) -> np.ndarray:
    """With air in front, behind and on the sides, float32."""
    planes, rows, cols = attenuation.shape
    front, side = margin
    volume = np.zeros((planes + 2 * front, rows, cols + 2 * side), np.float32)
    volume[front : front + planes, :, side : side + cols] = attenuation
    return volume


def change_tissues(values: np.ndarray, curve: TissueCurve) -> None:
    """Apply the tissue curve in place; air stays air."""
    over = np.minimum(values, np.float32(LUNG_BELOW))
    # Up to LUNG_BELOW the gain; from there a straight line that meets soft tissue at TISSUE_ABOVE.
    ramp = np.clip(values, LUNG_BELOW, TISSUE_ABOVE)
    ramp -= np.float32(LUNG_BELOW)
    over *= np.float32(curve.lung_gain - 1.0)
    width = TISSUE_ABOVE - LUNG_BELOW
    ramp *= np.float32((curve.shift - LUNG_BELOW * (curve.lung_gain - 1.0)) / width)
    over += ramp
    bone = np.maximum(values, np.float32(BONE_ABOVE))
    bone -= np.float32(BONE_ABOVE)
    bone *= np.float32(curve.bone_gain - 1.0)
    over += bone
    values += over


def _bent(volume: np.ndarray, draw: BodyDraw) -> np.ndarray:
    """First along the planes, then within each plane, so that two-dimensional remapping is enough."""
    planes, rows, cols = volume.shape
    through, along, across = draw.displacement
    matrices = [free_form.basis(n, k) for n, k in zip(volume.shape, through.shape, strict=True)]
    moved = np.empty_like(volume)
    chunk = max(1, _MOST_COLUMNS // cols)
    plane_index = np.arange(planes, dtype=np.float32)[:, None, None]
    keys = np.tensordot(matrices[0], through, 1)  # (planes, nodes, nodes)
    for first in range(0, rows, chunk):
        last = min(rows, first + chunk)
        from_plane = np.matmul(np.matmul(matrices[1][first:last], keys), matrices[2].T)
        from_plane += plane_index
        width = (last - first) * cols
        from_column = np.broadcast_to(np.arange(width, dtype=np.float32), (planes, width))
        moved[:, first:last] = cv2.remap(
            volume.reshape(planes, rows * cols)[:, first * cols : last * cols],
            np.ascontiguousarray(from_column),
            from_plane.reshape(planes, width),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=0,
        ).reshape(planes, last - first, cols)

    along_keys, across_keys = (np.tensordot(matrices[0], part, 1) for part in (along, across))
    row_index = np.arange(rows, dtype=np.float32)[:, None]
    col_index = np.arange(cols, dtype=np.float32)[None]
    inflate = _Inflation(draw.inflation, volume.shape) if draw.inflation is not None else None
    for plane in range(planes):
        if not moved[plane].any():
            volume[plane] = 0.0
            continue
        from_row = matrices[1] @ along_keys[plane] @ matrices[2].T
        from_col = matrices[1] @ across_keys[plane] @ matrices[2].T
        from_row += row_index
        from_col += col_index
        if inflate is not None:
            from_row += inflate.displacement(plane)
        cv2.remap(
            moved[plane], from_col, from_row, cv2.INTER_LINEAR, dst=volume[plane], borderMode=cv2.BORDER_REPLICATE
        )
        if inflate is not None:
            keep_lung_mass(volume[plane], inflate.compression(plane))
    volume[:, :, 0] = volume[:, :, -1] = 0.0
    return volume


def keep_lung_mass(values: np.ndarray, compression: np.ndarray) -> None:
    """Lung that takes less room is denser; what is no lung keeps its density. In place."""
    lung = np.clip((np.float32(TISSUE_ABOVE) - values) / np.float32(TISSUE_ABOVE - LUNG_BELOW), 0.0, 1.0)
    lung *= compression
    lung += 1.0
    values *= lung


class _Inflation:
    """Displacement along the rows, and how much denser it makes the lung, plane by plane."""

    def __init__(self, control: np.ndarray, shape: tuple[int, ...]) -> None:
        through, along, across = (free_form.basis(n, k) for n, k in zip(shape, control.shape, strict=True))
        self._keys = np.tensordot(through, control, 1)
        self._along, self._slope, self._across = along, free_form.slope(shape[1], control.shape[1]), across

    def displacement(self, plane: int) -> np.ndarray:
        """Rows, float32 (rows, columns)."""
        return np.asarray(self._along @ self._keys[plane] @ self._across.T)

    def compression(self, plane: int) -> np.ndarray:
        """Rows of the CT per row of the body, minus 1, float32 (rows, columns)."""
        return np.asarray(self._slope @ self._keys[plane] @ self._across.T)


def _add_fat(volume: np.ndarray, distance: np.ndarray, control: np.ndarray) -> None:
    through, along, across = (free_form.basis(n, k) for n, k in zip(volume.shape, control.shape, strict=True))
    keys = np.tensordot(through, control, 1)
    for plane in range(volume.shape[0]):
        reach = np.asarray(along @ keys[plane] @ across.T)
        away = distance[plane].astype(np.float32) * np.float32(1.0 / STEPS_PER_MM) - np.float32(SHELL_MM)
        # The edge is as wide as a voxel of the coarsest plane, so that the new skin has no stairs.
        share = np.clip((reach - away) * np.float32(0.25) + np.float32(0.5), 0.0, 1.0)
        share[distance[plane] == 0] = 0.0
        np.maximum(volume[plane], share * np.float32(FAT), out=volume[plane])
