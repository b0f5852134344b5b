"""Bodies on any device: a record applied to a prepared CT with torch, as ``opencv_body`` does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from XrayToCTLib.projection.ct_volume import centre_of_mass

from . import free_form
from .draws import BodyDraw, TissueCurve
from .opencv_body import BODY_ABOVE, BONE_ABOVE, LUNG_BELOW, MASS_ABOVE, TISSUE_ABOVE
from .patches import Triple, patches
from .skin import FAT, SHELL_MM, STEPS_PER_MM

if TYPE_CHECKING:
    from Training.data.manifest import PreparedCt


@dataclass(frozen=True, slots=True, eq=False)
class TorchBody:
    """As ``opencv_body.Body``; ``planes`` is an int64 tensor (2,), so that nothing waits for the device."""

    attenuation: Tensor
    spacing: Triple
    centre: Triple
    planes: Tensor

    @property
    def length_mm(self) -> float:
        """Scanned length."""
        return self.attenuation.shape[1] * self.spacing[0]


def make_body(
    ct: PreparedCt, attenuation: Tensor, draw: BodyDraw, skin_distance: Tensor | None
) -> TorchBody:  # fmt: skip
    """Apply a record.

    Args:
        ct: what it was drawn for; edits look at it on the CPU.
        attenuation: of the CT, on the device, any floating point.
        draw: the record.
        skin_distance: as for ``opencv_body.make_body``, on the device.
    """
    device = attenuation.device
    front, side = draw.margin
    volume = functional.pad(attenuation.float(), (side, side, 0, 0, front, front))
    for patch in patches(ct.attenuation, ct.spacing, draw.margin, draw.edits):
        volume[patch.box] = torch.from_numpy(np.ascontiguousarray(patch.values)).to(device)
    if draw.fat is not None and skin_distance is not None:
        reach = _field(draw.fat.thickness_mm, volume.shape, device)
        away = skin_distance.float() / STEPS_PER_MM - SHELL_MM
        share = ((reach - away) * 0.25 + 0.5).clamp(0.0, 1.0) * (skin_distance > 0)
        volume = torch.maximum(volume, share * FAT)
    volume = _bent(changed_tissues(volume, draw.curve), draw)
    mass = (volume * (volume > MASS_ABOVE)).sum((1, 2)).double().cpu().numpy()
    centre = (ct.centre[0], centre_of_mass(mass), ct.centre[2] + side)
    if draw.flip:
        volume = volume.flip(2)
        centre = (centre[0], centre[1], volume.shape[2] - 1 - centre[2])
    return TorchBody(volume, draw.spacing, centre, filled_planes(volume))


def filled_planes(volume: Tensor) -> Tensor:
    """First and last plane that hold body, int64 (2,); all planes where none does."""
    filled = volume.amax((1, 2)) > BODY_ABOVE
    filled = filled | ~filled.any()
    first = filled.int().argmax()
    last = len(filled) - 1 - filled.flip(0).int().argmax()
    return torch.stack((first, last))


def changed_tissues(values: Tensor, curve: TissueCurve) -> Tensor:
    """The tissue curve."""
    ramp = (curve.shift - LUNG_BELOW * (curve.lung_gain - 1.0)) / (TISSUE_ABOVE - LUNG_BELOW)
    return (
        values
        + values.clamp(max=LUNG_BELOW) * (curve.lung_gain - 1.0)
        + (values.clamp(LUNG_BELOW, TISSUE_ABOVE) - LUNG_BELOW) * ramp
        + (values.clamp(min=BONE_ABOVE) - BONE_ABOVE) * (curve.bone_gain - 1.0)
    )


def _bent(volume: Tensor, draw: BodyDraw) -> Tensor:
    planes, rows, cols = volume.shape
    device = volume.device
    through, along, across = (_field(part, volume.shape, device) for part in draw.displacement)
    # Air at both ends stands in for what lies beyond.
    at = (through + torch.arange(planes, dtype=torch.float32, device=device)[:, None, None]).clamp(0.0, planes - 1.0)
    low = at.floor().clamp(max=planes - 2.0)
    index = low.long()
    moved = torch.lerp(volume.gather(0, index), volume.gather(0, index + 1), at - low)

    compression = None
    if draw.inflation is not None:
        along = along + _field(draw.inflation, volume.shape, device)
        compression = _field(draw.inflation, volume.shape, device, slope_along=1)
    from_row = along + torch.arange(rows, dtype=torch.float32, device=device)[:, None]
    from_col = across + torch.arange(cols, dtype=torch.float32, device=device)
    grid = torch.stack(((from_col + 0.5) * (2.0 / cols) - 1.0, (from_row + 0.5) * (2.0 / rows) - 1.0), -1)
    bent = functional.grid_sample(moved[:, None], grid, padding_mode="border", align_corners=False)[:, 0]
    if compression is not None:
        lung = ((TISSUE_ABOVE - bent) / (TISSUE_ABOVE - LUNG_BELOW)).clamp(0.0, 1.0)
        bent = bent * (1.0 + lung * compression)
    bent[:, :, 0] = 0.0
    bent[:, :, -1] = 0.0
    return bent


def _field(control: np.ndarray, shape: Sequence[int], device: torch.device, slope_along: int = -1) -> Tensor:
    """Control points (y, z, x) to a field of ``shape``; along one axis, its derivative if asked for."""
    matrices = [
        torch.from_numpy((free_form.slope if axis == slope_along else free_form.basis)(n, k)).to(device)
        for axis, (n, k) in enumerate(zip(shape, control.shape, strict=True))
    ]
    keys = torch.tensordot(matrices[0], torch.from_numpy(control).to(device), 1)
    return matrices[1] @ keys @ matrices[2].T
