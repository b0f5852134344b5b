"""Stack pairs: a stack beside a reference stack, or beside a CT or MR volume that is projected for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..alignment.bring import bring_slabs, detector, pose_record, suitable_grid
from ..alignment.reference_volume import ReferenceVolume
from ..ct_stack import CtStack
from ..errors import XrayToCTError
from ..progress import ProgressCallback
from ..projection.geometry import ProjectionGeometry
from ..projection.project import resum
from ..radiograph import IntensityScale, Radiograph, SpacingSource, View
from . import metrics
from .aligned_pair import BODY, GIVEN, AlignedPair, check_finite, mask_on_grid, on_grid, resampling
from .metric_spec import HU, MR
from .reprojection import obliquity

_SAME_GRID = "Make the reference with reference_stack for the same view, field and slabs as the translation."


def stack_and_stack(
    stack: CtStack, reference: CtStack, mask: np.ndarray | None, window: tuple[float, float]
) -> AlignedPair:
    """Both where they lie, on the reference's grid.

    Raises:
        XrayToCTError: the two do not show the same slabs of the same field, or hold NaN.
    """
    _check_same_scene(stack, reference)
    region = metrics.body_mask(reference.hu) if mask is None else mask_on_grid(mask, stack.hu.shape, reference.hu.shape)
    return AlignedPair(
        result=on_grid(stack.hu, reference.hu.shape[1:]),
        reference=reference.hu,
        kind=HU,
        unit="HU",
        window=window,
        region=region,
        region_name=BODY if mask is None else GIVEN,
        region_text="body of the reference" if mask is None else "the caller's mask",
        spacing=reference.spacing,
        slab_thickness=reference.slab_thickness,
        modality="CT",
        resampled=resampling(stack.hu.shape[1:], reference.hu.shape[1:]),
        sentences=_sentences(stack, reference.hu.shape[1:]),
        candidate=stack.provenance.get("model_id", ""),
    )


def stack_and_volume(
    stack: CtStack,
    reference: ReferenceVolume,
    mask: np.ndarray | None,
    window: tuple[float, float],
    *,
    view: View | None,
    geometry: ProjectionGeometry | None,
    register: bool,
    radiograph: Radiograph | None,
    progress: ProgressCallback | None,
) -> AlignedPair:
    """The volume projected to the stack's slabs.

    Args:
        view: of the volume; None takes the stack's.
        geometry: source, distances and pose; None for the usual ones.
        register: find the pose by 2D/3D registration to ``radiograph``, or to the stack's own re-projection where that
            is None.

    Raises:
        XrayToCTError: NaN, no overlap, or a registration of an MRI.
    """
    check_finite("translation", stack.hu)
    at = detector((stack.hu.shape[1], stack.hu.shape[2]), stack.spacing, view or stack.view, geometry)
    grid = suitable_grid(at, reference)
    target = (radiograph or reprojected(stack, at)) if register else None
    grid, record = pose_record(reference, grid, registered_to=target, given=geometry is not None, progress=progress)
    brought = bring_slabs(reference, grid, stack.slabs, stack.slab_thickness)
    if register and radiograph is None:
        said = (
            "The pose was searched on the re-summed stack, not on the radiograph itself: errors of the stack bend it."
        )
        record = replace(record, warnings=(*record.warnings, said))
    ct = reference.modality == "CT"
    shape = brought.image.shape
    if mask is not None:
        region, name, text = mask_on_grid(mask, stack.hu.shape, shape), GIVEN, "the caller's mask"
    else:
        body = metrics.body_mask(brought.image) if ct else np.broadcast_to(brought.silhouette, shape)
        region, name, text = body, BODY, "body of the reference" if ct else "silhouette of the reference"
    return AlignedPair(
        result=on_grid(stack.hu, shape[1:]),
        reference=brought.image,
        kind=HU if ct else MR,
        unit="HU" if ct else "",
        window=window if ct else None,
        region=np.asarray(region),
        region_name=name,
        region_text=text,
        spacing=grid.spacing,
        slab_thickness=stack.slab_thickness,
        modality=reference.modality,
        inside=np.broadcast_to(brought.inside, shape),
        resampled=resampling(stack.hu.shape[1:], shape[1:]),
        sentences=(*_sentences(stack, shape[1:]), volume_sentence(reference)),
        warnings=reference.warnings,
        record=record,
        candidate=stack.provenance.get("model_id", ""),
    )


def reprojected(stack: CtStack, geometry: ProjectionGeometry) -> Radiograph:
    """The radiograph that a stack's slabs add up to: line integrals on the stack's pixels."""
    at = replace(geometry, shape=(stack.hu.shape[1], stack.hu.shape[2]), spacing=stack.spacing)
    pixels = resum(stack.hu, obliquity(at), stack.slab_thickness)
    return Radiograph(
        pixels=pixels[None],
        spacing=stack.spacing,
        spacing_source=SpacingSource.CALLER,
        scale=IntensityScale.LINE_INTEGRAL,
        source="re-summed stack",
        identity="",
        view=stack.view,
    )


def volume_sentence(reference: ReferenceVolume) -> str:
    """How a volume became the reference."""
    what = "HU" if reference.modality == "CT" else "MR intensities"
    return (
        f"The reference is the {reference.modality} volume {reference.name}, {what} averaged along the radiograph's "
        "rays by the project's projector; the volume itself was not changed."
    )


def _sentences(stack: CtStack, shape: tuple[int, ...]) -> tuple[str, ...]:
    said = [f"Slabs in detector-ray geometry, {stack.view.value} view."]
    if stack.hu.shape[1:] != tuple(shape):
        said.append(
            f"The result ({stack.hu.shape[1]} x {stack.hu.shape[2]}) was resampled to the reference's grid "
            f"({shape[0]} x {shape[1]}) {resampling(stack.hu.shape[1:], shape)}."
        )
    return tuple(said)


def _check_same_scene(stack: CtStack, reference: CtStack) -> None:
    for name, hu in (("translation", stack.hu), ("reference", reference.hu)):
        check_finite(name, hu)
    if stack.view is not reference.view:
        raise XrayToCTError(
            f"The translation is seen {stack.view.value}, the reference {reference.view.value}.", hint=_SAME_GRID
        )
    if stack.slabs != reference.slabs:
        raise XrayToCTError(
            f"The translation has {stack.slabs} slabs, the reference {reference.slabs}.", hint=_SAME_GRID
        )
    if abs(stack.slab_thickness - reference.slab_thickness) > 0.01 * reference.slab_thickness:
        raise XrayToCTError(
            f"The slabs are {stack.slab_thickness:g} mm thick in the translation and {reference.slab_thickness:g} mm "
            "in the reference.",
            hint=_SAME_GRID,
        )
    check_same_field("translation", stack.hu.shape[1:], stack.spacing, reference.hu.shape[1:], reference.spacing)


def check_same_field(
    name: str,
    shape: tuple[int, ...],
    spacing: tuple[float, float],
    reference_shape: tuple[int, ...],
    reference_spacing: tuple[float, float],
) -> None:
    """Raises XrayToCTError where two images do not cover the same rectangle in mm."""
    extent = [n * step for n, step in zip(shape, spacing, strict=True)]
    wanted = [n * step for n, step in zip(reference_shape, reference_spacing, strict=True)]
    for axis in (0, 1):
        # Rounding the field to whole pixels moves an edge by half a pixel of the coarser grid at most.
        if abs(extent[axis] - wanted[axis]) > 0.5 * max(spacing[axis], reference_spacing[axis]) + 1e-3:
            raise XrayToCTError(
                f"The {name} covers {extent[0]:.1f} x {extent[1]:.1f} mm, the reference {wanted[0]:.1f} x "
                f"{wanted[1]:.1f} mm: they do not show the same field.",
                hint=_SAME_GRID,
            )
