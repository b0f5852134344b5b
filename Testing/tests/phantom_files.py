"""Phantoms and DICOM files for the reader tests, built attribute by attribute."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

CR = "1.2.840.10008.5.1.4.1.1.1"
DX_PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.1"
DX_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.1.1"
XA = "1.2.840.10008.5.1.4.1.1.12.1"
RF = "1.2.840.10008.5.1.4.1.1.12.2"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
CT = "1.2.840.10008.5.1.4.1.1.2"


def chest(rows: int = 96, columns: int = 80) -> np.ndarray:
    """A cartoon of a PA chest in [0, 1], bone bright: dark air and lungs, bright spine and abdomen."""
    y, x = np.mgrid[:rows, :columns]
    y, x = y / (rows - 1), x / (columns - 1)
    image = 0.05 + 0.02 * y
    body = (np.abs(x - 0.5) < 0.28 + 0.22 * np.clip(y / 0.25, 0, 1)) & (y > 0.08)
    image = np.where(body, 0.55 + 0.1 * y, image)
    for centre in (0.27, 0.73):
        lung = ((x - centre) / 0.16) ** 2 + ((y - 0.42) / 0.3) ** 2 < 1
        image = np.where(lung, 0.25 + 0.05 * np.sin(40 * y), image)
    image = np.where((np.abs(x - 0.5) < 0.07) & body, 0.85, image)
    return np.where((y > 0.75) & body, 0.8 + 0.05 * x, image)


def stored_ramp(bits: int, signed: bool, rows: int = 24, columns: int = 20) -> np.ndarray:
    """Values from the lowest to the highest that ``bits`` can store, each row brighter than the one above."""
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    values = np.rint(np.linspace(low, high, rows * columns)).reshape(rows, columns)
    return values.astype((np.int8 if signed else np.uint8) if bits <= 8 else (np.int16 if signed else np.uint16))


def dicom_dataset(stored: np.ndarray, *, sop_class: str = CR, modality: str = "CR", **attributes: Any) -> Any:
    """A data set that holds ``stored`` (rows, cols) or (frames, rows, cols); an attribute of None is deleted."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, generate_uid

    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, generate_uid()
    dataset.PatientID, dataset.Modality = "TEST", modality
    dataset.Rows, dataset.Columns = stored.shape[-2:]
    if stored.ndim == 3:
        dataset.NumberOfFrames = stored.shape[0]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    bits = stored.dtype.itemsize * 8
    dataset.BitsAllocated = bits
    dataset.BitsStored = attributes.pop("BitsStored", bits)
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(stored.dtype.kind == "i")
    for keyword, value in attributes.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    content = np.ascontiguousarray(stored).tobytes()
    dataset.PixelData = content + b"\0" * (len(content) % 2)
    dataset["PixelData"].VR = "OW" if bits > 8 else "OB"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return dataset


def dicom_file(path: Path, stored: np.ndarray, **attributes: Any) -> Path:
    """`dicom_dataset` written to ``path``."""
    from XrayToCTLib.dicom.pydicom_versions import save_dataset

    save_dataset(dicom_dataset(stored, **attributes), path)
    return path


def lookup_item(first: int, entries: np.ndarray, bits: int, *, packed: bool = False) -> Any:
    """An item of a Modality or VOI LUT Sequence; ``packed``: LUT Data as OW bytes instead of US numbers."""
    from pydicom.dataset import Dataset

    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", [len(entries) % 65536, first, bits])
    if packed:
        item.add_new("LUTData", "OW", np.asarray(entries, dtype="<u2").tobytes())
    else:
        item.add_new("LUTData", "US", [int(entry) for entry in entries])
    return item
