"""Enhanced volume: a radiograph after a pipeline as a volume node that says where it came from and what ran."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from XrayToCTLib.enhancement.enhance import enhance, radiograph_context
from XrayToCTLib.enhancement.history import enhancement_sentences
from XrayToCTLib.enhancement.pipeline import Pipeline
from XrayToCTLib.enhancement.shown_picture import display_window
from XrayToCTLib.progress import ProgressCallback
from XrayToCTLib.translation.engine import NOT_FOR_DIAGNOSTIC_USE
from XrayToCTLib.version import __version__

from .enhanced_meaning import meaningOf
from .enhancement_input import EnhancementInput
from .placement import placeBeside
from .provenance import PREFIX, SOURCE_REFERENCE, writeProvenance

PIPELINE_ATTRIBUTE = PREFIX + "Pipeline"  # JSON, as the library reads it
ENHANCEMENT_ATTRIBUTE = PREFIX + "Enhancement"  # in words
_LINEAR_GREY = "vtkMRMLColorTableNodeGrey"


@dataclass(frozen=True, slots=True, eq=False)
class EnhancedImage:
    """What a thread makes, and the main thread puts into a node.

    Attributes:
        values: (frames, rows, cols), of the input's type.
        window: (black, white) at which to show them.
        pipeline: that ran.
        sentence: what ran, in words, with what had run before; "" where no filter did.
        meaning: of the values (see ``enhanced_meaning``).
        warnings: of the radiograph.
    """

    values: np.ndarray
    window: tuple[float, float]
    pipeline: Pipeline
    sentence: str
    meaning: dict[str, str]
    warnings: tuple[str, ...]


def enhancedImage(
    given: EnhancementInput, pipeline: Pipeline, *, progress: ProgressCallback | None = None
) -> EnhancedImage:
    """Runs a pipeline over all frames. Raises as ``XrayToCTLib.enhance``. Plain numpy: for a thread."""
    result = enhance(given.radiograph, pipeline, progress=progress)
    values = given.nodeValues(result)
    middle = len(values) // 2
    mask = radiograph_context(given.radiograph).mask
    shown = np.nan_to_num(values[middle].astype(np.float32))
    sentence = " ".join(enhancement_sentences(result.history))
    meaning = meaningOf(result, inverted=given.inverted)
    return EnhancedImage(values, display_window(shown, mask), pipeline, sentence, meaning, result.warnings)


def volumeFromEnhanced(image: EnhancedImage, inputVolume: Any, outputVolume: Any = None, *, imageData: Any) -> Any:
    """Puts an image into a new node, or into ``outputVolume``, on the input's geometry.

    Args:
        image: what to show.
        inputVolume: where it came from, and lies.
        outputVolume: scalar volume node, or None for a new one.
        imageData: vtkImageData that holds the values already (see ``emptyImageData``).
    """
    import slicer
    import vtk

    matrix = vtk.vtkMatrix4x4()
    inputVolume.GetIJKToRASMatrix(matrix)
    name = slicer.mrmlScene.GenerateUniqueName(f"{inputVolume.GetName()} enhanced")
    node = outputVolume or slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    _show(node, image.window, inputVolume)
    with slicer.util.NodeModify(node):
        node.SetIJKToRASMatrix(matrix)
        node.SetAndObserveImageData(imageData)
        node.SetAndObserveTransformNodeID(inputVolume.GetTransformNodeID())
        writeProvenance(node, _provenance(image), inputVolume, image.warnings)
    placeBeside(node, inputVolume)
    return node


def emptyImageData(values: np.ndarray) -> tuple[Any, np.ndarray]:
    """(vtkImageData of that shape and type, its memory as an array (frames, rows, cols)): fill it in a thread."""
    import vtk
    from vtk.util.numpy_support import get_vtk_array_type, vtk_to_numpy

    image = vtk.vtkImageData()
    image.SetDimensions(values.shape[::-1])
    image.AllocateScalars(get_vtk_array_type(values.dtype), 1)
    return image, vtk_to_numpy(image.GetPointData().GetScalars()).reshape(values.shape)


def mayReplace(node: Any, inputVolume: Any, *, asked: bool) -> bool:
    """Whether a node may take an enhancement of ``inputVolume``.

    An enhancement of this very volume may be replaced, one of another radiograph is not; any other volume that holds
    something is replaced only where the user has ``asked`` for it by the button.
    """
    if node is None:
        return False
    if node.GetAttribute(PIPELINE_ATTRIBUTE) is not None:
        return node.GetNodeReference(SOURCE_REFERENCE) is inputVolume
    return asked or node.GetImageData() is None


def _provenance(image: EnhancedImage) -> dict[str, str]:
    """As the library's keys (see ``provenance``)."""
    return {
        **image.meaning,
        "pipeline": image.pipeline.to_json(),
        "pipeline_name": image.pipeline.name,
        "enhancement": image.sentence or "Copied as it is: the pipeline has no filter.",
        "version": __version__,
        "not_for_diagnostic_use": NOT_FOR_DIAGNOSTIC_USE,
    }


def _show(node: Any, window: tuple[float, float], inputVolume: Any) -> None:
    """Grey, in a window of its own; interpolated and coloured as the input is."""
    node.CreateDefaultDisplayNodes()
    display, source = node.GetDisplayNode(), inputVolume.GetDisplayNode()
    display.SetAutoWindowLevel(False)
    display.SetWindowLevel(window[1] - window[0], (window[0] + window[1]) / 2)
    display.SetAndObserveColorNodeID((source.GetColorNodeID() if source else None) or _LINEAR_GREY)
    display.SetInterpolate(source.GetInterpolate() if source else True)
