"""CtStack: slabs in estimated HU, on the pixels of a radiograph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from .errors import XrayToCTError
from .radiograph import View
from .trust_map import TrustMap

if TYPE_CHECKING:  # the type alone: at run time this module knows nothing of models
    from .models.card import ModelCard


@dataclass(frozen=True, slots=True, eq=False)
class CtStack:
    """Slabs of mean HU in detector-ray geometry: pixel (r, c) of slab k lies on the ray of detector pixel (r, c).

    Attributes:
        hu: float32, shape (slabs, rows, cols), HU. Slab 0 is nearest to the detector (anterior in a PA view),
            the last slab is nearest to the source.
        spacing: (row, column) in mm at the detector plane, as the radiograph's.
        slab_thickness: mm, along the normal of the detector.
        view: direction of the rays.
        card: the card of the model that made the stack; None for a reference that was projected from a CT.
        provenance: key -> value, written on the node and into files (source, device, software version...).
        warnings: what the user should know before trusting the result, one sentence each.
        trust_maps: what ``trust`` found, map by map; none until it was asked.
    """

    hu: np.ndarray
    spacing: tuple[float, float]
    slab_thickness: float
    view: View
    card: ModelCard | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    trust_maps: tuple[TrustMap, ...] = ()

    def __post_init__(self) -> None:
        if self.hu.ndim != 3 or self.hu.dtype != np.float32 or min(self.hu.shape) < 1:
            raise XrayToCTError(
                f"A stack must be float32 (slabs, rows, cols), not {self.hu.dtype} {self.hu.shape}.",
                hint="Pass the array that a translation or a projection returned.",
            )

    @property
    def slabs(self) -> int:
        return int(self.hu.shape[0])

    @property
    def central_slab(self) -> np.ndarray:
        """The slab just past the middle (index slabs // 2), shape (rows, cols), HU."""
        return self.hu[self.slabs // 2]


def require_stack(value: object) -> None:
    """Of what a caller gave as a stack.

    Raises:
        XrayToCTError: it is something else, such as the path of one or a radiograph.
    """
    if not isinstance(value, CtStack):
        raise XrayToCTError(
            f"A stack is needed here, not a {type(value).__name__}.",
            hint="Pass what translate or reference_stack returned, or read a file first: read_stack(path).",
        )
