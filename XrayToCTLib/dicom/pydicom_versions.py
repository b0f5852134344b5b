"""The few places where pydicom 2 (Slicer 5.10) and pydicom 3 (Slicer 5.12) differ."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


def major_version() -> int:
    import pydicom

    return int(pydicom.__version__.split(".")[0])


def processing() -> ModuleType:
    """The module with apply_windowing, apply_color_lut and convert_color_space."""
    return importlib.import_module("pydicom.pixels" if major_version() >= 3 else "pydicom.pixel_data_handlers.util")


def save_dataset(dataset: Dataset, path: Path) -> None:
    """Write preamble, file meta and ``dataset``, in little-endian Explicit VR."""
    if major_version() < 3:
        dataset.is_little_endian, dataset.is_implicit_VR = True, False
        dataset.save_as(path, write_like_original=False)
    else:
        dataset.save_as(path, enforce_file_format=True)
