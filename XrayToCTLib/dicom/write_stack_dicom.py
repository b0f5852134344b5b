"""Writing a stack as a DICOM object that an archive and Slicer take, and that nobody takes for a CT."""

from __future__ import annotations

import datetime
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..ct_stack import CtStack, require_stack
from ..errors import XrayToCTError
from .patient_study import carry_on, lossy_attributes, read_header
from .pixel_stream import set_pixel_data
from .save_file import add_file_meta, save_whole
from .stack_object import (
    LOWEST_HU,
    MULTIFRAME_GRAYSCALE_WORD_SC,
    add_frames,
    add_image,
    add_real_world_values,
    add_series_and_equipment,
    add_source,
)
from .stack_placement import StackPlacement, place

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

NAME_END = "-ct-like-stack.dcm"
_LARGEST_BYTES = 2**32 - 2  # of one DICOM attribute


def write_dicom(
    stack: CtStack,
    directory: str | os.PathLike[str],
    *,
    source: str | os.PathLike[str] | None = None,
    patient_id: str | None = None,
    ijk_to_lps: np.ndarray | None = None,
    name: str | None = None,
    overwrite: bool = False,
    seed: str | None = None,
    now: datetime.datetime | None = None,
) -> Path:
    """Write a stack as one multi-frame secondary capture, all or nothing.

    Patient and study are those of the radiograph, if it is a DICOM file; the series is new, its modality OT. The
    object says that it is derived, synthetic and not for diagnostic use, what made it, and from which image. HU are
    rounded, and those below -1024 are written as -1024.

    Args:
        stack: to write.
        directory: folder, which is made when it is not there.
        source: the radiograph's file; default: the one that the stack names, if it is still the same image.
        patient_id: instead of the radiograph's; needed where that is no DICOM file.
        ijk_to_lps: (4, 4), (column, row, slab, 1) to patient coordinates in mm (LPS). Default: centred on the
            origin, turned as its view is looked at.
        name: of the file; default: the radiograph's, with "-ct-like-stack.dcm".
        overwrite: replace a file that is there.
        seed: what the stack was made from and how, in any words: the same gives the same UIDs, so that a file that is
            made again is the same object. Default: new UIDs every time.
        now: the time that the object gives as its own; default: this moment.

    Returns:
        The absolute path of the file.

    Raises:
        XrayToCTError: no patient, no usable geometry, a file that is there, more than 4 GiB, or a folder that cannot
            be written.
    """
    require_stack(stack)
    folder = Path(directory).expanduser().absolute()
    header = _source_header(stack, source)
    placement = place(stack, ijk_to_lps)
    if stack.hu.size * 2 > _LARGEST_BYTES:
        raise XrayToCTError(
            f"{stack.slabs} slabs of {stack.hu.shape[1]} x {stack.hu.shape[2]} pixels are too many for one DICOM file.",
            hint="Write NRRD instead, or reduce the stack first.",
        )
    path = folder / (name or f"{_stem(stack, source)}{NAME_END}")
    if path.exists() and not overwrite:
        raise XrayToCTError(f"{path} exists already.", hint="Choose another folder or name, or allow overwriting.")
    dataset = _dataset(stack, header, placement, patient_id, seed, now or datetime.datetime.now())
    _make_folder(folder)
    save_whole(dataset, path)
    return path


def _dataset(
    stack: CtStack,
    header: Dataset | None,
    placement: StackPlacement,
    patient_id: str | None,
    seed: str | None,
    now: datetime.datetime,
) -> Dataset:
    from pydicom.dataset import Dataset
    from pydicom.uid import generate_uid

    def uid(role: str) -> str:
        return str(generate_uid(entropy_srcs=None if seed is None else [seed, role]))

    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = MULTIFRAME_GRAYSCALE_WORD_SC
    dataset.SOPInstanceUID = uid("instance")
    carry_on(dataset, header, patient_id, uid("study"))
    add_series_and_equipment(dataset, stack, uid("series"), now)
    add_image(dataset, stack, placement, now)
    lossy_attributes(dataset, header)
    frame = stack.provenance.get("source_frame", "0")
    add_source(dataset, header, int(frame) if frame.isdigit() else 0)
    add_frames(dataset, stack, placement, uid("frame of reference"))
    _add_pixels(dataset, stack, backwards=placement.backwards)
    add_file_meta(dataset)
    return dataset


def _add_pixels(dataset: Dataset, stack: CtStack, *, backwards: bool) -> None:
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = stack.hu.shape[1:]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 0
    add_real_world_values(dataset, int(_stored(stack.hu.max(keepdims=True)).max()))
    set_pixel_data(dataset, stack.hu[::-1] if backwards else stack.hu, _stored)


def _stored(hu: np.ndarray) -> np.ndarray:
    values = np.rint(hu)
    values -= LOWEST_HU
    return np.clip(values, 0, 65535, out=values).astype("<u2")


def _source_header(stack: CtStack, source: str | os.PathLike[str] | None) -> Dataset | None:
    """The radiograph's header; None where it is no DICOM file, or no longer the image that the stack was made from.

    Raises:
        XrayToCTError: ``source`` was given and is no DICOM file.
    """
    if source is not None:
        header = read_header(Path(source))
        if header is None:
            raise XrayToCTError(
                f"{source} is no DICOM file.", hint="Pass the radiograph's own file, or patient_id= instead."
            )
        return header
    named = stack.provenance.get("source", "")
    header = read_header(named) if named and Path(named).is_file() else None
    identity = stack.provenance.get("source_identity", "")
    if header is not None and identity and str(header.get("SOPInstanceUID", "")) != identity:
        return None
    return header


def _stem(stack: CtStack, source: str | os.PathLike[str] | None) -> str:
    stem = Path(str(source) if source is not None else stack.provenance.get("source", "")).stem
    kept = "".join(character if character.isalnum() or character in "-_." else "-" for character in stem)
    return kept.strip("-.")[:80] or "radiograph"


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as failure:
        raise XrayToCTError(
            f"The folder {folder} cannot be made: {failure.strerror or failure}.", hint="Choose another folder."
        ) from failure
