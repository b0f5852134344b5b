"""Decoding pixel data to the bit patterns that the file stores, before any look-up."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import XrayToCTError
from .pydicom_versions import major_version, processing, save_dataset

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_EXPORT = "Export or transfer the image again."
_DECODERS = (
    "Install decoders (pip install pylibjpeg pylibjpeg-libjpeg pylibjpeg-openjpeg pylibjpeg-rle), or export the image "
    "uncompressed (Explicit VR Little Endian)."
)
_VIDEO = ("MPEG", "HEVC", "H.264", "H.265")


def decode_patterns(dataset: Dataset, source: str) -> tuple[np.ndarray, str]:
    """Bit patterns of all frames, and a sentence on how they were decoded.

    Returns:
        uint8 or uint16 of shape (frames, rows, cols), or (frames, rows, cols, 3) for a colour image.

    Raises:
        XrayToCTError: attributes are missing, the data are shorter than stated, or no decoder is at hand.
    """
    rows, columns, frames, samples, allocated = _stated_shape(dataset, source)
    syntax = dataset.file_meta.TransferSyntaxUID
    if any(name in syntax.name for name in _VIDEO):
        raise XrayToCTError(
            f"{source} holds a video stream ({syntax.name}).", hint="Export it as separate images, uncompressed."
        )
    if not syntax.is_compressed or syntax.is_deflated:
        expected = rows * columns * frames * samples * (allocated // 8)
        if len(dataset.PixelData) < expected:
            raise XrayToCTError(
                f"{source} is truncated: it holds {len(dataset.PixelData)} bytes of pixel data, "
                f"and {rows} x {columns} x {frames} pixels need {expected}.",
                hint=_EXPORT,
            )
    stored = dataset.get("BitsStored")
    if not syntax.is_compressed and stored is not None:
        # pydicom 3 clears the bits above the stored ones, which damages values where High Bit lies higher
        dataset.BitsStored = allocated
    array, how = _decode(dataset, source)
    if not syntax.is_compressed and stored is not None and dataset.get("PhotometricInterpretation") != "RGB":
        dataset.BitsStored = stored
    dataset.__dict__.pop("_pixel_array", None)  # pydicom keeps a second reference, and the raw bytes a second copy
    del dataset.PixelData
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    colour = (3,) if array.size == frames * rows * columns * 3 else ()
    try:
        array = array.reshape((frames, rows, columns, *colour))
    except ValueError:
        raise XrayToCTError(
            f"{source} decodes to {array.shape} instead of {frames} frames of {rows} x {columns} pixels.", hint=_EXPORT
        ) from None
    if array.dtype.itemsize > 2 or array.dtype.kind not in "iu":
        raise XrayToCTError(
            f"{source} stores {array.dtype} pixels; a radiograph has 8 to 16 bits.", hint="Export it with 16 bits."
        )
    return array.view(np.uint8 if array.dtype.itemsize == 1 else np.uint16), how


def _stated_shape(dataset: Dataset, source: str) -> tuple[int, int, int, int, int]:
    if "PixelData" not in dataset:
        if "Rows" in dataset:
            raise XrayToCTError(f"{source} is truncated: its pixel data are missing or cut off.", hint=_EXPORT)
        raise XrayToCTError(
            f"{source} holds no pixel data.", hint="Choose the image itself, not a report, a state or a header."
        )
    stated = {}
    for keyword in ("Rows", "Columns", "BitsAllocated"):
        value = dataset.get(keyword)
        if not isinstance(value, int) or value < 1:
            raise XrayToCTError(f"{source} states no valid {keyword} ({value!r}).", hint=_EXPORT)
        stated[keyword] = value
    if stated["BitsAllocated"] not in (8, 16):
        raise XrayToCTError(
            f"{source} allocates {stated['BitsAllocated']} bits a pixel; a radiograph has 8 or 16.",
            hint="Export it with 16 bits.",
        )
    if not 1 <= int(dataset.get("BitsStored") or 0) <= stated["BitsAllocated"]:
        dataset.BitsStored = stated["BitsAllocated"]
    frames = int(dataset.get("NumberOfFrames") or 1)
    samples = int(dataset.get("SamplesPerPixel") or 1)
    return stated["Rows"], stated["Columns"], max(frames, 1), samples, stated["BitsAllocated"]


def _decode(dataset: Dataset, source: str) -> tuple[np.ndarray, str]:
    syntax = dataset.file_meta.TransferSyntaxUID
    try:
        array = dataset.pixel_array
        if array.ndim >= 3 and array.shape[-1] == 3:
            array = _rgb(array, dataset)
        elif dataset.get("PhotometricInterpretation") == "PALETTE COLOR":
            array = _palette(array, dataset)
        return array, f"Decoded {syntax.name} with pydicom."
    except Exception as failure:  # every decoder plug-in raises kinds of its own
        if syntax.is_compressed and not syntax.is_deflated and int(dataset.get("SamplesPerPixel") or 1) == 1:
            by_gdcm = _decode_with_gdcm(dataset)
            if by_gdcm is not None:
                return by_gdcm, f"Decoded {syntax.name} with GDCM (in SimpleITK)."
            if isinstance(failure, (RuntimeError, NotImplementedError)) and not _has_decoder(dataset):
                raise XrayToCTError(f"No decoder for {syntax.name} is installed: {source}.", hint=_DECODERS) from None
        reason = str(failure).strip().splitlines()
        raise XrayToCTError(
            f"The pixel data of {source} ({syntax.name}) cannot be decoded: {reason[0] if reason else 'damaged data'}.",
            hint=f"The file may be truncated or damaged. {_EXPORT}",
        ) from None


def _rgb(array: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Colour pixels as RGB. pydicom 3 converts YBR by itself, pydicom 2 leaves it to the caller."""
    interpretation = str(dataset.get("PhotometricInterpretation", ""))
    if major_version() < 3 and interpretation in ("YBR_FULL", "YBR_FULL_422"):
        return processing().convert_color_space(array, interpretation, "RGB")
    return array


