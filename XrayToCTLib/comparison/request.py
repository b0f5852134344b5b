"""Request: what is to be compared with what, and how, as plain records."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from ..alignment.reference_volume import ReferenceVolume
from ..ct_stack import CtStack
from ..errors import XrayToCTError
from ..radiograph import Radiograph

ALIGNMENTS = MappingProxyType(
    {
        "none": "where they lie",
        "axes": "along the volume's own axes",
        "registration": "2D/3D registration to the radiograph",
        "rigid": "2D rigid",
        "affine": "2D affine",
    }
)
"""Ways to bring a reference to the image -> what they are called."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """What is measured: a stack in HU, or one image."""

    name: str
    image: CtStack | Radiograph


@dataclass(frozen=True, slots=True, eq=False)
class VolumeReference:
    """A CT or an MRI as a scene holds it.

    Attributes:
        values: (k, j, i), as ``slicer.util.arrayFromVolume`` gives it.
        ijk_to_ras: 4 x 4, with all transforms above the node.
        modality: "CT", "MR", or "" to go by the values.
    """

    values: np.ndarray
    ijk_to_ras: np.ndarray
    modality: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ComparisonRequest:
    """One comparison.

    Attributes:
        candidates: one or more, all stacks or all images.
        reference: a stack, an image, or a volume that is projected; only a VolumeReference travels to a process.
        reference_name: for people.
        alignment: a key of ``ALIGNMENTS``; "" takes what suits the reference: a CT volume is registered to the
            radiograph where there is one, other volumes are projected along their axes, the rest lies where it lies.
        view: "PA", "AP", "LATERAL", or "" for what the candidates say.
        mask: bool, (rows, cols) or (slabs, rows, cols), on the grid of the candidates or of the reference; None takes
            the body.
        radiograph: that the candidates were made from; a registration needs it.
        metrics: "all" or "basic".
    """

    candidates: tuple[Candidate, ...]
    reference: CtStack | Radiograph | VolumeReference | ReferenceVolume
    reference_name: str = "reference"
    alignment: str = ""
    view: str = ""
    mask: np.ndarray | None = None
    radiograph: Radiograph | None = None
    metrics: str = "all"

    def __post_init__(self) -> None:
        if not self.candidates:
            raise XrayToCTError("Nothing is chosen to be compared.", hint="Choose one or more candidates.")
        if len({isinstance(candidate.image, CtStack) for candidate in self.candidates}) > 1:
            raise XrayToCTError(
                "Stacks and single images cannot stand in one table.", hint="Compare them one after the other."
            )
        if self.alignment and self.alignment not in ALIGNMENTS:
            raise XrayToCTError(
                f"There is no alignment '{self.alignment}'.", hint=f"Choose one of {', '.join(ALIGNMENTS)}."
            )
