"""Tried enhancement: what a preset makes of a radiograph, with its figures, and how near it is to a reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from XrayToCTLib.enhancement.contact_sheet import Candidate, try_all
from XrayToCTLib.enhancement.pipeline import Pipeline
from XrayToCTLib.enhancement.quality import QualityFigures
from XrayToCTLib.fidelity.enhancement_sheet import ReferenceFidelity, reference_fidelity
from XrayToCTLib.progress import ProgressCallback
from XrayToCTLib.radiograph import Radiograph


@dataclass(frozen=True, slots=True, eq=False)
class TriedEnhancement:
    """One pipeline on one frame.

    Attributes:
        pipeline: that ran; the first of a list has no filter: the radiograph as it is.
        radiograph: one frame, enhanced.
        figures: without a reference.
        fidelity: with one; None without.
    """

    pipeline: Pipeline
    radiograph: Radiograph
    figures: QualityFigures
    fidelity: ReferenceFidelity | None = None


def triedEnhancements(
    radiograph: Radiograph,
    *,
    frame: int = 0,
    maxPixels: int | None = None,
    reference: Radiograph | None = None,
    progress: ProgressCallback | None = None,
) -> list[TriedEnhancement]:
    """The radiograph as it is, and under each preset. Raises as ``try_all``, and for a reference of other pixels."""
    candidates: Sequence[Candidate] = try_all(radiograph, frame=frame, max_pixels=maxPixels, progress=progress)
    return [
        TriedEnhancement(
            candidate.pipeline,
            candidate.radiograph,
            candidate.figures,
            None if reference is None else reference_fidelity(candidate.radiograph, reference.frame(0)),
        )
        for candidate in candidates
    ]
