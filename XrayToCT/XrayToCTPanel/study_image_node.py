"""Study image node: an image of a reader study in the scene, under a name that tells nothing.

The node is made of voxels, never loaded: it has no storage node, no file name, no attribute, and no DICOM header that
could tell where the image comes from. One node serves a whole session.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from XrayToCTLib.reader_study.study import Display
from XrayToCTLib.reader_study.study_image import StudyImage

from .enhanced_volume import emptyImageData
from .run import Progress
from .viewers import showStack

_SLICE_BYTES = 16 * 2**20  # some milliseconds of copying
_LINEAR_GREY = "vtkMRMLColorTableNodeGrey"
_VIEW_ORIENTATIONS = {"Red": "Axial", "Yellow": "Sagittal", "Green": "Coronal"}


def studyImageSteps(image: StudyImage, label: str, display: Display, node: Any = None) -> Generator[Any, Any, Any]:
    """Puts an image into ``node``, or into a new one, and into the slice views; returns the node.

    Steps of a run: voxels are copied in slices before the scene is touched.
    """
    import slicer

    imageData, values = emptyImageData(image.voxels)
    step = max(1, _SLICE_BYTES // max(1, image.voxels[0].nbytes))
    for start in range(0, len(values), step):
        values[start : start + step] = image.voxels[start : start + step]
        yield Progress(0.9 + 0.1 * start / len(values), "showing the image")
    if node is None or node.GetScene() is None:
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", label)
    _showAlike(node, display)  # before the voxels: a display node made after them would choose a window of its own
    with slicer.util.NodeModify(node):
        node.SetName(label)
        node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(image.ijk_to_ras))
        node.SetAndObserveImageData(imageData)
    showInViews(node, display.orientation)
    return node


def _showAlike(node: Any, display: Display) -> None:
    """Window, level, colours and interpolation: the same for every image, also where the reader changed them before."""
    node.CreateDefaultDisplayNodes()
    shown = node.GetDisplayNode()
    shown.SetAutoWindowLevel(False)
    shown.SetWindowLevel(display.window, display.level)
    shown.SetAndObserveColorNodeID(_LINEAR_GREY)
    shown.SetInterpolate(True)
    shown.SetApplyThreshold(False)
    shown.SetName("Study display")


def showInViews(node: Any, orientation: str) -> None:
    """Alone in all slice views, at its middle."""
    import slicer

    for layers in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"):
        layers.SetForegroundVolumeID(None)
        layers.SetLabelVolumeID(None)
    if orientation == "image":
        showStack(node)
        return
    slicer.util.setSliceViewerLayers(background=node)
    for view in slicer.util.getNodesByClass("vtkMRMLSliceNode"):
        view.SetOrientation(_VIEW_ORIENTATIONS.get(view.GetLayoutName(), "Axial"))
    bounds = [0.0] * 6
    node.GetRASBounds(bounds)
    centre = [(bounds[axis] + bounds[axis + 1]) / 2 for axis in (0, 2, 4)]
    slicer.vtkMRMLSliceNode.JumpAllSlices(slicer.mrmlScene, *centre)
    slicer.util.setSliceViewerLayers(fit=True)