def _palette(array: np.ndarray, dataset: Dataset) -> np.ndarray:
    coloured = processing().apply_color_lut(array, dataset)
    # What follows reads the palette's output, not the index.
    dataset.BitsStored, dataset.HighBit = coloured.dtype.itemsize * 8, coloured.dtype.itemsize * 8 - 1
    dataset.PixelRepresentation = 0
    dataset.PhotometricInterpretation = "RGB"
    return coloured


def _decode_with_gdcm(dataset: Dataset) -> np.ndarray | None:
    """Stored values through SimpleITK's GDCM, which is there where no pydicom plug-in is; None when it fails too.

    ITK would apply the rescale and invert MONOCHROME1, so it is given a copy that has neither.
    """
    import SimpleITK as sitk
    from pydicom.dataset import Dataset as Copy
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import generate_uid

    copy = Copy()
    for keyword in ("Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"):
        setattr(copy, keyword, dataset.get(keyword))
    if dataset.get("NumberOfFrames"):
        copy.NumberOfFrames = dataset.NumberOfFrames
    copy.SamplesPerPixel, copy.PhotometricInterpretation = 1, "MONOCHROME2"
    copy.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    copy.SOPInstanceUID = generate_uid()
    copy.add(dataset["PixelData"])
    copy.file_meta = FileMetaDataset()
    copy.file_meta.TransferSyntaxUID = dataset.file_meta.TransferSyntaxUID
    copy.file_meta.MediaStorageSOPClassUID = copy.SOPClassUID
    copy.file_meta.MediaStorageSOPInstanceUID = copy.SOPInstanceUID
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pixels.dcm"
        try:
            save_dataset(copy, file)
            return sitk.GetArrayFromImage(sitk.ReadImage(str(file), imageIO="GDCMImageIO"))
        except (RuntimeError, ValueError, TypeError, AttributeError):
            return None


def _has_decoder(dataset: Dataset) -> bool:
    """Whether pydicom has a plug-in for the transfer syntax, so that a failure is the data's fault."""
    syntax = dataset.file_meta.TransferSyntaxUID
    try:
        from pydicom.pixels import get_decoder
    except ImportError:  # pydicom 2
        from pydicom import config

        return any(
            handler.is_available() and handler.supports_transfer_syntax(syntax)
            for handler in config.pixel_data_handlers
        )
    try:
        return bool(get_decoder(syntax).is_available)
    except NotImplementedError:
        return False
