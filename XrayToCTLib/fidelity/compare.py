"""compare: a stack or a radiograph against a reference of any kind, on one grid, with the protocol of every number."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..alignment.planar import align_in_plane
from ..alignment.record import AlignmentKind
from ..alignment.reference_volume import ReferenceVolume, reference_from_image
from ..ct_stack import CtStack
from ..errors import XrayToCTError
from ..progress import ComparisonCancelled, ProgressCallback, report
from ..projection.ct_volume import CtVolume
from ..projection.geometry import ProjectionGeometry
from ..radiograph import Radiograph, View
from .aligned_pair import BODY, AlignedPair, check_window
from .fidelity_report import FidelityReport
from .image_pairs import image_and_image, image_and_volume
from .measure_pair import measure_pair
from .metric_specs import BASIC
from .metrics import HU_WINDOW
from .reference_file import Reference, read_any_reference
from .stack_pairs import reprojected, stack_and_stack, stack_and_volume

if TYPE_CHECKING:
    import SimpleITK as sitk

ALIGNMENTS = ("none", "axes", "registration", "rigid", "affine")
_PLANAR = {"rigid": AlignmentKind.RIGID, "affine": AlignmentKind.AFFINE}


def compare(
    candidate: CtStack | Radiograph,
    reference: Reference | CtVolume | sitk.Image | str | os.PathLike[str],
    *,
    mask: np.ndarray | None = None,
    align: str | None = None,
    view: View | str | None = None,
    geometry: ProjectionGeometry | None = None,
    radiograph: Radiograph | None = None,
    window: tuple[float, float] | None = None,
    metrics: str | Sequence[str] = BASIC,
    progress: ProgressCallback | None = None,
) -> FidelityReport:
    """Measure how far a result is from its reference.

    Args:
        candidate: a stack in HU, or a radiograph (an enhanced one, a simulated one) of one frame.
        reference: a stack or a radiograph of the same field; a CT or MR volume, which is projected along the
            candidate's rays; or the path of one. What is given is never changed.
        mask: bool, (rows, cols) or (slabs, rows, cols), on the grid of either; None takes the body of the reference.
        align: "none" compares where the two lie (stacks, images); "axes" projects a volume along its own axes, turned
            by ``geometry`` if given; "registration" finds a CT's pose by fitting its projection to the radiograph;
            "rigid" and "affine" also move the reference in the image plane. None: "axes" for volumes, else "none".
        view: of a volume: PA, AP or LATERAL; None takes the candidate's.
        geometry: source distance, patient's distance and pose for a volume; shape and spacing are the candidate's.
        radiograph: that a stack was made from; "registration" fits to it, or to the re-summed stack without it.
        window: (low, high) that both are clipped to; [-1024, 1476] HU, or the range of a reference image.
        metrics: "basic", "all", or names (``metric_specs.SPECS``). For an MRI, only those that make sense across
            contrasts.
        progress: called with (fraction, phase); returning False cancels.

    Raises:
        XrayToCTError: the two do not show the same field or do not overlap, the modality is wrong, NaN, a constant, or
            an empty mask.
        ComparisonCancelled: by ``progress``.
    """
    _check_kind(candidate)
    report(progress, 0.0, "preparing the reference", cancelled=ComparisonCancelled)
    given = _reference(candidate, reference)
    chosen = _alignment(align, given)
    pair = _pair(
        candidate, given, mask, window,
        view=_view(view), geometry=geometry, register=chosen == "registration", radiograph=radiograph,
        progress=None if progress is None else lambda done, phase: progress(0.02 + 0.85 * done, phase),
    )  # fmt: skip
    if chosen in _PLANAR:
        report(progress, 0.8, "aligning in the plane", cancelled=ComparisonCancelled)
        pair = _aligned_in_plane(pair, _PLANAR[chosen])
    elif pair.record.kind is AlignmentKind.NONE:
        pair = replace(pair, sentences=(*pair.sentences, "No registration."))
    report(progress, 0.9, "measuring", cancelled=ComparisonCancelled)
    made = measure_pair(pair, metrics)
    report(progress, 1.0, "done", cancelled=ComparisonCancelled)
    return made


def _pair(
    candidate: CtStack | Radiograph,
    given: Reference,
    mask: np.ndarray | None,
    window: tuple[float, float] | None,
    *,
    view: View | None,
    geometry: ProjectionGeometry | None,
    register: bool,
    radiograph: Radiograph | None,
    progress: ProgressCallback | None,
) -> AlignedPair:
    window = None if window is None else check_window(window)
    if isinstance(given, ReferenceVolume):
        if isinstance(candidate, CtStack):
            return stack_and_volume(
                candidate, given, mask, window or HU_WINDOW,
                view=view, geometry=geometry, register=register, radiograph=radiograph, progress=progress,
            )  # fmt: skip
        return image_and_volume(
            candidate, given, mask, window, view=view, geometry=geometry, register=register, progress=progress
        )
    if isinstance(candidate, CtStack) and isinstance(given, CtStack):
        return stack_and_stack(candidate, given, mask, window or HU_WINDOW)
    # A stack stands for the radiograph that it adds up to.
    images = [
        reprojected(item, geometry or ProjectionGeometry(view=item.view)) if isinstance(item, CtStack) else item
        for item in (candidate, given)
    ]
    return image_and_image(images[0], images[1], mask, window)


def _reference(candidate: CtStack | Radiograph, reference: object) -> Reference:
    if isinstance(reference, CtStack | Radiograph | ReferenceVolume):
        return reference
    if isinstance(reference, CtVolume):
        nowhere = (float("nan"),) * 3
        return ReferenceVolume(reference, "CT", reference.source, nowhere)
    if isinstance(reference, str | os.PathLike):
        return read_any_reference(reference, candidate)
    import SimpleITK as sitk

    if isinstance(reference, sitk.Image):
        return reference_from_image(reference)
    raise XrayToCTError(
        f"A {type(reference).__name__} is no reference.",
        hint="Give a stack, a radiograph, a CT or MR volume (reference_from_array takes arrays), or a path.",
    )


def _check_kind(candidate: object) -> None:
    if not isinstance(candidate, CtStack | Radiograph):
        raise XrayToCTError(
            f"A {type(candidate).__name__} cannot be compared.", hint="Give a stack or a radiograph as the candidate."
        )


def _alignment(align: str | None, reference: Reference) -> str:
    volume = isinstance(reference, ReferenceVolume)
    chosen = align or ("axes" if volume else "none")
    if chosen not in ALIGNMENTS:
        raise XrayToCTError(f"There is no alignment '{align}'.", hint=f"Choose one of {', '.join(ALIGNMENTS)}.")
    if chosen in ("axes", "registration") and not volume:
        raise XrayToCTError(
            f"The alignment '{chosen}' is for CT volumes; the reference is an image already.",
            hint="Choose none, rigid or affine, or give the CT volume that the reference was made from.",
        )
    return "axes" if volume and chosen == "none" else chosen


def _view(view: View | str | None) -> View | None:
    if view is None or isinstance(view, View):
        return view
    try:
        return View[view.upper()]
    except KeyError:
        names = ", ".join(item.name for item in View)
        raise XrayToCTError(f"There is no view '{view}'.", hint=f"Choose one of {names}.") from None


def _aligned_in_plane(pair: AlignedPair, kind: AlignmentKind) -> AlignedPair:
    """The reference moved in its plane; slabs move together, by what fits their means."""
    result, reference = pair.clipped()
    found = align_in_plane(result.mean(0), reference.mean(0), pair.spacing, kind)
    moved, seen = found.apply(np.asarray(pair.reference, np.float32), pair.spacing)
    inside = np.broadcast_to(seen, moved.shape)
    if pair.inside is not None:
        inside = inside & (found.apply(pair.inside.astype(np.float32), pair.spacing)[0] > 0.99)
    region = pair.region
    if region is not None and pair.region_name == BODY:
        region = found.apply(region.astype(np.float32), pair.spacing)[0] >= 0.5
    if not inside.any():
        raise XrayToCTError(
            "After the alignment the reference and the image do not overlap.", hint="Compare them where they lie."
        )
    record = found.record
    if pair.record.kind is not AlignmentKind.NONE:  # a projected volume: the pose stays on record
        pose = pair.record
        record = replace(
            record, view=pose.view, rotation_deg=pose.rotation_deg, shift_mm=pose.shift_mm, origin_mm=pose.origin_mm,
            isocentre_detector_mm=pose.isocentre_detector_mm, source_detector_mm=pose.source_detector_mm,
        )  # fmt: skip
    said = (
        f"The reference was moved in the image plane ({kind.value}), fitted to the mean of all slabs by Mattes mutual "
        "information."
    )
    return replace(
        pair, reference=moved, inside=inside, region=region, record=record, sentences=(*pair.sentences, said)
    )
