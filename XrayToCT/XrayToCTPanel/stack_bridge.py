"""CtStack <-> volume node. Where the node lies is said in stack_place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from XrayToCTLib.ct_stack import CtStack
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.radiograph import View
from XrayToCTLib.translation.stack_file import read_stack, stack_suffix

from .display import removeWithDisplay, showAsCt
from .placement import placeBeside
from .provenance import PREFIX, attributesOf, knownFrom, writeProvenance
from .stack_place import stackPlace
from .volume_snapshot import VolumeSnapshot, snapshotOf

_INT16 = np.iinfo(np.int16)


def checkOutput(outputVolume: Any, inputVolume: Any) -> None:
    """Refuses an output node that must not, or cannot, hold a stack.

    Raises:
        XrayToCTError: it is the input, no plain scalar volume, or no longer in the scene.
    """
    import slicer

    if outputVolume is None:
        return
    hint = "Choose another output volume, or none to get a new one."
    if outputVolume is inputVolume:
        raise XrayToCTError("The output volume is the input itself, which is never replaced.", hint=hint)
    if getattr(outputVolume, "GetClassName", lambda: "")() != "vtkMRMLScalarVolumeNode":
        raise XrayToCTError("The output is not a scalar volume.", hint=hint)
    if slicer.mrmlScene.GetNodeByID(outputVolume.GetID() or "") is not outputVolume:
        raise XrayToCTError("The output volume is no longer in the scene.", hint=hint)


def volumeFromStack(
    stack: CtStack, inputVolume: Any, outputVolume: Any = None, *, image: Any = None, anatomical: bool = False
) -> Any:
    """Writes a stack into a new node, or into ``outputVolume``; int16 HU.

    Everything that can fail is done before the scene is touched; a new node that cannot be finished is removed again.

    Args:
        stack: what to write.
        inputVolume: where it came from, and lies.
        outputVolume: scalar volume node, or None for a new one.
        image: vtkImageData that holds the stack already, where that was done in a thread.
        anatomical: turn it, see ``stackPlace``.
    """
    import slicer

    if image is None:
        image, values = emptyImage(stack.hu.shape)
        fillWithHu(values, stack.hu)
    matrix, transformId = stackPlace(stack, inputVolume, image, anatomical=anatomical)
    name = slicer.mrmlScene.GenerateUniqueName(f"{inputVolume.GetName()} CT stack")
    node = outputVolume or slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    try:
        showAsCt(node)  # before the pixels: a display node made after them would look for a window in all of them
        with slicer.util.NodeModify(node):
            node.SetIJKToRASMatrix(matrix)
            node.SetAndObserveImageData(image)
            node.SetAndObserveTransformNodeID(transformId)
            writeProvenance(node, provenanceOf(stack), inputVolume, stack.warnings)
        placeBeside(node, inputVolume)
    except Exception:
        if outputVolume is None:
            removeWithDisplay(node)
        raise
    return node


def provenanceOf(stack: CtStack) -> dict[str, str]:
    """What is written on a node of a stack."""
    return {**stack.provenance, "view": stack.view.name, "pixel_spacing": "{} {}".format(*stack.spacing)}


def emptyImage(shape: tuple[int, ...]) -> tuple[Any, np.ndarray]:
    """(vtkImageData, its int16 memory as an array of ``shape``, (slabs, rows, cols))."""
    import vtk
    from vtk.util.numpy_support import vtk_to_numpy

    image = vtk.vtkImageData()
    image.SetDimensions(shape[::-1])
    image.AllocateScalars(vtk.VTK_SHORT, 1)
    return image, vtk_to_numpy(image.GetPointData().GetScalars()).reshape(shape)


def fillWithHu(values: np.ndarray, hu: np.ndarray) -> None:
    """Writes rounded HU into int16 ``values``, slab by slab: whole temporaries would triple the memory.

    Plain numpy: it may run in a thread, as long as nobody else holds the image.
    """
    for target, slab in zip(values, hu, strict=True):
        target[:] = np.clip(np.rint(slab), _INT16.min, _INT16.max)


def stackFromVolume(volumeNode: Any) -> CtStack:
    """A node that holds a stack, as the library's record.

    Raises:
        XrayToCTError: no node, or not a scalar volume with pixels.
    """
    if volumeNode is None or volumeNode.GetClassName() != "vtkMRMLScalarVolumeNode" or not volumeNode.GetImageData():
        raise XrayToCTError("There is no stack to compare.", hint="Choose a translated volume and its reference.")
    return stackFromSnapshot(snapshotOf(volumeNode), float(volumeNode.GetSpacing()[2]), attributesOf(volumeNode))


def stackFromSnapshot(snapshot: VolumeSnapshot, thickness: float, attributes: Mapping[str, str]) -> CtStack:
    """The same of a node's snapshot, its third spacing (mm) and its XrayToCT attributes; touches no node."""
    rows, columns = snapshot.spacing
    stated = attributes.get(PREFIX + "PixelSpacing", "").split()
    if (rows, columns) == (1.0, 1.0) and len(stated) == 2:  # Slicer found no spacing for the input, the library did
        rows, columns = float(stated[0]), float(stated[1])
    known, warnings = knownFrom(attributes)
    return CtStack(
        hu=snapshot.pixels.astype(np.float32),
        spacing=(rows, columns),
        slab_thickness=thickness,
        view=_view(snapshot, attributes),
        provenance=known,
        warnings=warnings,
    )


def _view(snapshot: VolumeSnapshot, attributes: Mapping[str, str]) -> View:
    """From the node, else from the file it was loaded from (Slicer drops our entries of its header), else PA."""
    stated = attributes.get(PREFIX + "View", "")
    if stated in View.__members__:
        return View[stated]
    path = snapshot.path
    try:
        return read_stack(path).view if path and stack_suffix(path) else View.PA
    except XrayToCTError:  # the file behind the node is something else by now
        return View.PA
