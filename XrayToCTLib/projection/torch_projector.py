"""The differentiable executor: the same warps by torch's grid_sample, on any device."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from .geometry import ProjectionGeometry
from .plane_warps import plane_warps


def slab_means(
    mu: Tensor,
    spacing: tuple[float, float, float],
    centre: tuple[float, float, float],
    geometry: ProjectionGeometry,
    slabs: int,
    slab_thickness: float,
    planes_at_once: int = 32,
) -> tuple[Tensor, Tensor]:
    """As ``opencv_projector.slab_means``, differentiable in ``mu``.

    Args:
        mu: (z, y, x) floating point, attenuation relative to water.
        planes_at_once: planes that are in memory together; the backward pass recomputes them.

    Returns:
        means: (slabs, rows, cols), obliquity: (rows, cols), on the device of ``mu``.
    """
    warps = plane_warps(geometry, (mu.shape[0], mu.shape[1], mu.shape[2]), spacing, centre)
    planes = mu.movedim(warps.axis, 0)
    # Homographies in double precision: their entries span six orders of magnitude.
    homographies = torch.as_tensor(warps.homographies, dtype=torch.float64, device=mu.device)
    positions = torch.as_tensor(warps.positions_mm, dtype=mu.dtype, device=mu.device)[:, None, None]
    origin = torch.as_tensor(warps.depth_origin, dtype=mu.dtype, device=mu.device)
    slope = torch.as_tensor(warps.depth_slope, dtype=mu.dtype, device=mu.device)
    half = torch.as_tensor(warps.depth_step_mm, dtype=mu.dtype, device=mu.device) / (2.0 * slab_thickness)
    rows, cols = geometry.shape
    row, col = torch.meshgrid(
        torch.arange(rows, dtype=torch.float64, device=mu.device),
        torch.arange(cols, dtype=torch.float64, device=mu.device),
        indexing="ij",
    )
    pixels = torch.stack((col.reshape(-1), row.reshape(-1), torch.ones_like(col).reshape(-1)))
    size = torch.tensor((planes.shape[2], planes.shape[1]), dtype=torch.float64, device=mu.device)

    def add_planes(chunk: Tensor, start: int) -> Tensor:
        stop = start + chunk.shape[0]
        mapped = homographies[start:stop] @ pixels
        index = (mapped[:, :2] / mapped[:, 2:]).transpose(1, 2).reshape(-1, rows, cols, 2)
        grid = ((index + 0.5) / size * 2.0 - 1.0).to(mu.dtype)
        warped = functional.grid_sample(chunk[:, None], grid, mode="bilinear", align_corners=False)[:, 0]
        position = (origin + slope * positions[start:stop]) / slab_thickness + slabs / 2
        low, high = position - half, position + half
        parts = []
        for slab in range(slabs):
            overlap = (high.clamp(max=slab + 1.0) - low.clamp(min=float(slab))).clamp(min=0.0)
            parts.append((warped * overlap).sum(0))
        return torch.stack(parts)

    means = torch.zeros((slabs, rows, cols), dtype=mu.dtype, device=mu.device)
    for start in range(0, planes.shape[0], planes_at_once):
        chunk = planes[start : start + planes_at_once]
        means = means + checkpoint(add_planes, chunk, start, use_reentrant=False)
    return means, torch.as_tensor(np.asarray(warps.ray_obliquity), dtype=mu.dtype, device=mu.device)
