"""Radiographs in DICOM files."""

from __future__ import annotations

import warnings as python_warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..dicom.damaged_header import drop_damaged_attributes
from ..dicom.decode import decode_patterns
from ..dicom.detector_spacing import detector_spacing, frame_time_ms, pixel_aspect, view_position
from ..dicom.encapsulated import check_stream_end
from ..dicom.functional_groups import raise_functional_groups
from ..dicom.grey_levels import grey_levels
from ..dicom.private_block import read_assumed_spacing
from ..dicom.sop_classes import check_radiograph
from ..dicom.stored_values import map_patterns, stored_values
from ..errors import XrayToCTError
from ..radiograph import IntensityScale, Radiograph, SpacingSource, View
from .grey import to_grey
from .identity import file_sha256
from .polarity import Polarity, estimate_polarity
from .spacing import assumed_before, assumed_spacing

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


def read_dicom_file(
    path: Path, *, spacing: tuple[float, float] | None, polarity: str, view: View | None, voi: str | int
) -> Radiograph:
    """A radiograph from a CR, DX, XA or RF file. Arguments as `read_radiograph`, already checked.

    Raises:
        XrayToCTError: not a radiograph, damaged or truncated, or no decoder for its compression.
    """
    source = str(path)
    with python_warnings.catch_warnings():
        python_warnings.simplefilter("ignore")  # pydicom's notes on sloppy headers; what matters is checked below
        dataset = _read_dataset(path)
        warnings = list(drop_damaged_attributes(dataset))
        warnings += check_radiograph(dataset, path.name)
        warnings += raise_functional_groups(dataset)
        native = not dataset.file_meta.TransferSyntaxUID.is_encapsulated
        if "PixelData" in dataset:
            warnings += check_stream_end(dataset)
        patterns, how = decode_patterns(dataset, path.name)
        history = [_describe(dataset), how]
        if patterns.ndim == 4:
            patterns = np.ascontiguousarray(to_grey(patterns, path.name))
            history.append("Took one of the equal colour channels.")
        stored = stored_values(dataset, patterns, native=native)
        levels = grey_levels(dataset, stored, source=path.name, polarity=polarity, voi=voi)
    pixels = map_patterns(patterns, levels.table)
    del patterns
    history += levels.history
    warnings += levels.warnings
    lossy_ratio = _lossy_ratio(dataset)
    warnings += _lossy_warning(lossy_ratio)
    if levels.scale is IntensityScale.DISPLAY and polarity == "auto":
        warnings += _looks_inverted(pixels[0])

    value, spacing_source, spacing_notes, spacing_warnings = _spacing(dataset, spacing, pixels.shape[1:])
    history += spacing_notes
    warnings += spacing_warnings
    return Radiograph(
        pixels=pixels,
        spacing=value,
        spacing_source=spacing_source,
        scale=levels.scale,
        source=source,
        identity=str(dataset.get("SOPInstanceUID", "") or "") or file_sha256(path),
        modality=str(dataset.get("Modality", "") or "").upper(),
        view=view or view_position(dataset),
        body_part=str(dataset.get("BodyPartExamined", "") or "").upper().strip(),
        frame_time_ms=frame_time_ms(dataset) if pixels.shape[0] > 1 else None,
        lossy_ratio=lossy_ratio,
        history=tuple(history),
        warnings=tuple(warnings),
    )


def _read_dataset(path: Path) -> Dataset:
    import pydicom
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ImplicitVRLittleEndian

    try:
        # force: old files lack the preamble; `detect_format` has looked at the first bytes already
        dataset = pydicom.dcmread(path, force=True)
    except Exception as failure:  # a damaged file makes pydicom raise almost anything
        raise XrayToCTError(
            f"{path.name} is truncated or damaged and is no readable DICOM: {str(failure) or type(failure).__name__}.",
            hint="Export or transfer the image again.",
        ) from None
    if not any(keyword in dataset for keyword in ("SOPClassUID", "Modality", "PixelData")):
        raise XrayToCTError(
            f"{path.name} is truncated, damaged or encrypted: it has no readable DICOM header.",
            hint="Export or transfer the image again.",
        )
    if not hasattr(dataset, "file_meta"):
        dataset.file_meta = FileMetaDataset()
    if not dataset.file_meta.get("TransferSyntaxUID"):
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    try:
        dataset.file_meta.TransferSyntaxUID.is_encapsulated  # noqa: B018  # raises when it is no transfer syntax
    except (ValueError, AttributeError):
        raise XrayToCTError(
            f"{path.name} states an unknown transfer syntax ({dataset.file_meta.TransferSyntaxUID}).",
            hint="Export the image uncompressed (Explicit VR Little Endian).",
        ) from None
    return dataset


def _describe(dataset: Dataset) -> str:
    frames = int(dataset.get("NumberOfFrames") or 1)
    count = f", {frames} frames" if frames > 1 else ""
    return (
        f"Read DICOM {dataset.get('Modality', '')}, {dataset.Rows} rows x {dataset.Columns} columns{count}, "
        f"{dataset.get('BitsStored', dataset.BitsAllocated)} bit, {dataset.get('PhotometricInterpretation', '')}."
    )


def _lossy_ratio(dataset: Dataset) -> float | None:
    """Of the strongest compression where there were several; see ``Radiograph.lossy_ratio``."""
    if str(dataset.get("LossyImageCompression", "")) != "01":
        return None
    ratio = dataset.get("LossyImageCompressionRatio")
    ratios = [ratio] if ratio is None or isinstance(ratio, (str, float, int)) else list(ratio)
    return max([1.0, *(float(value) for value in ratios if value)])


def _lossy_warning(ratio: float | None) -> tuple[str, ...]:
    if ratio is None:
        return ()
    return (f"The image was compressed with loss{f' ({ratio:g}:1)' if ratio > 1 else ''}.",)


def _looks_inverted(frame: np.ndarray) -> tuple[str, ...]:
    """The header decides; but a chest that looks the other way round is worth a word."""
    if estimate_polarity(frame) is not Polarity.BONE_DARK:
        return ()
    return (
        "The image looks like a chest with bone dark, and its header says that bone is bright. "
        'Pass polarity="bone-dark" if the header is wrong.',
    )


def _spacing(
    dataset: Dataset, given: tuple[float, float] | None, shape: tuple[int, ...]
) -> tuple[tuple[float, float], SpacingSource, list[str], list[str]]:
    found = detector_spacing(dataset)
    if given is not None:
        note = f"Spacing {given[0]:g} x {given[1]:g} mm (row x column) given by the caller."
        return given, SpacingSource.CALLER, [note], []
    if found.value is not None:
        assumed = read_assumed_spacing(dataset)
        if assumed is not None and np.allclose(found.value, assumed, rtol=1e-5, atol=0):
            warnings = [*found.warnings, assumed_before(found.value)]
            return found.value, SpacingSource.ASSUMED, [found.history], warnings
        return found.value, found.source, [found.history], list(found.warnings)
    value, warning = assumed_spacing((shape[0], shape[1]), aspect=pixel_aspect(dataset))
    return value, SpacingSource.ASSUMED, [found.history], [*found.warnings, warning]
