"""One DICOM series from a folder, or a sentence why not."""

from __future__ import annotations

import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK as sitk

from XrayToCTLib.errors import XrayToCTError

from .collect import is_dicom

_TAGS = [
    "SeriesInstanceUID", "SeriesDescription", "Modality", "ImageType", "PixelSpacing", "ImagePositionPatient",
    "ImageOrientationPatient", "NumberOfFrames", "SharedFunctionalGroupsSequence",
]  # fmt: skip
# A gap between slices that is so much wider than the usual one is a missing slice, not a rounding of positions.
_GAP = 1.5


def read_series(path: Path, *, need_spacing: bool = True) -> sitk.Image:
    """Read a folder with the slices of one series, or one multi-frame file, in order of slice position.

    Args:
        path: the folder or the file.
        need_spacing: refuse a series without Pixel Spacing, which ITK would read as 1 mm.

    Raises:
        XrayToCTError: no or several series, missing or doubled slices, no pixel spacing, undecodable pixels.
    """
    files = [path] if path.is_file() else [file for file in sorted(path.iterdir()) if file.is_file() and is_dicom(file)]
    headers = {file: _header(file) for file in files}
    series = defaultdict(list)
    for file, header in headers.items():
        series[str(header.get("SeriesInstanceUID", ""))].append(file)
    if len(series) != 1:
        kinds = "; ".join(_describe(headers[members[0]], len(members)) for members in series.values())
        raise XrayToCTError(
            f"{path} holds {len(series)} DICOM series ({kinds}), and one is needed.",
            hint="Put each series into a folder of its own, and leave localisers out.",
        )
    first = headers[files[0]]
    enhanced = "SharedFunctionalGroupsSequence" in first
    if need_spacing and not enhanced and "PixelSpacing" not in first:
        raise XrayToCTError(
            f"{path} states no Pixel Spacing (0028,0030).", hint="Export it again, or give spacing_mm for this source."
        )
    try:
        if len(files) == 1:
            return sitk.ReadImage(str(files[0]), imageIO="GDCMImageIO")
        ordered = _ordered(files, headers, path)
        reader = sitk.ImageSeriesReader()
        reader.SetImageIO("GDCMImageIO")
        reader.SetFileNames([str(file) for file in ordered])
        return reader.Execute()
    except RuntimeError as error:
        raise XrayToCTError(
            f"The DICOM series {path} cannot be decoded ({str(error).strip().splitlines()[-1].strip()}).",
            hint="A slice may be damaged or of another size. Export the series again.",
        ) from error


def _header(file: Path) -> pydicom.Dataset:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom's notes on sloppy headers
            return pydicom.dcmread(file, specific_tags=_TAGS, stop_before_pixels=True, force=True)
    except Exception as error:  # pydicom raises many kinds; all of them mean a damaged file
        raise XrayToCTError(f"{file} is a damaged DICOM file ({error}).", hint="Export the series again.") from error


def _describe(header: pydicom.Dataset, count: int) -> str:
    text = " ".join(str(header.get(key, "")) for key in ("Modality", "SeriesDescription")).strip() or "without a name"
    return f"{text}, {count} file{'s' if count > 1 else ''}"


def _ordered(files: list[Path], headers: dict[Path, pydicom.Dataset], path: Path) -> list[Path]:
    """By position along the slice normal, which must advance evenly."""
    try:
        rows = np.array(headers[files[0]].ImageOrientationPatient, dtype=float).reshape(2, 3)
        normal = np.cross(rows[0], rows[1])
        positions = [float(np.dot(normal, np.array(headers[file].ImagePositionPatient, dtype=float))) for file in files]
    except (AttributeError, TypeError, ValueError) as error:
        raise XrayToCTError(
            f"{path} states no position or orientation of its slices.",
            hint="Slices without Image Position (0020,0032) cannot be put in order; export the series again.",
        ) from error
    order = np.argsort(positions)
    steps = np.diff(np.array(positions)[order])
    usual = float(np.median(steps))
    if usual <= 0 or steps.min() < usual / _GAP:
        raise XrayToCTError(
            f"{path} holds several slices at one position.",
            hint="It may be a series over time, or be stored twice; keep one file a slice.",
        )
    if steps.max() > usual * _GAP:
        raise XrayToCTError(
            f"{path} lacks slices: {steps.max():g} mm between two of them, {usual:g} mm between the others.",
            hint="Export the whole series again.",
        )
    return [files[index] for index in order]
