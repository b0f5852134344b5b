"""Stack files: a CtStack as NRRD, NIfTI or MetaImage, with what is known about it in the header.

The third axis carries the slabs, with the slab thickness as its spacing; first and second are the radiograph's columns
and rows. NRRD and MetaImage keep all provenance; NIfTI has 79 characters, which hold the view and the model.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..ct_stack import CtStack, require_stack
from ..dicom.stack_placement import nominal_ijk_to_lps
from ..errors import XrayToCTError
from ..nifti_file import read_image_file
from ..radiograph import View
from .engine import NOT_FOR_DIAGNOSTIC_USE
from .streamed_image import can_stream, write_streamed

SUFFIXES = (".nrrd", ".nii.gz", ".nii", ".mha")
_PREFIX = "XrayToCT_"  # of our keys in a header: other programs write theirs beside them
_BETWEEN_WARNINGS = " | "
_INT16 = (-32768, 32767)
_ROWS_AT_ONCE = 64


def stack_suffix(path: str | Path) -> str | None:
    """The suffix of ``path`` when a stack can be written to it, else None."""
    name = Path(path).name.lower()
    return next((suffix for suffix in SUFFIXES if name.endswith(suffix) and name != suffix), None)


def write_stack(
    stack: CtStack,
    path: str | Path,
    *,
    as_float: bool = False,
    compress: bool = False,
    overwrite: bool = True,
    ijk_to_lps: np.ndarray | None = None,
    anatomical: bool = False,
) -> Path:
    """Write a stack, all or nothing.

    Args:
        stack: to write.
        path: ends in .nrrd, .nii.gz, .nii or .mha.
        as_float: keep float32 HU; int16, rounded, is half the size and what CT files hold.
        compress: gzip inside .nrrd and .mha (slow: seconds for a large radiograph); .nii.gz always is.
        overwrite: replace a file that is there.
        ijk_to_lps: (4, 4), (column, row, slab, 1) to patient coordinates in mm (LPS), axes square to each other; None
            leaves the axes unnamed, with the spacings alone.
        anatomical: without a matrix, lay the stack as the patient stood, centred on the origin: coronal for PA and AP,
            sagittal for LATERAL.

    Returns:
        The absolute path.

    Raises:
        XrayToCTError: another suffix, the stack's own source as target, a file that is there, NaN, or a failed write.
    """
    import SimpleITK as sitk

    require_stack(stack)
    path = Path(path).expanduser().absolute()
    suffix = stack_suffix(path)
    if suffix is None:
        raise XrayToCTError(
            f"A stack cannot be written to {path.name}.", hint=f"End its name in one of {', '.join(SUFFIXES)}."
        )
    source = stack.provenance.get("source", "")
    if source and _same_file(path, source):
        raise XrayToCTError(f"{path} is the radiograph itself.", hint="Choose another name: inputs are never replaced.")
    if path.exists() and not overwrite:
        raise XrayToCTError(f"{path} exists already.", hint="Choose another name, or allow overwriting.")
    if not path.parent.is_dir():
        raise XrayToCTError(f"There is no folder {path.parent}.", hint="Create it first.")
    whole = compress or not can_stream(suffix, stack.hu.shape)
    type_ = sitk.sitkFloat32 if as_float else sitk.sitkInt16
    image = sitk.Image(stack.hu.shape[::-1] if whole else (1, 1, 1), type_)
    image.SetSpacing((stack.spacing[1], stack.spacing[0], stack.slab_thickness))
    if ijk_to_lps is None and anatomical:
        ijk_to_lps = nominal_ijk_to_lps(stack)
    if ijk_to_lps is not None:
        _place(image, ijk_to_lps)
    for key, value in _header(stack, suffix).items():
        image.SetMetaData(key, value)
    # A folder of its own: the writer goes by the suffix, and whatever it leaves after a failure goes with the folder.
    try:
        with tempfile.TemporaryDirectory(prefix=".xray-to-ct-", dir=path.parent) as folder:
            work = Path(folder) / f"stack{suffix}"
            if whole:
                for index, slab in enumerate(stack.hu):
                    image[:, :, index] = sitk.GetImageFromArray(_stored(slab, as_float=as_float))
                sitk.WriteImage(image, str(work), useCompression=compress)
            else:
                write_streamed(image, work, stack.hu.shape, _parts(stack.hu, as_float=as_float))
            work.replace(path)
    except (OSError, RuntimeError) as error:
        raise XrayToCTError(
            f"{path} could not be written ({_last_line(error)}).", hint="Check the folder and the free space."
        ) from error
    return path


def read_stack(path: str | Path) -> CtStack:
    """Read a stack that ``write_stack`` wrote, or any 3D image whose third axis carries slabs.

    Returns:
        The stack, without a card. A file that does not say that it is a stack gets a warning and the view PA.

    Raises:
        XrayToCTError: no such file, not an image, or not 3D.
    """
    import SimpleITK as sitk

    path = Path(path).expanduser().absolute()
    if not path.is_file():
        raise XrayToCTError(f"There is no file {path}.", hint="Check the path.")
    try:
        image = read_image_file(path)
    except RuntimeError as error:
        raise XrayToCTError(
            f"{path} cannot be read as an image ({_last_line(error)}).",
            hint=f"Choose a stack: a file that ends in one of {', '.join(SUFFIXES)}.",
        ) from error
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        raise XrayToCTError(
            f"{path} is not a stack: it has {image.GetDimension()} dimensions and "
            f"{image.GetNumberOfComponentsPerPixel()} values a pixel.",
            hint="Choose a 3D image whose third axis carries the slabs.",
        )
    hu = sitk.GetArrayFromImage(image).astype(np.float32, copy=False)
    if not np.isfinite(hu).all():
        raise XrayToCTError(f"{path} holds NaN or infinite values.", hint="Replace them before you read it.")
    columns, rows, thickness = image.GetSpacing()
    known = _known(image)
    warnings = tuple(text for text in known.pop("warnings", "").split(_BETWEEN_WARNINGS) if text)
    view = known.pop("view", "")
    if view not in View.__members__:
        warnings += (f"{path.name} does not say that it is a stack of slabs; the view PA was assumed.",)
        view = View.PA.name
    return CtStack(
        hu=hu,
        spacing=(rows, columns),
        slab_thickness=thickness,
        view=View[view],
        provenance=known,
        warnings=warnings,
    )


def _place(image: Any, ijk_to_lps: np.ndarray) -> None:
    lengths = np.linalg.norm(ijk_to_lps[:3, :3], axis=0)
    try:
        image.SetSpacing(lengths.tolist())
        image.SetDirection((ijk_to_lps[:3, :3] / lengths).ravel().tolist())
        image.SetOrigin(ijk_to_lps[:3, 3].tolist())
    except RuntimeError as error:
        raise XrayToCTError(
            f"The stack's geometry cannot be written ({_last_line(error)}).",
            hint="Harden or remove its transform, or resample the stack first.",
        ) from error


def _header(stack: CtStack, suffix: str) -> dict[str, str]:
    if suffix in (".nii", ".nii.gz"):
        model = stack.provenance.get("model_id", "")
        return {"ITK_FileNotes": f"XrayToCT view={stack.view.name}; not for diagnostic use; {model}"[:79]}
    known = {"not_for_diagnostic_use": NOT_FOR_DIAGNOSTIC_USE, **stack.provenance, "view": stack.view.name}
    if stack.warnings:
        known["warnings"] = _BETWEEN_WARNINGS.join(stack.warnings)
    # One line a value: a line break would end the header's entry.
    lines = {_PREFIX + key: " ".join(str(value).split()) for key, value in known.items()}
    return {key: line for key, line in lines.items() if line}


def _known(image: object) -> dict[str, str]:
    """Our own entries of an image's header, without the prefix."""
    entries = {key: image.GetMetaData(key) for key in image.GetMetaDataKeys()}  # type: ignore[attr-defined]
    known = {key[len(_PREFIX) :]: value.strip() for key, value in entries.items() if key.startswith(_PREFIX)}
    if match := re.match(r"XrayToCT view=(\w+)", entries.get("descrip", "")):
        known["view"] = match[1]
    return known


