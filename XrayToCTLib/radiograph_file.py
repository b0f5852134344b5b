"""Radiograph file: a radiograph written as DICOM, PNG, TIFF, NRRD or MetaImage, wholly or not at all."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from .enhancement.history import enhancement_sentences
from .errors import XrayToCTError
from .radiograph import Radiograph, SpacingSource
from .radiograph_header import HEADER_KEY, header_text

SUFFIXES = (".dcm", ".png", ".tif", ".tiff", ".nrrd", ".mha")
_WHOLE_NUMBERS = (".png", ".tif", ".tiff")
_LONGEST_DERIVATION = 1024
_NOT_ENHANCED = "Copied as it is: the pipeline has no filter."


def write_radiograph(
    radiograph: Radiograph,
    path: Path,
    *,
    value_range: tuple[float, float],
    derivation: str = "",
    patient_id: str = "ANONYMOUS",
    credit: str = "",
) -> Path:
    """Write a radiograph; a file that is there is replaced.

    Args:
        path: ends in one of ``SUFFIXES``. .dcm, .png and .tif hold one frame; .nrrd and .mha hold all, as float32,
            and what is known of the radiograph, so that ``read_radiograph`` gives it back as it was.
        value_range: what becomes 0 and 65535 in .png and .tif.
        derivation: for DICOM's Derivation Description, shortened to what it holds; by default what enhanced it.
        patient_id, credit: DICOM's Patient ID, and whom to thank for the source.

    Raises:
        XrayToCTError: several frames for one, or a folder that cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix in (".dcm", *_WHOLE_NUMBERS) and radiograph.frames > 1:
        raise XrayToCTError(
            f"A {suffix} file holds one frame, and {radiograph.source} has {radiograph.frames}.",
            hint="Write a .nrrd or .mha file, or choose one frame with --frame.",
        )
    if suffix == ".dcm":
        from .dicom.write_dx import write_dx

        derivation = derivation or " ".join(enhancement_sentences(radiograph.history)) or _NOT_ENHANCED
        if radiograph.spacing_source is SpacingSource.ASSUMED:
            derivation = f"The pixel spacing was assumed. {derivation}"
        if len(derivation) > _LONGEST_DERIVATION:
            derivation = derivation[: _LONGEST_DERIVATION - 3] + "..."
        return write_dx(
            radiograph,
            path,
            patient_id=patient_id,
            derivation=derivation,
            credit=credit,
            body_part=radiograph.body_part[:16].upper(),  # empty where the source does not say: never a guess
        )
    return _write_image(radiograph, path, value_range)


def lost_words(path: Path) -> str:
    """What a file of this kind does not say of a radiograph, as a sentence for its writer; "" when it says all."""
    if path.suffix.lower() not in _WHOLE_NUMBERS:
        return ""
    return (
        f"A {path.suffix.lower()} file does not state the pixel spacing: note it for whoever reads {path.name}, "
        "or write .dcm or .nrrd."
    )


def _write_image(radiograph: Radiograph, path: Path, value_range: tuple[float, float]) -> Path:
    import SimpleITK as sitk

    pixels = radiograph.pixels if radiograph.frames > 1 else radiograph.pixels[0]
    if path.suffix.lower() in _WHOLE_NUMBERS:  # whole numbers only: the range of the input over all 16 bits
        low, high = value_range
        share = (pixels.astype(np.float64) - low) / (high - low)
        pixels = np.rint(np.clip(share, 0, 1) * 65535).astype(np.uint16)
    image = sitk.GetImageFromArray(pixels)
    image.SetSpacing((radiograph.spacing[1], radiograph.spacing[0], 1.0)[: image.GetDimension()])
    if path.suffix.lower() not in _WHOLE_NUMBERS:
        image.SetMetaData(HEADER_KEY, header_text(radiograph))
    # A folder of its own: the writer goes by the suffix, and whatever it leaves after a failure goes with the folder.
    try:
        with tempfile.TemporaryDirectory(prefix=".xray-to-ct-", dir=path.parent) as folder:
            work = Path(folder) / f"radiograph{path.suffix.lower()}"
            sitk.WriteImage(image, str(work))
            work.replace(path)
    except (OSError, RuntimeError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[-1]
        raise XrayToCTError(
            f"{path} could not be written ({reason}).", hint="Check the folder and the free space."
        ) from error
    return path
