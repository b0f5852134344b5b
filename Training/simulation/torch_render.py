"""Render on any device: a body in a pose -> slabs and their line integrals, as ``opencv_render`` does it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from XrayToCTLib.projection.geometry import ProjectionGeometry
from XrayToCTLib.projection.plane_warps import MU_WATER_PER_MM, PlaneWarps, plane_warps

from .field import Field
from .opencv_render import slab_faces
from .torch_body import TorchBody


@dataclass(frozen=True, slots=True, eq=False)
class TorchSample:
    """As ``field.Sample``: integrals (rows, cols) float32, hu (slabs, rows, cols) float16, valid (rows, cols) bool."""

    integrals: Tensor
    hu: Tensor
    valid: Tensor


def render_body(body: TorchBody, geometry: ProjectionGeometry, field: Field) -> TorchSample:
    """All planes are warped at once; slabs are differences of the running integral at their faces."""
    deep, beyond = field.deepened()
    if beyond:
        whole = render_body(body, geometry, deep)
        return replace(whole, hu=whole.hu[beyond:-beyond])
    planes, rows, cols = body.attenuation.shape
    device = body.attenuation.device
    warps = plane_warps(geometry, (rows, planes, cols), body.spacing, body.centre)
    grid = _grid(warps, (rows, cols), geometry.shape, device)
    warped = functional.grid_sample(
        body.attenuation[:, None], grid, padding_mode="border", align_corners=False
    )[:, 0]  # fmt: skip
    cuts, backwards = slab_faces(warps, field)
    faces = torch.from_numpy(cuts).to(device).clamp(0.0, float(planes))
    if backwards:
        warped = warped.flip(0)
    running = functional.pad(warped.cumsum(0), (0, 0, 0, 0, 1, 0))
    low = faces.floor().clamp(max=planes - 1.0)
    index = low.long()
    integrals = torch.lerp(running.gather(0, index), running.gather(0, index + 1), faces - low)

    width = torch.from_numpy(warps.depth_step_mm).to(device) / field.slab_thickness
    means = (integrals[1:] - integrals[:-1]) * width
    path = torch.from_numpy(warps.plane_path_mm).to(device)
    return TorchSample(
        integrals=(integrals[-1] - integrals[0]) * path * MU_WATER_PER_MM,
        hu=((means - 1.0) * 1000.0).half(),
        valid=_valid_rays(grid, body.planes, rows),
    )


def _grid(warps: PlaneWarps, plane: tuple[int, int], shape: tuple[int, int], device: torch.device) -> Tensor:
    """Where each ray meets each plane, in ``grid_sample``'s coordinates: (planes, rows, cols, 2).

    The homographies are rewritten in double precision so that they map [-1, 1] to [-1, 1], which single precision then
    evaluates to some 1e-4 of a voxel; not every device has double precision.
    """
    rows, cols = shape
    to_pixel = np.array(((cols / 2, 0, (cols - 1) / 2), (0, rows / 2, (rows - 1) / 2), (0, 0, 1)))
    to_plane = np.array(((2 / plane[1], 0, 1 / plane[1] - 1), (0, 2 / plane[0], 1 / plane[0] - 1), (0, 0, 1)))
    maps = to_plane @ warps.homographies @ to_pixel
    maps = maps / maps[:, 2:, 2:]
    h = torch.from_numpy(maps.astype(np.float32)).to(device)[..., None, None]
    u = (torch.arange(cols, dtype=torch.float32, device=device) * 2 + 1) / cols - 1
    v = ((torch.arange(rows, dtype=torch.float32, device=device) * 2 + 1) / rows - 1)[:, None]
    below = h[:, 2, 0] * u + h[:, 2, 1] * v + 1.0
    across = (h[:, 0, 0] * u + h[:, 0, 1] * v + h[:, 0, 2]) / below
    down = (h[:, 1, 0] * u + h[:, 1, 1] * v + h[:, 1, 2]) / below
    return torch.stack((across, down), -1)


def _valid_rays(grid: Tensor, planes: Tensor, rows: int) -> Tensor:
    height = ((grid[planes, ..., 1] + 1.0) * rows - 1.0) / 2.0
    return ((height >= 0) & (height <= rows - 1)).all(0)
