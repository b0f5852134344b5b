"""Procedural torso phantoms: chests for pre-training, as many as wanted, in the format of a CT."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk
from tqdm import tqdm

from XrayToCTLib.errors import XrayToCTError

from .limbs import Arm
from .organs import add_organs, coarse_noise
from .skeleton import add_skeleton
from .stamping import Grid, blend
from .torso import Torso, draw_torso, inside

_AIR_HU, _HIGHEST_HU = -1000, 3071
_BELOW_MM, _ABOVE_MM = 120.0, 55.0  # of the diaphragm's dome and of the lungs' apex
_FAT, _MUSCLE, _GLAND = 0.9, 1.05, 1.02


def torso_phantom(
    seed: int, spacing: tuple[float, float, float] = (3.0, 3.0, 3.0)
) -> tuple[np.ndarray, tuple[float, float, float]]:
    """A torso from its seed.

    Args:
        seed: the same seed gives the same torso.
        spacing: (z, y, x) mm.

    Returns:
        HU, int16 (z, y, x): towards the head, the back, the patient's left; and the spacing.

    Raises:
        XrayToCTError: a spacing that is not positive, or above 10 mm, where no rib would be left.
    """
    if not all(0.5 <= step <= 10.0 for step in spacing):
        raise XrayToCTError(f"A phantom cannot have voxels of {spacing} mm.", hint="Choose 0.5 to 10 mm.")
    rng = np.random.default_rng((seed, 0x7055))
    torso = draw_torso(rng)
    grid = _grid(torso, spacing)
    volume = np.zeros(grid.shape, np.float32)
    _add_wall(volume, grid, torso, rng)
    add_organs(volume, grid, torso, rng)
    add_skeleton(volume, grid, torso, rng)
    if torso.arms_down:
        _add_arms(volume, grid, torso, rng)
    body = volume > 0.01
    volume += coarse_noise(grid, 4.0, rng) * np.float32(0.012) * body
    hu = np.clip(np.round((volume - 1.0) * 1000.0), _AIR_HU, _HIGHEST_HU).astype(np.int16)
    return hu, spacing


def write_phantoms(
    folder: Path, count: int, seed: int = 0, spacing: tuple[float, float, float] = (3.0, 3.0, 3.0)
) -> list[Path]:  # fmt: skip
    """Write ``count`` phantoms as ``phantom-<seed>.nii.gz``; those that are there already are left as they are.

    Returns:
        The files, in order.

    Raises:
        XrayToCTError: the count is below 1, or the folder cannot be written.
    """
    if count < 1:
        raise XrayToCTError(f"{count} phantoms cannot be made.", hint="Ask for at least one.")
    paths = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number in tqdm(range(seed, seed + count), desc="phantoms", unit="torso"):
            path = folder / f"phantom-{number:06d}.nii.gz"
            paths.append(path)
            if path.exists():
                continue
            hu, steps = torso_phantom(number, spacing)
            image = sitk.GetImageFromArray(hu)
            image.SetSpacing(steps[::-1])
            partial = folder / f".{path.name}.partial.nii.gz"  # the writer chooses the format by the name's end
            sitk.WriteImage(image, str(partial), useCompression=True)
            partial.replace(path)
    except (OSError, RuntimeError) as error:
        raise XrayToCTError(f"The phantoms cannot be written to {folder}.", hint=str(error)) from error
    return paths


def _grid(torso: Torso, spacing: tuple[float, float, float]) -> Grid:
    half_x = torso.shoulder + torso.fat + (115.0 if torso.arms_down else 15.0)
    depth = torso.half_depth * max(1.0, torso.belly) + 8.0 + torso.muscle + torso.fat
    low = (-_BELOW_MM, -depth - torso.breast - 15.0, -half_x)
    high = (torso.lung_height + _ABOVE_MM, depth + 40.0, half_x)
    z, y, x = (np.arange(a, b, step, dtype=np.float32) for a, b, step in zip(low, high, spacing, strict=True))
    return Grid(z, y, x)


def _add_wall(volume: np.ndarray, grid: Grid, torso: Torso, rng: np.random.Generator) -> None:
    """Skin and fat, breasts, muscles."""
    width, depth, middle = torso.muscle_envelope(grid.z)
    neck = np.clip((grid.z - torso.lung_height + 20.0) / 40.0, 0.0, 1.0)
    fat = torso.fat * (1.0 - 0.75 * neck) * np.interp(grid.z, (-120.0, 60.0), (1.25, 1.0))
    blend(volume, inside(grid, width + fat, depth + fat, middle), _FAT)
    if torso.breast > 0:
        height = torso.lung_height * rng.uniform(0.28, 0.42)
        _, front, centre = torso.muscle_envelope(np.array((height - 1.0, height)))
        chest = float(centre[1] - front[1])
        for side in (-1.0, 1.0):
            at = (height, chest, 0.54 * torso.half_width * side)
            radii = (0.3 * torso.lung_height, torso.fat + torso.breast, 0.48 * torso.half_width)
            breast = _half_ellipsoid(grid, at, radii)
            blend(volume, breast * (volume < 0.5), _FAT)
            gland = _half_ellipsoid(grid, (at[0], at[1] - 8.0, at[2]), tuple(0.7 * r for r in radii))
            blend(volume, gland * (coarse_noise(grid, 9.0, rng) > 0.0) * 0.8, _GLAND)
    muscle = inside(grid, width, depth, middle)
    blend(volume, muscle, _MUSCLE)
    # Fat between the muscles, as a slow marbling.
    blend(volume, muscle * np.clip(coarse_noise(grid, 16.0, rng) - 0.5, 0.0, 1.0), _FAT)


def _half_ellipsoid(grid: Grid, centre: tuple[float, float, float], radii: tuple[float, ...]) -> np.ndarray:
    squares = [((a - c) / r) ** 2 for a, c, r in zip((grid.z, grid.y, grid.x), centre, radii, strict=True)]
    value = np.sqrt(squares[0][:, None, None] + squares[1][None, :, None] + squares[2]).astype(np.float32)
    share = np.clip((1.0 - value) * (min(radii) / max(grid.steps)) + 0.5, 0.0, 1.0)
    return share * (grid.y < centre[1] + 20.0)[None, :, None]


def _add_arms(volume: np.ndarray, grid: Grid, torso: Torso, rng: np.random.Generator) -> None:
    radius = rng.uniform(38.0, 46.0) + 0.4 * torso.fat
    top = torso.lung_height - 48.0
    at = (grid.y[None, :, None], grid.z[:, None, None], grid.x[None, None, :])
    for side in (-1.0, 1.0):
        shoulder = torso.shoulder - 22.0
        elbow = max(shoulder, torso.half_width + torso.muscle + torso.fat + 8.0 + radius) + rng.uniform(0.0, 15.0)
        arm = Arm(
            top=(6.0, top, shoulder * side),
            bottom=(rng.uniform(-15.0, 20.0), -150.0, elbow * side),
            radius=radius,
            flatness=rng.uniform(1.0, 1.2),
            fat=4.0 + 0.5 * torso.fat,
            bone=rng.uniform(10.5, 12.5),
        )
        volume[...] = arm.changed(volume, at)