def _parts(hu: np.ndarray, *, as_float: bool) -> Iterator[np.ndarray]:
    """Some rows at a time, small enough to stay in the processor's cache."""
    for slab in hu:
        for start in range(0, len(slab), _ROWS_AT_ONCE):
            rows = slab[start : start + _ROWS_AT_ONCE]
            yield _stored(rows, as_float=as_float)


def _stored(hu: np.ndarray, *, as_float: bool) -> np.ndarray:
    """A part as it is written. Raises XrayToCTError for NaN, which would become some whole number."""
    try:
        with np.errstate(invalid="raise"):  # asks the processor's own flag: looking at each number would take time
            if not as_float:
                return _as_int16(hu)
        if not np.isnan(hu).any():
            return hu
    except FloatingPointError:
        pass
    raise XrayToCTError("The stack holds NaN, which no file of it may hold.", hint="Replace it first.")


def _as_int16(hu: np.ndarray) -> np.ndarray:
    """Rounded, of a part only: a rounded copy of all would double the memory."""
    rounded = np.rint(hu)
    np.clip(rounded, *_INT16, out=rounded)
    return rounded.astype(np.int16)


def _same_file(path: Path, source: str) -> bool:
    try:
        return path.samefile(source)
    except OSError:  # one of them does not exist, or the source is the name of a node
        return False


def _last_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1].strip() if lines else type(error).__name__
