"""Options of ``xray-to-ct compare`` that say how a comparison is made, and the files that it reads."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import XrayToCTError
from ..nifti_file import read_image_file

if TYPE_CHECKING:
    import numpy as np

    from ..ct_stack import CtStack
    from ..fidelity import FidelityReport
    from ..fidelity.batch_cases import Case
    from ..radiograph import Radiograph

_ALIGNMENTS = ("none", "axes", "registration", "rigid", "affine")  # of fidelity.compare, which is slow to import


def add_protocol(parser: argparse.ArgumentParser) -> None:
    """Add --align, --view, --modality and --metrics."""
    parser.add_argument(
        "--align",
        choices=_ALIGNMENTS,
        help="how the reference is brought to the image: where they lie (none), a volume along its axes (axes) or "
        "registered to the radiograph (registration), or moved in the image plane (rigid, affine); default: a CT is "
        "registered where --radiograph is given, other volumes are taken along their axes, the rest where it lies",
    )
    parser.add_argument("--view", choices=("PA", "AP", "LATERAL"), help="of a reference volume (default: the stack's)")
    parser.add_argument("--modality", choices=("CT", "MR"), help="of a reference volume (default: found out)")
    parser.add_argument("--metrics", choices=("basic", "all"), default="basic", help="which (default: %(default)s)")


def read_candidate(path: Path) -> CtStack | Radiograph:
    """A stack, or an image where the file holds one slice.

    Raises:
        XrayToCTError: it is neither.
    """
    import SimpleITK as sitk

    from ..readers import read_radiograph
    from ..translation.stack_file import read_stack, stack_suffix

    if not path.is_file():
        raise XrayToCTError(f"There is no file {path}.", hint="Check the path.")
    if stack_suffix(path) is None:
        return read_radiograph(path)
    header = sitk.ImageFileReader()
    header.SetFileName(str(path))
    try:
        header.ReadImageInformation()
        single = header.GetDimension() == 2 or header.GetSize()[2] == 1
        said = any(key.startswith("XrayToCT_") for key in header.GetMetaDataKeys())
    except RuntimeError:
        single = said = False
    return read_radiograph(path) if single and not said else read_stack(path)


def read_mask(path: Path) -> np.ndarray:
    """What is not 0 in an image: bool (rows, cols) or (slabs, rows, cols).

    Raises:
        XrayToCTError: it cannot be read.
    """
    import numpy as np
    import SimpleITK as sitk

    try:
        values = sitk.GetArrayFromImage(read_image_file(path))
    except RuntimeError as error:
        raise XrayToCTError(f"The mask {path} cannot be read.", hint="Give an image of 0 and 1.") from error
    return np.asarray(values[0] if values.ndim == 3 and len(values) == 1 else values) != 0


def compare_case(case: Case, options: argparse.Namespace) -> FidelityReport:
    """One case of a batch, by the options of ``add_protocol``.

    Raises:
        XrayToCTError: a file cannot be read, or the two cannot be compared.
    """
    from ..comparison import Candidate, ComparisonRequest, measure
    from ..fidelity.reference_file import read_any_reference
    from ..readers import read_radiograph

    image = read_candidate(case.stack)
    request = ComparisonRequest(
        candidates=(Candidate(case.candidate or case.name, image),),
        reference=read_any_reference(case.reference, image, modality=options.modality),
        reference_name=case.reference.name,
        alignment=options.align or "",
        view=options.view or "",
        mask=read_mask(case.mask) if case.mask is not None else None,
        radiograph=read_radiograph(case.radiograph) if case.radiograph is not None else None,
        metrics=options.metrics,
    )
    return measure(request)[0]
