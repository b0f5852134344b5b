"""Writing a radiograph as a Digital X-Ray (DX) DICOM file."""

from __future__ import annotations

import datetime
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..enhancement.history import enhancement_sentences
from ..errors import XrayToCTError
from ..radiograph import IntensityScale, Radiograph, SpacingSource
from .dx_object import DxDescription, dx_dataset
from .pixel_stream import set_pixel_data
from .private_block import write_assumed_spacing, write_processing, write_quantity
from .pydicom_versions import major_version
from .save_file import add_file_meta, save_whole

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

COMPRESSIONS = ("none", "rle")


def write_dx(
    radiograph: Radiograph,
    path: str | os.PathLike[str],
    *,
    patient_id: str,
    derivation: str,
    credit: str = "",
    patient_name: str = "",
    body_part: str = "CHEST",
    patient_orientation: tuple[str, str] | None = None,
    source_detector_mm: float | None = None,
    study_date: datetime.date | None = None,
    study_description: str = "",
    series_description: str = "",
    identity: str | None = None,
    bits_stored: int = 16,
    compression: str = "none",
) -> Path:
    """Write one frame as a DERIVED image of the DX IOD: for presentation if its scale is DISPLAY, else for processing.

    Stored values run from 0 to 2**bits - 1 over the image's range; slope and intercept to its own quantity go into
    a Real World Value Mapping, and its name into a private block (see `private_block`), so that `read_radiograph`
    gives back the same values within half a step, and the same scale. So do the enhancement pipelines that ran, and a
    spacing that was assumed.

    Args:
        radiograph: one frame; take one of several by ``radiograph.frame(i)``.
        path: the file to write; replaced as a whole or not at all.
        patient_id: required, as no file should go without one.
        derivation: how the image was made, in words (Derivation Description): a simulated image must say so.
        credit: whose data went into it (Image Comments and Contribution Description).
        body_part: Body Part Examined, in DICOM's terms; "" where nobody knows.
        patient_orientation: directions of rows and columns, ("L", "F") by default for frontal views.
        source_detector_mm: Distance Source to Detector.
        study_date: left empty by default: a derived image was not acquired on any day.
        identity: any text; the same text gives the same UIDs, so that the same image gives the same file
            (uncompressed: whatever the version of pydicom). Without it the UIDs are new.
        bits_stored: 12 or 16.
        compression: "none" or "rle" (lossless).

    Returns:
        The path that was written.

    Raises:
        XrayToCTError: several frames, a bad argument, or a folder that cannot be written.
    """
    path = Path(path)
    _check(radiograph, path, patient_id, derivation, body_part, bits_stored, compression)
    about = DxDescription(
        patient_id=patient_id,
        patient_name=patient_name,
        derivation=derivation,
        credit=credit,
        body_part=body_part,
        patient_orientation=patient_orientation,
        source_detector_mm=source_detector_mm,
        study_date=study_date.strftime("%Y%m%d") if study_date else "",
        study_description=study_description,
        series_description=series_description,
    )

    def new_uid(role: str) -> str:
        from pydicom.uid import generate_uid

        return str(generate_uid(entropy_srcs=[identity, role]) if identity is not None else generate_uid())

    dataset = dx_dataset(radiograph, about, new_uid)
    _add_pixels(dataset, radiograph, bits_stored, whole=compression != "none")
    write_processing(dataset, enhancement_sentences(radiograph.history))
    if radiograph.spacing_source is SpacingSource.ASSUMED:
        write_assumed_spacing(dataset, radiograph.spacing)
    add_file_meta(dataset)
    if compression == "rle":
        _compress(dataset)
    save_whole(dataset, path)
    return path


def _check(
    radiograph: Radiograph, path: Path, patient_id: str, derivation: str, body_part: str, bits: int, compression: str
) -> None:
    if radiograph.frames != 1:
        raise XrayToCTError(
            f"A DX file holds one frame, and this radiograph has {radiograph.frames}.",
            hint="Write radiograph.frame(index).",
        )
    for name, text, longest in (("patient_id", patient_id, 64), ("derivation", derivation, 1024)):
        if not text.strip() or len(text) > longest:
            raise XrayToCTError(f"{name} must have 1 to {longest} characters.", hint=f"Pass {name}=...")
    if len(body_part) > 16 or body_part != body_part.upper():
        raise XrayToCTError(
            f"{body_part!r} is no Body Part Examined.", hint="Use DICOM's terms: CHEST, HIP, KNEE... (16 capitals)."
        )
    if bits not in (12, 16):
        raise XrayToCTError(f"{bits} bits cannot be stored.", hint="Choose bits_stored=12 or 16.")
    if compression not in COMPRESSIONS:
        raise XrayToCTError(f"There is no compression {compression!r}.", hint=f"Choose one of {COMPRESSIONS}.")
    if not path.parent.is_dir() or path.is_dir():
        raise XrayToCTError(f"{path} cannot be written.", hint="Choose a file name in a folder that exists.")


def _add_pixels(dataset: Dataset, radiograph: Radiograph, bits: int, *, whole: bool) -> None:
    top = (1 << bits) - 1
    low, high = float(radiograph.pixels.min()), float(radiograph.pixels.max())
    slope = (high - low) / top

    def stored(rows: np.ndarray) -> np.ndarray:
        return np.rint((rows.astype(np.float64) - low) / slope).astype("<u2")

    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = radiograph.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, bits, bits - 1
    dataset.PixelRepresentation = 0
    if radiograph.scale is IntensityScale.DISPLAY:  # the DX IOD demands a window of these, and forbids it of the others
        dataset.WindowCenter, dataset.WindowWidth = str(1 << (bits - 1)), str(1 << bits)
    write_quantity(dataset, radiograph.scale, slope, low, top)
    set_pixel_data(dataset, radiograph.pixels, stored, whole=whole)


def _compress(dataset: Dataset) -> None:
    from pydicom.uid import RLELossless

    uid = dataset.SOPInstanceUID
    if major_version() < 3:
        dataset.is_little_endian, dataset.is_implicit_VR = True, False
    # pydicom's own encoder, as the file must not depend on the plug-ins that are installed
    dataset.compress(RLELossless, encoding_plugin="pydicom")
    # pydicom 3 gave the instance a new UID
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = uid
