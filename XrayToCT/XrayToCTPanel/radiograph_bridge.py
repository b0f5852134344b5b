"""Volume node -> Radiograph.

``radiographFromSnapshot`` touches no node: a thread may call it.

The pixels that count are the node's: the user sees and may have changed them. What they mean (polarity, scale, view,
where the spacing comes from) only the file knows. So:

- The file is still there and the node holds exactly its pixels: the library's reader decides everything, once.
- The user changed the pixels: they are kept; polarity is taken from how they go with the file's; the scale is unknown.
- There is no file: polarity is estimated from the look of the image, and the result says so.
- The node is an enhancement of ours: it says itself what its values mean (see enhanced_meaning).

Slicer reads DICOM through ITK/GDCM, which has inverted MONOCHROME1 already (value = maximum - stored value). Because
the node's pixels are compared with what the same ITK reads, and never inverted by the tag, none is inverted twice.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.radiograph import IntensityScale, Radiograph, SpacingSource, View
from XrayToCTLib.readers.grey import to_grey
from XrayToCTLib.readers.polarity import POLARITIES, decide_polarity
from XrayToCTLib.readers.spacing import assumed_spacing

from .compressed_file import readRadiograph
from .enhanced_meaning import isEnhanced, radiographOf
from .provenance import PREFIX
from .volume_snapshot import HINT, VolumeSnapshot, snapshotOf

_SLICER_FOUND_NONE = (1.0, 1.0)
_SAME_SPACING = 1e-4  # relative: a spacing survives the way through a header as text
_CLEAR_CORRELATION = 0.2  # below it, changed pixels say nothing about the polarity of the file's
VIEWS = ("auto", *(view.name for view in View))


def looksLikeRadiograph(volumeNode: Any) -> bool:
    """Whether a node may be offered as input unasked: one image, not a label map, not a result of ours."""
    image = volumeNode.GetImageData()
    return (
        image is not None
        and min(image.GetDimensions()[:2]) > 1
        and image.GetDimensions()[2] == 1
        and not volumeNode.IsA("vtkMRMLLabelMapVolumeNode")
        and not volumeNode.GetHideFromEditors()
        and volumeNode.GetAttribute(PREFIX + "ModelId") is None
    )


def firstRadiograph() -> Any:
    """The first volume of the scene that looks like a radiograph, or None."""
    import slicer

    volumes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    return next((volume for volume in volumes if looksLikeRadiograph(volume)), None)


def radiographFromVolume(volumeNode: Any, *, polarity: str = "auto", view: str = "auto") -> Radiograph:
    """The radiograph that a volume node holds, bone bright.

    Args:
        volumeNode: scalar volume node.
        polarity: "auto", "bone-bright" or "bone-dark": how the image looks in the scene.
        view: "auto" (what the file says), "PA", "AP" or "LATERAL".

    Raises:
        XrayToCTError: no node, no pixels, NaN, colour, or a volume that is a CT or MRI rather than a radiograph.
    """
    return radiographFromSnapshot(snapshotOf(volumeNode), polarity=polarity, view=view)


def radiographFromSnapshot(snapshot: VolumeSnapshot, *, polarity: str = "auto", view: str = "auto") -> Radiograph:
    """The same, of a snapshot. Plain numpy: it may run in a thread."""
    if polarity not in POLARITIES or view not in VIEWS:
        raise XrayToCTError(
            f"There is no polarity {polarity!r} or no view {view!r}.",
            hint=f"Choose from {', '.join(POLARITIES)} and from {', '.join(VIEWS)}.",
        )
    snapshot = replace(snapshot, pixels=_greyPixels(snapshot))
    if isEnhanced(snapshot.attributes):
        known = (snapshot.pixels, snapshot.spacing, snapshot.name, snapshot.attributes)
        radiograph = radiographOf(*known, polarity=polarity)
        return radiograph if view == "auto" else replace(radiograph, view=View[view])
    fromFile = _readFile(snapshot, polarity)
    if fromFile is None:
        radiograph = _withoutFile(snapshot, polarity)
    elif _holdsFilePixels(snapshot.pixels, snapshot.path):
        radiograph = _withNodeSpacing(fromFile, snapshot)
    else:
        radiograph = _changed(snapshot, fromFile, polarity)
    return radiograph if view == "auto" else replace(radiograph, view=View[view])


def _greyPixels(snapshot: VolumeSnapshot) -> np.ndarray:
    """(frames, rows, cols), one channel, finite."""
    pixels = snapshot.pixels
    if pixels.ndim == 4:
        if pixels.dtype.kind not in "ui":  # no image file holds colours like that: a displacement or gradient field
            raise XrayToCTError(f"{snapshot.name} is a field of vectors, not a radiograph.", hint=HINT)
        pixels = to_grey(pixels, snapshot.name)
    if not np.isfinite(pixels).all():
        raise XrayToCTError(
            f"{snapshot.name} holds NaN or infinite values.", hint="Replace them, or load the image again."
        )
    return pixels


def _readFile(snapshot: VolumeSnapshot, polarity: str) -> Radiograph | None:
    """What the library reads from the file; None without one.

    Several slices without a file that says that they are X-ray frames are a volume (CT, MRI, a stack of ours): they are
    refused rather than taken for a cine of which one frame would be translated.
    """
    frames = len(snapshot.pixels)
    isVolume = XrayToCTError(
        f"{snapshot.name} is a volume of {frames} slices, not a radiograph.",
        hint="Choose a single X-ray image, or a cine loaded from an XA, RF, CR or DX file.",
    )
    if snapshot.path is None:
        if frames > 1:
            raise isVolume
        return None
    radiograph = readRadiograph(snapshot.path, polarity)
    if frames > 1 and (radiograph.frames != frames or not radiograph.modality):
        raise isVolume
    return radiograph


def _holdsFilePixels(pixels: np.ndarray, path: Path | None) -> bool:
    """Whether the node has the values that ITK, through which Slicer reads, gives for the file."""
    import SimpleITK as sitk

    try:
        stored = np.squeeze(sitk.GetArrayFromImage(sitk.ReadImage(str(path))))
    except RuntimeError:  # a file that the library reads and this ITK does not: then nothing is known
        return False
    if stored.ndim == pixels.ndim and stored.shape[-1] in (3, 4) and stored.shape != pixels.shape:
        stored = stored[..., 0]
    if stored.size != pixels.size:
        return False
    stored = stored.reshape(pixels.shape)
    # Rescaled values are floating point: the last bit may differ between two builds of ITK.
    return np.array_equal(stored, pixels) or (pixels.dtype.kind == "f" and np.allclose(stored, pixels, rtol=1e-6))


def _withNodeSpacing(radiograph: Radiograph, snapshot: VolumeSnapshot) -> Radiograph:
    """The file's radiograph; where the node has another spacing than the file, the user set it.

    A node with exactly 1 mm has the spacing that Slicer gives where it finds none. It does not look everywhere: of a CR
    file it takes ImagerPixelSpacing but not PixelSpacing. The file's spacing is then the better one.
    """
    spacing = snapshot.spacing
    if np.allclose(spacing, radiograph.spacing, rtol=_SAME_SPACING):
        return radiograph
    if not np.allclose(spacing, _SLICER_FOUND_NONE, rtol=_SAME_SPACING):
        return replace(radiograph, spacing=spacing, spacing_source=SpacingSource.CALLER)
    if radiograph.spacing_source is SpacingSource.ASSUMED:  # the reader has warned already
        return radiograph
    rows, columns = radiograph.spacing
    warning = (
        f"In the scene a pixel is 1 mm, because Slicer found no spacing; {rows:.4g} x {columns:.4g} mm was used. "
        "Set it in the Volumes module before you measure distances."
    )
    return replace(radiograph, warnings=(*radiograph.warnings, warning))


def _withoutFile(snapshot: VolumeSnapshot, polarity: str) -> Radiograph:
    values = snapshot.pixels.astype(np.float32)
    decision = decide_polarity(values[0], polarity)
    warnings = ("The file of this image is not known: what its values mean was estimated from the image.",)
    spacing, source = snapshot.spacing, SpacingSource.CALLER
    if snapshot.isPhotograph and np.allclose(spacing, _SLICER_FOUND_NONE, rtol=_SAME_SPACING):
        spacing, assumed = assumed_spacing(values.shape[1:])
        source, warnings = SpacingSource.ASSUMED, (*warnings, assumed)
    return Radiograph(
        pixels=_inverted(values) if decision.invert else values,
        spacing=spacing,
        spacing_source=source,
        scale=IntensityScale.DISPLAY,
        source=snapshot.name,
        identity=snapshot.nodeId or snapshot.name,
        history=(f"Read from the volume {snapshot.name}.", decision.history),
        warnings=(*warnings, *filter(None, [decision.warning])),
    )


def _changed(snapshot: VolumeSnapshot, fromFile: Radiograph, polarity: str) -> Radiograph:
    """The node's own pixels with the file's view, spacing source and polarity."""
    values = snapshot.pixels.astype(np.float32)
    if values.shape != fromFile.pixels.shape:
        return _withoutFile(snapshot, polarity)
    correlation = _correlation(values, fromFile.pixels)
    if abs(correlation) < _CLEAR_CORRELATION:
        return _withoutFile(snapshot, polarity)
    invert = correlation < 0 if polarity == "auto" else polarity == "bone-dark"
    known = replace(
        fromFile,
        pixels=_inverted(values) if invert else values,
        scale=IntensityScale.DISPLAY,
        history=(
            *fromFile.history,
            f"The pixels are those of the volume {snapshot.name}, changed since the file was read.",
        ),
        warnings=(*fromFile.warnings, "The image was changed after it was loaded: its grey levels mean no more."),
    )
    return _withNodeSpacing(known, snapshot)


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Pearson's, on at most some 65,000 pixels; 0 when one of the two is constant."""
    step = max(1, int(np.sqrt(first.size / 65536)))
    a, b = (image[..., ::step, ::step].ravel().astype(np.float64) for image in (first, second))
    if a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def _inverted(values: np.ndarray) -> np.ndarray:
    return values.max() + values.min() - values
