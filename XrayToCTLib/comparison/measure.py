"""Measure: the answer to a request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..alignment.bring import detector, pose_record
from ..alignment.record import AlignmentRecord
from ..alignment.reference_volume import ReferenceVolume, reference_from_array
from ..ct_stack import CtStack
from ..fidelity.compare import compare
from ..fidelity.fidelity_report import FidelityReport
from ..fidelity.reference_file import Reference
from ..progress import ComparisonCancelled, ProgressCallback, report
from ..projection.geometry import ProjectionGeometry
from ..radiograph import View
from .request import ComparisonRequest, VolumeReference

_POSE = 0.6  # share of the progress that a registration takes


def measure(request: ComparisonRequest, progress: ProgressCallback | None = None) -> tuple[FidelityReport, ...]:
    """One report a candidate, in their order, with images.

    A volume is registered once, for the first candidate: all candidates are compared at the same pose.

    Raises:
        ComparisonCancelled: ``progress`` returned False.
        XrayToCTError: what cannot be compared, named.
    """
    report(progress, 0.0, "preparing the reference", cancelled=ComparisonCancelled)
    reference = _reference(request)
    alignment = _alignment(request, reference)
    geometry, record, start = None, None, 0.0
    shared = alignment == "registration" and len(request.candidates) > 1 and request.radiograph is not None
    if shared and isinstance(reference, ReferenceVolume):
        geometry, record = _pose(request, reference, _part(progress, 0.0, _POSE, ""))
        alignment, start = "axes", _POSE
    count = len(request.candidates)
    made = []
    for number, candidate in enumerate(request.candidates):
        begin, end = (start + (1 - start) * (number + done) / count for done in (0, 1))
        one = compare(
            candidate.image,
            reference,
            mask=request.mask,
            align=alignment or None,
            view=request.view or None,
            geometry=geometry,
            radiograph=request.radiograph if isinstance(candidate.image, CtStack) else None,
            metrics=request.metrics,
            progress=_part(progress, begin, end, f"{candidate.name}: " if count > 1 else ""),
        )
        if record is not None:
            one = replace(one, alignment=record.sentence, alignment_record=record)
        made.append(replace(one, candidate=candidate.name, reference=request.reference_name))
    report(progress, 1.0, "compared", cancelled=ComparisonCancelled)
    return tuple(made)


def _reference(request: ComparisonRequest) -> Reference:
    given = request.reference
    if not isinstance(given, VolumeReference):
        return given
    return reference_from_array(
        given.values, given.ijk_to_ras, modality=given.modality or None, name=request.reference_name
    )


def _alignment(request: ComparisonRequest, reference: Reference) -> str:
    """What was asked for; else a CT is registered to the radiograph where there is one."""
    if request.alignment:
        return request.alignment
    registrable = isinstance(reference, ReferenceVolume) and reference.modality == "CT"
    return "registration" if registrable and request.radiograph is not None else ""


def _pose(
    request: ComparisonRequest, reference: ReferenceVolume, progress: ProgressCallback | None
) -> tuple[ProjectionGeometry, AlignmentRecord]:
    """The pose of the volume on the radiograph's own detector, found once."""
    radiograph = request.radiograph
    assert radiograph is not None
    first = request.candidates[0].image
    stated = first.view if first.view is not None else radiograph.view or View.PA
    at = detector(radiograph.shape, radiograph.spacing, View(request.view) if request.view else stated, None)
    return pose_record(reference, at, registered_to=radiograph, given=False, progress=progress)


def _part(
    progress: ProgressCallback | None, start: float, end: float, prefix: str
) -> Callable[[float, str], object] | None:
    """A part of the progress."""
    if progress is None:
        return None
    return lambda done, phase: progress(start + (end - start) * done, f"{prefix}{phase}")
