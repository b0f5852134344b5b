"""Comparison nodes: the images, masks and lines of a comparison, taken out of the scene; nothing in it is changed."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
from XrayToCTLib.comparison import VolumeReference
from XrayToCTLib.ct_stack import CtStack
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.radiograph import Radiograph

from .provenance import PREFIX, attributesOf
from .radiograph_reading import radiographSteps
from .run import ThreadJob
from .slab_geometry import ijkToRas, slabsOf
from .source_file import sourceFile
from .stack_bridge import stackFromSnapshot
from .volume_snapshot import snapshotSteps

_SAME_MM = 1e-3
_SAME_THICKNESS = 0.01  # relative
_STACK_KEY = "XrayToCT_view"  # of the header that XrayToCTLib.write_stack writes
STACK, IMAGE, VOLUME = "stack", "image", "volume"


def checkImage(node: Any, what: str) -> None:
    """Raises XrayToCTError for what is no volume with pixels in the scene.

    Args:
        what: "candidate" or "reference".
    """
    import slicer

    hint = f"Choose another {what}."
    if node is None:
        raise XrayToCTError(f"No {what} is chosen.", hint=f"Choose a {what}.")
    name = node.GetName() or "The volume"
    if slicer.mrmlScene.GetNodeByID(node.GetID() or "") is not node:
        raise XrayToCTError(f"{name} is no longer in the scene.", hint=hint)
    if node.GetClassName() != "vtkMRMLScalarVolumeNode":
        raise XrayToCTError(f"{name} is no grey-scale volume, so it cannot be a {what}.", hint=hint)
    image = node.GetImageData()
    if image is None or 0 in image.GetDimensions() or image.GetPointData().GetScalars() is None:
        raise XrayToCTError(f"{name} has no pixels.", hint=hint)


def kindOf(node: Any, candidate: Any = None) -> str:
    """What a volume node holds: "stack" (slabs of a radiograph's field), "image" (one slice), or "volume".

    A node is a stack when it, or the header of its file, says so; without a word, when it has slabs, thickness and
    extent of ``candidate``.
    """
    if slabsOf(node) == 1 and not node.GetAttribute(PREFIX + "View"):
        return IMAGE
    if node.GetAttribute(PREFIX + "View") or _fileIsStack(node):
        return STACK
    return STACK if candidate is not None and _sameBox(node, candidate) else VOLUME


def candidateSteps(node: Any) -> Generator[Any, Any, CtStack | Radiograph]:
    """A candidate as the library's record, with pixels of its own.

    Raises:
        XrayToCTError: it is neither a stack nor a single image.
    """
    checkImage(node, "candidate")
    if slabsOf(node) == 1 and not node.GetAttribute(PREFIX + "View"):
        return (yield from radiographSteps(node))
    return (yield from _stackSteps(node))


def referenceSteps(
    node: Any, candidate: Any, modality: str = ""
) -> Generator[Any, Any, CtStack | Radiograph | VolumeReference]:
    """A reference as the library's record, with pixels of its own.

    Args:
        candidate: the node that it is compared with.
        modality: "CT", "MR" or "" for what the scene or the values say; of volumes.

    Raises:
        XrayToCTError: it cannot be a reference, or is a stack and said to be an MRI.
    """
    checkImage(node, "reference")
    kind = kindOf(node, candidate)
    if kind == IMAGE:
        return (yield from radiographSteps(node))
    modality = modality or _statedModality(node)
    if kind == STACK:
        if modality == "MR":
            raise XrayToCTError(
                f"{node.GetName()} has the slabs of a stack, so it is compared in HU and not as an MRI.",
                hint="Choose the MRI as it was scanned; or, if it holds HU, CT as the modality.",
            )
        return (yield from _stackSteps(node))
    _checkSpacing(node)
    snapshot = yield from snapshotSteps(node)
    return VolumeReference(snapshot.pixels, ijkToWorld(node), modality)


def maskSteps(mask: Any, candidate: Any, reference: Any) -> Generator[Any, Any, np.ndarray | None]:
    """The mask on the candidate's grid, bool (slabs, rows, cols); an array, or a node on the reference's grid, as is.

    Args:
        mask: None, an array, a label map or scalar volume, a segmentation (its visible segments), or an ROI.

    Raises:
        XrayToCTError: it is empty, does not reach the candidate, or is something else.
    """
    if mask is None:
        return None
    if isinstance(mask, np.ndarray):
        return np.asarray(mask)
    name = mask.GetName() or "The mask"
    shape = tuple(candidate.GetImageData().GetDimensions()[::-1])
    toIjk = np.linalg.inv(ijkToWorld(candidate))
    made: np.ndarray
    if mask.IsA("vtkMRMLSegmentationNode"):
        made = _ofSegmentation(mask, candidate)
    elif mask.IsA("vtkMRMLMarkupsROINode"):
        made = yield ThreadJob(_ofBox, *_roiBox(mask), np.linalg.inv(toIjk), shape, phase="taking the mask")
    elif mask.IsA("vtkMRMLScalarVolumeNode") and mask.GetImageData() is not None:
        values = yield from _copySteps(mask)
        if not values.any():
            raise _emptyMask(name)
        if any(_sameGrid(mask, node) for node in (candidate, reference) if node is not None):
            return np.asarray(values != 0)
        toMask = np.linalg.inv(ijkToWorld(mask)) @ np.linalg.inv(toIjk)
        made = yield ThreadJob(_resampled, values, toMask, shape, phase="taking the mask")
    else:
        raise XrayToCTError(
            f"{name} cannot be a mask.", hint="Choose a label map, a segmentation, an ROI, or a volume of 0 and 1."
        )
    if not made.any():
        raise XrayToCTError(
            f"{name} is empty, or does not overlap {candidate.GetName()}.", hint="Draw it over the candidate."
        )
    return made


def lineOn(lineNode: Any, candidate: Any) -> tuple[tuple[tuple[float, float], tuple[float, float]], int]:
    """Ends of a markups line as shares (row, column) of the candidate's field, and the slab of its middle.

    Raises:
        XrayToCTError: it has not two points, or they lie beside the candidate.
    """
    if lineNode is None or lineNode.GetNumberOfControlPoints() < 2:
        raise XrayToCTError("The line has no two points.", hint="Draw it across the image, or choose none.")
    toIjk = np.linalg.inv(ijkToWorld(candidate))
    columns, rows, slabs = candidate.GetImageData().GetDimensions()
    ends = []
    for index in (0, 1):
        point = [0.0, 0.0, 0.0]
        lineNode.GetNthControlPointPositionWorld(index, point)
        ends.append((toIjk @ (*point, 1.0))[:3])
    shares = [(float(end[1] / max(rows - 1, 1)), float(end[0] / max(columns - 1, 1))) for end in ends]
    if not all(-_SAME_MM <= share <= 1 + _SAME_MM for pair in shares for share in pair):
        raise XrayToCTError(
            f"{lineNode.GetName()} does not lie on {candidate.GetName()}.", hint="Draw the line within the image."
        )
    first, last = ((min(max(row, 0.0), 1.0), min(max(col, 0.0), 1.0)) for row, col in shares)
    slab = int(np.clip(np.rint((ends[0][2] + ends[1][2]) / 2), 0, slabs - 1))
    return (first, last), slab


def ijkToWorld(node: Any) -> np.ndarray:
    """(4, 4), (column, row, slab, 1) to world RAS mm, with the transforms above the node.

    Raises:
        XrayToCTError: a transform above it is not linear.
    """
    import slicer
    import vtk

    parent = node.GetParentTransformNode()
    if parent is not None and not parent.IsTransformToWorldLinear():
        raise XrayToCTError(
            f"{node.GetName()} lies under a transform that is not linear.", hint="Harden the transform first."
        )
    matrix = vtk.vtkMatrix4x4()
    slicer.vtkMRMLTransformNode.GetMatrixTransformBetweenNodes(parent, None, matrix)
    return np.array(slicer.util.arrayFromVTKMatrix(matrix)) @ ijkToRas(node)


def _stackSteps(node: Any) -> Generator[Any, Any, CtStack]:
    thickness, attributes = float(node.GetSpacing()[2]), attributesOf(node)
    snapshot = yield from snapshotSteps(node)
    made: CtStack = yield ThreadJob(stackFromSnapshot, snapshot, thickness, attributes, phase="reading the stack")
    return made


def _copySteps(node: Any) -> Generator[Any, Any, np.ndarray]:
    import slicer

    yield None
    return np.array(slicer.util.arrayFromVolume(node))


def _fileIsStack(node: Any) -> bool:
    """From the header alone: its pixels are in the scene already."""
    import SimpleITK as sitk

    path = sourceFile(node)
    if path is None:
        return False
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
        return bool(reader.HasMetaDataKey(_STACK_KEY)) or "XrayToCT view=" in (
            reader.GetMetaData("descrip") if reader.HasMetaDataKey("descrip") else ""
        )
    except RuntimeError:  # the file is another one by now
        return False


def _sameBox(node: Any, candidate: Any) -> bool:
    """Whether two nodes have slabs, thickness and extent in common, to half a pixel of the coarser one."""
    sizes = [np.array(each.GetImageData().GetDimensions()) for each in (node, candidate)]
    steps = [np.array(each.GetSpacing()) for each in (node, candidate)]
    if sizes[0][2] != sizes[1][2] or abs(steps[0][2] - steps[1][2]) > _SAME_THICKNESS * steps[1][2]:
        return False
    extents = [size[:2] * step[:2] for size, step in zip(sizes, steps, strict=True)]
    return bool((np.abs(extents[0] - extents[1]) <= 0.5 * np.maximum(steps[0], steps[1])[:2] + _SAME_MM).all())


def _sameGrid(mask: Any, node: Any) -> bool:
    return mask.GetImageData().GetDimensions() == node.GetImageData().GetDimensions() and np.allclose(
        ijkToWorld(mask), ijkToWorld(node), atol=_SAME_MM
    )


def _checkSpacing(node: Any) -> None:
    if not all(np.isfinite(step) and step > 0 for step in node.GetSpacing()) or not np.isfinite(ijkToRas(node)).all():
        raise XrayToCTError(
            f"{node.GetName()} has no voxel spacing.", hint="Set it in the Volumes module (Volume Information)."
        )


def _statedModality(node: Any) -> str:
    """CT or MR as the subject hierarchy has it from DICOM; "" when it says nothing."""
    import slicer

    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    item = hierarchy.GetItemByDataNode(node) if hierarchy is not None else 0
    return str(hierarchy.GetItemAttribute(item, "DICOM.Modality") or "") if item else ""


def _ofSegmentation(node: Any, candidate: Any) -> np.ndarray:
    """Through a label map that is gone again afterwards, with the display and colour nodes that come with it."""
    import slicer

    if node.GetSegmentation().GetNumberOfSegments() == 0:
        raise _emptyMask(node.GetName())
    scene = slicer.mrmlScene
    before = _nodeIds()
    try:
        labels = slicer.vtkMRMLLabelMapVolumeNode()
        labels.SetName("XrayToCT mask")
        labels.SetHideFromEditors(True)
        labels = scene.AddNode(labels)
        logic = slicer.vtkSlicerSegmentationsModuleLogic
        done = logic.ExportVisibleSegmentsToLabelmapNode(node, labels, candidate)
        image = labels.GetImageData()
        if not done or image is None or 0 in image.GetDimensions():
            raise _emptyMask(node.GetName())
        values = np.array(slicer.util.arrayFromVolume(labels)) != 0
        toLabels = np.linalg.inv(ijkToWorld(labels)) @ ijkToWorld(candidate)
    finally:
        for nodeId in [each for each in _nodeIds() if each not in before]:
            scene.RemoveNode(scene.GetNodeByID(nodeId))
    return _resampled(values, toLabels, tuple(candidate.GetImageData().GetDimensions()[::-1]))


def _nodeIds() -> list[str]:
    import slicer

    scene = slicer.mrmlScene
    return [scene.GetNthNode(i).GetID() for i in range(scene.GetNumberOfNodes())]


def _roiBox(node: Any) -> tuple[np.ndarray, np.ndarray]:
    """(world to the box's own axes with its centre as origin, half its size in mm)."""
    import slicer
    import vtk

    matrix = vtk.vtkMatrix4x4()
    matrix.DeepCopy(node.GetObjectToWorldMatrix())
    return np.linalg.inv(slicer.util.arrayFromVTKMatrix(matrix)), np.array(node.GetSize()) / 2


def _ofBox(toBox: np.ndarray, half: np.ndarray, toWorld_: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Where the voxels of a grid lie in a box: bool ``shape``."""
    matrix = toBox @ toWorld_
    slabs, rows, cols = shape
    made = np.empty(shape, bool)
    i, j = np.arange(cols)[None, :], np.arange(rows)[:, None]
    for k in range(slabs):
        inside = np.ones((rows, cols), bool)
        for axis in range(3):
            at = matrix[axis, 0] * i + matrix[axis, 1] * j + matrix[axis, 2] * k + matrix[axis, 3]
            inside &= np.abs(at) <= half[axis]
        made[k] = inside
    return made


def _resampled(values: np.ndarray, toMask: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Where a grid's voxels lie in voxels of ``values`` (k, j, i) that are not 0: nearest neighbour, bool ``shape``."""
    slabs, rows, cols = shape
    made = np.zeros(shape, bool)
    i, j = np.arange(cols)[None, :], np.arange(rows)[:, None]
    for k in range(slabs):
        at = [np.rint(toMask[a, 0] * i + toMask[a, 1] * j + toMask[a, 2] * k + toMask[a, 3]).astype(int)
              for a in range(3)]  # fmt: skip
        inside = np.ones((rows, cols), bool)
        for axis, count in zip(at, values.shape[::-1], strict=True):
            inside &= (axis >= 0) & (axis < count)
        made[k][inside] = values[at[2][inside], at[1][inside], at[0][inside]] != 0
    return made


def _emptyMask(name: str) -> XrayToCTError:
    return XrayToCTError(f"{name} is empty: there is nothing to measure.", hint="Draw a mask over anatomy.")
