"""Image pairs: a radiograph beside another image, or beside the projection of a CT."""

from __future__ import annotations

import numpy as np

from ..alignment.bring import bring_image, detector, pose_record, suitable_grid
from ..alignment.reference_volume import ReferenceVolume
from ..errors import XrayToCTError
from ..progress import ProgressCallback
from ..projection.geometry import ProjectionGeometry
from ..radiograph import IntensityScale, Radiograph, SpacingSource, View
from .aligned_pair import BODY, GIVEN, AlignedPair, mask_on_grid, on_grid, resampling
from .metric_spec import GREY
from .stack_pairs import check_same_field, volume_sentence

_ASSUMED = "The pixel spacing of the {name} is not known: {mm:g} mm was assumed, so that lengths may be wrong."


def image_and_image(
    image: Radiograph, reference: Radiograph, mask: np.ndarray | None, window: tuple[float, float] | None
) -> AlignedPair:
    """Two radiographs of one field, on the coarser of the two grids.

    Raises:
        XrayToCTError: several frames, or fields that differ.
    """
    check_same_field("image", image.shape, image.spacing, reference.shape, reference.spacing)
    coarser = reference if reference.shape[0] <= image.shape[0] else image
    made, truth = (on_grid(_frame(item), coarser.shape) for item in (image, reference))
    sentences: tuple[str, ...] = (f"The reference is the image {_name(reference)}.",)
    if brought := resampling(reference.shape, coarser.shape):
        sentences += (f"It was brought to the result's grid {brought}.",)
    return _pair(
        image, made, truth, mask, window,
        same_scale=image.scale is reference.scale,
        region=None, inside=None, spacing=coarser.spacing, modality="X-ray",
        warnings=_spacing_warnings(image, reference), sentences=sentences,
    )  # fmt: skip


def image_and_volume(
    image: Radiograph,
    reference: ReferenceVolume,
    mask: np.ndarray | None,
    window: tuple[float, float] | None,
    *,
    view: View | None,
    geometry: ProjectionGeometry | None,
    register: bool,
    progress: ProgressCallback | None,
) -> AlignedPair:
    """A radiograph beside the line integrals of a CT.

    Raises:
        XrayToCTError: several frames, an MRI, no view, or no overlap.
    """
    chosen = view or image.view or (geometry.view if geometry is not None else None)
    if chosen is None:
        raise XrayToCTError(
            f"{_name(image)} does not say from where it was taken.", hint="Pass view='PA', 'AP' or 'LATERAL'."
        )
    _frame(image)
    grid = suitable_grid(detector(image.shape, image.spacing, chosen, geometry), reference)
    grid, record = pose_record(
        reference, grid, registered_to=image if register else None, given=geometry is not None, progress=progress
    )
    brought = bring_image(reference, grid)
    return _pair(
        image, on_grid(_frame(image), grid.shape), brought.image, mask, window,
        same_scale=image.scale is IntensityScale.LINE_INTEGRAL,
        region=brought.silhouette[None], inside=brought.inside[None], spacing=grid.spacing, modality="CT",
        warnings=(*reference.warnings, *_spacing_warnings(image)), record=record,
        sentences=(f"{volume_sentence(reference)} Summed, it gives line integrals ({chosen.value} view).",),
    )  # fmt: skip


def _pair(
    image: Radiograph,
    made: np.ndarray,
    truth: np.ndarray,
    mask: np.ndarray | None,
    window: tuple[float, float] | None,
    *,
    same_scale: bool,
    region: np.ndarray | None,
    inside: np.ndarray | None,
    sentences: tuple[str, ...],
    **more: object,
) -> AlignedPair:
    if mask is not None:
        region, name, text = mask_on_grid(mask, (1, *image.shape), made.shape), GIVEN, "the caller's mask"
    else:
        name, text = BODY, "silhouette of the reference"
    if not same_scale:
        counted = np.ones(made.shape, bool) if inside is None else inside
        counted = counted & region if region is not None else counted
        gain, offset = _linear_fit(made[counted], truth[counted])
        made = made * np.float32(gain) + np.float32(offset)
        sentences += (
            f"The two have different intensity scales: the result was fitted to the reference by least squares, gain "
            f"{gain:.5g} and offset {offset:.5g}; a display curve that is not straight remains as error.",
        )
    if window is None:
        low, high = float(truth.min()), float(truth.max())
        if not high > low:
            raise XrayToCTError("The reference is constant.", hint="Choose an image that shows anatomy.")
        window = (low, high)
        sentences += ("The window is the reference's own range.",)
    return AlignedPair(
        result=made, reference=truth, kind=GREY, unit="", window=window, region=region, region_name=name,
        region_text=text, slab_thickness=0.0, inside=inside, sentences=sentences,
        resampled=resampling(image.shape, made.shape[1:]),
        **more,  # type: ignore[arg-type]  # the fields' own types
    )  # fmt: skip


def _linear_fit(made: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """(gain, offset) that bring ``made`` closest to ``truth``."""
    x, y = made.astype(np.float64), truth.astype(np.float64)
    if x.size == 0:
        raise XrayToCTError("The mask is empty: there is nothing to measure.", hint="Give a mask that covers anatomy.")
    spread = x - x.mean()
    power = float((spread * spread).sum())
    if power == 0:
        raise XrayToCTError("The image is constant within the region.", hint="Choose another region.")
    gain = float((spread * (y - y.mean())).sum()) / power
    return gain, float(y.mean() - gain * x.mean())


def _frame(image: Radiograph) -> np.ndarray:
    """The only frame, (1, rows, cols)."""
    if image.frames > 1:
        raise XrayToCTError(f"{_name(image)} has {image.frames} frames.", hint="Choose one with frame(index).")
    return image.pixels


def _name(image: Radiograph) -> str:
    return image.source.replace("\\", "/").rsplit("/", 1)[-1]


def _spacing_warnings(*images: Radiograph) -> tuple[str, ...]:
    return tuple(
        _ASSUMED.format(name=_name(image), mm=image.spacing[0])
        for image in images
        if image.spacing_source is SpacingSource.ASSUMED
    )
