"""The host is honest about Slicer: .ui files, node boxes, parameters, the scene."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pytest
import SimpleITK as sitk
import slicer
import vtk
from Testing.host import SlicerHost, start_slicer

from scene_probe import add_volume, chest_values

UI = """<?xml version="1.0"?><ui version="4.0"><class>Panel</class><widget class="qMRMLWidget" name="Panel">
<layout class="QVBoxLayout" name="layout">
<item><widget class="qMRMLNodeComboBox" name="wired">{properties}</widget></item>
<item><widget class="qMRMLNodeComboBox" name="forgotten"/></item>
<item><widget class="QPushButton" name="button"><property name="text"><string>Go</string></property></widget></item>
</layout></widget><connections><connection><sender>Panel</sender><signal>{signal}</signal><receiver>wired</receiver>
<slot>setMRMLScene(vtkMRMLScene*)</slot></connection></connections></ui>"""
TYPES = '<property name="nodeTypes"><stringlist><string>vtkMRMLScalarVolumeNode</string></stringlist></property>'
SIGNAL = "mrmlSceneChanged(vtkMRMLScene*)"


def load_ui(folder: Path, properties: str = TYPES, signal: str = SIGNAL) -> Any:
    path = folder / "Panel.ui"
    path.write_text(UI.format(properties=properties, signal=signal))
    return slicer.util.loadUI(str(path))


def node_box(**properties: Any) -> Any:
    box = slicer.qMRMLNodeComboBox()
    box.nodeTypes = ("vtkMRMLScalarVolumeNode",)
    for name, value in properties.items():
        setattr(box, name, value)
    box.setMRMLScene(slicer.mrmlScene)
    return box


# .ui files


def test_only_widgets_wired_in_the_ui_file_get_the_scene(qt_host: SlicerHost, tmp_path: Path) -> None:
    top = load_ui(tmp_path)
    ui = slicer.util.childWidgetVariables(top)
    top.setMRMLScene(slicer.mrmlScene)
    assert ui.wired.mrmlScene() is slicer.mrmlScene
    assert ui.forgotten.mrmlScene() is None
    ui.wired.hostDetach()


def test_a_misspelt_scene_connection_is_a_fault(qt_host: SlicerHost, tmp_path: Path) -> None:
    load_ui(tmp_path, signal="mrmlSceneChange(vtkMRMLScene*)")
    assert "misspelt" in qt_host.faults.clear()[0]


def test_a_property_that_the_class_lacks_is_a_fault(qt_host: SlicerHost, tmp_path: Path) -> None:
    load_ui(tmp_path, properties=TYPES.replace("nodeTypes", "nodeType"))
    assert "'nodeType'" in qt_host.faults.clear()[0]


def test_widgets_keep_their_exact_types(qt_host: SlicerHost, tmp_path: Path) -> None:
    import qt

    ui = slicer.util.childWidgetVariables(load_ui(tmp_path))
    assert type(ui.button) is qt.QPushButton
    assert type(ui.wired) is slicer.qMRMLNodeComboBox


# the node combo box


def test_a_node_box_lists_its_types_only_and_follows_the_scene(qt_host: SlicerHost) -> None:
    box = node_box(noneEnabled=True, showChildNodeTypes=False)
    first = add_volume(chest_values(), name="first")
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode")
    assert box.nodeCount() == 1
    slicer.mrmlScene.RemoveNode(first)
    assert box.nodeCount() == 0
    box.hostDetach()


def test_child_types_are_listed_when_asked_for_and_can_be_left_out(qt_host: SlicerHost) -> None:
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLVectorVolumeNode")
    box = node_box(noneEnabled=True, showChildNodeTypes=True)
    assert box.nodeCount() == 2
    box.hideChildNodeTypes = ("vtkMRMLLabelMapVolumeNode",)
    assert box.nodeCount() == 1
    box.hostDetach()


def test_a_node_box_signals_only_on_change(qt_host: SlicerHost) -> None:
    box, seen = node_box(noneEnabled=True), []
    box.connect("currentNodeChanged(vtkMRMLNode*)", seen.append)
    node = add_volume(chest_values())
    assert seen == []
    box.setCurrentNode(node)
    box.setCurrentNode(node)
    assert seen == [node]
    add_volume(chest_values(), name="another")
    slicer.mrmlScene.RemoveNode(node)
    assert seen == [node, None]
    box.hostDetach()


def test_without_none_the_first_node_is_taken(qt_host: SlicerHost) -> None:
    box = node_box(noneEnabled=False)
    first, second = add_volume(chest_values(), name="a"), add_volume(chest_values(), name="b")
    assert box.currentNode() is first
    slicer.mrmlScene.RemoveNode(first)
    assert box.currentNode() is second
    box.hostDetach()


def test_closing_the_scene_empties_a_node_box(qt_host: SlicerHost) -> None:
    box = node_box(noneEnabled=True)
    box.setCurrentNode(add_volume(chest_values()))
    qt_host.close_scene()
    assert (box.currentNode(), box.nodeCount()) == (None, 0)
    box.hostDetach()


# parameters


def wrapped() -> Any:
    from slicer.parameterNodeWrapper import Choice, WithinRange, parameterNodeWrapper

    annotations = {
        "volume": slicer.vtkMRMLScalarVolumeNode,
        "count": Annotated[int, WithinRange(0, 9)],
        "name": Annotated[str, Choice(["a", "b"])],
        "flag": bool,
    }
    members = {"__annotations__": annotations, "count": 2, "name": "a", "flag": True}
    return parameterNodeWrapper(type("Parameters", (), members))


def test_parameters_are_typed_validated_and_kept_in_the_node(host: SlicerHost) -> None:
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScriptedModuleNode")
    parameters = wrapped()(node)
    assert (parameters.count, parameters.name, parameters.flag, parameters.volume) == (2, "a", True, None)
    parameters.count, parameters.volume = 5, add_volume(chest_values())
    again = wrapped()(node)
    assert (again.count, again.volume.GetName()) == (5, "chest")
    for name, value, error in (
        ("count", 10, ValueError),
        ("count", "5", TypeError),
        ("count", None, ValueError),
        ("name", "c", ValueError),
        ("flag", 1, TypeError),
        ("volume", slicer.vtkMRMLTableNode(), TypeError),
    ):
        with pytest.raises(error):
            setattr(parameters, name, value)


def test_a_parameter_binds_to_the_widget_type_that_slicer_binds(qt_host: SlicerHost) -> None:
    import qt

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScriptedModuleNode")
    parameters = wrapped()(node)
    ui = type("", (), {})()
    ui.spin, ui.box = qt.QSpinBox(), qt.QCheckBox()
    ui.spin.setProperty("SlicerParameterName", "count")
    ui.box.setProperty("SlicerParameterName", "flag")
    tag = parameters.connectGui(ui)
    ui.spin.setValue(7)
    ui.box.setChecked(False)
    assert (parameters.count, parameters.flag) == (7, False)
    parameters.count = 1
    assert ui.spin.value == 1
    parameters.disconnectGui(tag)
    ui.spin.setValue(3)
    assert parameters.count == 1
    ui.spin.setProperty("SlicerParameterName", "name")
    with pytest.raises(RuntimeError, match="Unable to create GUI connector"):
        parameters.connectGui(ui)


def test_reserved_names_and_unknown_types_are_refused(host: SlicerHost) -> None:
    from slicer.parameterNodeWrapper import parameterNodeWrapper

    with pytest.raises(ValueError, match="reserved"):
        parameterNodeWrapper(type("P", (), {"__annotations__": {"default": int}}))
    with pytest.raises(Exception, match="Unable to create serializer"):
        parameterNodeWrapper(type("P", (), {"__annotations__": {"values": np.ndarray}}))


# the scene


def test_a_file_that_is_not_there_raises_as_in_slicer(host: SlicerHost, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="Failed to load node from file"):
        host.load_volume(tmp_path / "none.nrrd")


def test_a_loaded_volume_keeps_the_orientation_of_its_file(host: SlicerHost, tmp_path: Path) -> None:
    image = sitk.GetImageFromArray(np.zeros((3, 4, 5), np.int16))
    image.SetSpacing((1.5, 2.0, 2.5))
    image.SetOrigin((10.0, -20.0, 30.0))
    sitk.WriteImage(image, tmp_path / "volume.nrrd")
    node = slicer.util.loadVolume(str(tmp_path / "volume.nrrd"))
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    # LPS in the file, RAS in Slicer: the first two axes turn round.
    expected = [[-1.5, 0, 0, -10], [0, -2.0, 0, 20], [0, 0, 2.5, 30], [0, 0, 0, 1]]
    np.testing.assert_allclose([[matrix.GetElement(r, c) for c in range(4)] for r in range(4)], expected)


def test_items_of_the_subject_hierarchy_come_and_go_with_the_nodes(host: SlicerHost) -> None:
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    node = add_volume(chest_values())
    item = hierarchy.GetItemByDataNode(node)
    assert item
    slicer.mrmlScene.RemoveNode(node)
    assert hierarchy.GetItemDataNode(item) is None


def test_two_hosts_one_after_the_other_do_not_share_a_scene() -> None:
    with start_slicer() as first:
        add_volume(chest_values())
        first_scene = first.scene
    with start_slicer() as second:
        assert second.scene is not first_scene
        assert slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") == []


def test_the_host_runs_without_qt(repository: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys\nfor name in ('PySide6', 'shiboken6'): sys.modules[name] = None\n"
        "from Testing.host import start_slicer\n"
        "with start_slicer() as host: print(host.load_module('XrayToCT').XrayToCTLogic.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "XrayToCTLogic", done.stderr[-2000:]
