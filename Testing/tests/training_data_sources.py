"""Small files that stand for a hospital's folders: torsos as NIfTI and DICOM, radiographs as PNG."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import SimpleITK as sitk

SPACING = (5.0, 5.0, 5.0)


def torso(seed: int, shape: tuple[int, int, int] = (48, 40, 60)) -> np.ndarray:
    """HU (z, y, x): soft tissue with two lungs, a spine, and the vessels and bones of its own that a seed gives it."""
    rng = np.random.default_rng(seed)
    z, y, x = np.mgrid[: shape[0], : shape[1], : shape[2]]
    hu = np.full(shape, -1000.0, np.float32)
    middle_y, middle_x = shape[1] / 2, shape[2] / 2
    body = ((x - middle_x) / rng.uniform(22, 26)) ** 2 + ((y - middle_y) / rng.uniform(14, 17)) ** 2 < 1
    hu[body] = 40
    for side in (-1, 1):
        lung = ((x - middle_x - side * 11) / 8) ** 2 + ((y - middle_y + 1) / 10) ** 2 + (
            (z - shape[0] / 2) / 19
        ) ** 2 < 1
        hu[lung] = -800
    structure = rng.normal(size=shape).astype(np.float32)
    for _ in range(3):  # smoothed along one axis after the other
        flat = cv2.GaussianBlur(structure.reshape(structure.shape[0], -1), (1, 9), 1e-6, sigmaY=1.5)
        structure = flat.reshape(structure.shape).transpose(1, 2, 0)
    hu[body] += 450 * (structure / structure.std())[body]
    hu[((x - middle_x) / 3) ** 2 + ((y - middle_y - 10) / 3) ** 2 < 1] = 400
    return np.clip(hu, -1000, 2000).astype(np.int16)


def write_volume(path: Path, values: np.ndarray, spacing: tuple[float, float, float] = SPACING) -> Path:
    """Write (z, y, x) values with a spacing (z, y, x) in the format that the name says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = sitk.GetImageFromArray(values)
    image.SetSpacing(spacing[::-1])
    sitk.WriteImage(image, str(path))
    return path


def write_series(folder: Path, values: np.ndarray, *, patient: str = "P1", series: int = 1) -> Path:
    """Write a CT series, one DICOM file a slice; stored values are HU + 1024."""
    folder.mkdir(parents=True, exist_ok=True)
    writer = sitk.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    for index, plane in enumerate(values):
        image = sitk.GetImageFromArray(plane.astype(np.int16))
        image.SetSpacing(SPACING[:2])
        for tag, value in {
            "0008|0060": "CT",
            "0008|103e": f"series {series}",
            "0008|0016": "1.2.840.10008.5.1.4.1.1.2",
            "0008|0018": f"1.2.826.0.1.3680043.2.1125.{series}.{index + 1}",
            "0010|0020": patient,
            "0020|000d": "1.2.826.0.1.3680043.2.1125.9",
            "0020|000e": f"1.2.826.0.1.3680043.2.1125.{series}",
            "0020|0013": str(index + 1),
            "0020|0032": f"0\\0\\{index * SPACING[0]}",
            "0020|0037": "1\\0\\0\\0\\1\\0",
            "0028|1052": "-1024",
            "0028|1053": "1",
        }.items():
            image.SetMetaData(tag, value)
        # The order of the names is not that of the slices: positions count.
        writer.SetFileName(str(folder / f"{series}-{(index * 7) % len(values):03d}.dcm"))
        writer.Execute(image)
    return folder


def radiograph(seed: int, side: int = 256) -> np.ndarray:
    """uint8 (side, side): a bright body with structure of its own on a dark ground."""
    rng = np.random.default_rng(seed)
    coarse = cv2.GaussianBlur(rng.normal(size=(side, side)).astype(np.float32), (0, 0), side / 25)
    y, x = np.mgrid[:side, :side] / side - 0.5
    body = np.exp(-((x / 0.33) ** 4) - (y / 0.6) ** 8)
    return np.clip(30 + 150 * body + 30 * coarse / coarse.std() * body, 0, 255).astype(np.uint8)


def write_png(path: Path, image: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)
    return path
