"""DICOM series: the slices of one volume, or one multi-frame file, in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import XrayToCTError

if TYPE_CHECKING:
    import SimpleITK as sitk

_MODALITY, _DESCRIPTION = "0008|0060", "0008|103e"


def series_files(folder: Path) -> list[Path]:
    """The files of the one DICOM series in a folder, in the order of their slices; subfolders are not looked into.

    Raises:
        XrayToCTError: it holds none, or several, which the message names.
    """
    import SimpleITK as sitk

    reader = sitk.ImageSeriesReader()
    series = reader.GetGDCMSeriesIDs(str(folder))
    if not series:
        raise XrayToCTError(
            f"{folder} holds no DICOM series.", hint="Give the folder that directly holds the files of one series."
        )
    files = [reader.GetGDCMSeriesFileNames(str(folder), each) for each in series]
    if len(series) > 1:
        raise XrayToCTError(
            f"{folder} holds {len(series)} DICOM series ({'; '.join(map(_described, files))}), and one is needed.",
            hint="Put each series into a folder of its own, and leave localisers out.",
        )
    return [Path(name) for name in files[0]]


def read_series(folder: Path) -> sitk.Image:
    """The one DICOM series in a folder as a volume.

    Raises:
        XrayToCTError: as ``series_files``.
        RuntimeError: its files cannot be decoded, or do not fit each other.
    """
    import SimpleITK as sitk

    files = [str(file) for file in series_files(folder)]
    if len(files) == 1:  # as a series, a multi-frame file would get a fourth axis
        return sitk.ReadImage(files[0], imageIO="GDCMImageIO")
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(files)
    return reader.Execute()


def _described(files: Sequence[str]) -> str:
    import SimpleITK as sitk

    header = sitk.ImageFileReader()
    header.SetImageIO("GDCMImageIO")
    header.SetFileName(files[0])
    words = []
    try:
        header.ReadImageInformation()
        words = [header.GetMetaData(key).strip() for key in (_MODALITY, _DESCRIPTION) if header.HasMetaDataKey(key)]
    except RuntimeError:  # a damaged header has no name to give
        pass
    name = " ".join(word for word in words if word) or "without a name"
    return f"{name}, {len(files)} file{'s' if len(files) > 1 else ''}"
