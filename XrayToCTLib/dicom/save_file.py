"""Saving a data set of ours as a DICOM file, wholly or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import XrayToCTError
from .pydicom_versions import save_dataset

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


def add_file_meta(dataset: Dataset) -> None:
    """Preamble and file meta information for little-endian Explicit VR."""
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, generate_uid

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = generate_uid(entropy_srcs=["XrayToCT", "implementation"])
    meta.ImplementationVersionName = "XRAYTOCT"
    dataset.file_meta = meta
    dataset.preamble = b"\0" * 128


def save_whole(dataset: Dataset, path: Path) -> None:
    """Write beside ``path``, then move it into place.

    Raises:
        XrayToCTError: it cannot be written.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    except OSError as failure:
        raise _failed(path, failure) from None
    os.close(handle)
    try:
        save_dataset(dataset, Path(name))
        Path(name).chmod(0o644)  # mkstemp makes private files
        Path(name).replace(path)
    except OSError as failure:
        raise _failed(path, failure) from None
    finally:
        Path(name).unlink(missing_ok=True)


def _failed(path: Path, failure: OSError) -> XrayToCTError:
    return XrayToCTError(
        f"{path} cannot be written: {failure.strerror or failure}.", hint="Check free space and permissions."
    )
