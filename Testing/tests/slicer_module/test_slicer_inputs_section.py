"""The Inputs section: what is said of a radiograph before it is translated, and of what is none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import slicer
from phantom_files import CT, XA, dicom_file
from pydicom.uid import JPEG2000Lossless
from Testing.host import SlicerHost

from panel_driver import press, run_of, wait_until
from scene_probe import OBLIQUE, SPACING, add_volume, chest_values, node_ids


@pytest.fixture
def panel(gui: SlicerHost) -> Any:
    return gui.open_panel("XrayToCT")


def inputs(panel: Any) -> Any:
    return panel.sections.loaded["InputsSection"]


def choose(panel: Any, node: Any) -> None:
    """Chooses a volume, and waits for the look at it."""
    panel.ui.inputSelector.setCurrentNode(node)
    wait_until(lambda: inputs(panel).run is None, "the look at the radiograph")


def test_a_radiograph_shows_its_thumbnail_size_spacing_polarity_and_view(
    gui: SlicerHost, panel: Any, tmp_path: Path
) -> None:
    path = dicom_file(tmp_path / "a.dcm", chest_values()[0], ViewPosition="AP", **SPACING)
    choose(panel, gui.load_volume(path))
    text = panel.ui.factsLabel.text
    assert "80 × 96 pixels of 2.5 × 3.5 mm (200 × 336 mm)" in text  # columns first
    assert "bone bright" in text
    assert "view AP" in text
    assert not panel.ui.thumbnailLabel.pixmap.isNull()
    assert panel.ui.thumbnailLabel.pixmap.height() == 48  # 96 pixels, drawn twice as fine


def test_a_dark_bone_is_said_and_shown_the_other_way_round(gui: SlicerHost, panel: Any) -> None:
    choose(panel, add_volume(1000 - chest_values()))
    assert "bone dark, inverted for the model" in panel.ui.factsLabel.text
    panel.ui.polarityComboBox.setCurrentIndex(1)  # bone-bright: the user knows better
    wait_until(lambda: inputs(panel).run is None, "the second look")
    assert "bone bright" in panel.ui.factsLabel.text


def test_the_view_that_is_chosen_is_the_stack_s(panel: Any) -> None:
    choose(panel, add_volume(chest_values()))
    panel.ui.viewComboBox.setCurrentIndex(2)
    wait_until(lambda: inputs(panel).run is None, "the second look")
    assert "view AP" in panel.ui.factsLabel.text
    press(panel)
    assert slicer.util.getNode("chest CT stack").GetAttribute("XrayToCT.View") == "AP"


def test_polarity_reaches_the_model(panel: Any) -> None:
    logic, given = panel.logic, add_volume(chest_values())
    as_is, inverted = (
        slicer.util.arrayFromVolume(logic.translate(given, polarity=polarity, device="cpu")).astype(float)
        for polarity in ("bone-bright", "bone-dark")
    )
    assert np.corrcoef(as_is.ravel(), inverted.ravel())[0, 1] < 0.9
    turned = add_volume(1000 - chest_values())
    again = slicer.util.arrayFromVolume(logic.translate(turned, polarity="bone-dark", device="cpu"))
    np.testing.assert_allclose(again, as_is, atol=1)


def test_what_reading_has_found_is_listed_before_the_run(panel: Any) -> None:
    choose(panel, add_volume(chest_values()))
    assert "• The file of this image is not known" in panel.ui.gateLabel.text


def test_what_the_model_s_gate_finds_is_listed_before_the_run(
    gui: SlicerHost, panel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentence = "The radiograph looks as if it stood upside down."
    monkeypatch.setattr("XrayToCTPanel.input_description.look_at_input", lambda *_, **__: [sentence])
    choose(panel, add_volume(chest_values()))
    assert panel.ui.gateLabel.text.startswith(f"• {sentence}")
    assert panel.ui.translateButton.enabled  # a warning, not a refusal


def test_changed_pixels_are_looked_at_again(panel: Any) -> None:
    node = add_volume(chest_values())
    choose(panel, node)
    assert "bone bright" in panel.ui.factsLabel.text
    slicer.util.updateVolumeFromArray(node, 1000 - chest_values())
    wait_until(lambda: inputs(panel).run is None, "the look at the new pixels")
    assert "bone dark" in panel.ui.factsLabel.text


def test_the_radiograph_is_read_once_for_the_look_and_the_run(panel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from XrayToCTPanel import radiograph_reading

    calls: list[Any] = []
    real = radiograph_reading.radiographFromSnapshot

    def counted(*arguments: Any, **options: Any) -> Any:
        calls.append(arguments)
        return real(*arguments, **options)

    monkeypatch.setattr(radiograph_reading, "radiographFromSnapshot", counted)
    choose(panel, add_volume(chest_values()))
    press(panel)
    assert len(calls) == 1


def test_frames_are_asked_for_only_where_there_are_some(gui: SlicerHost, panel: Any, tmp_path: Path) -> None:
    controls = (panel.ui.frameLabel, panel.ui.frameSpinBox, panel.ui.allFramesCheckBox)
    choose(panel, add_volume(chest_values()))
    assert all(widget.isHidden() for widget in controls)
    path = dicom_file(tmp_path / "xa.dcm", chest_values(frames=5), sop_class=XA, modality="XA", **SPACING)
    choose(panel, gui.load_volume(path, "cine"))
    assert not any(widget.isHidden() for widget in controls)
    assert panel.ui.frameSpinBox.maximum == 4
    assert "5 frames" in panel.ui.factsLabel.text
    panel.ui.frameSpinBox.setValue(3)
    choose(panel, slicer.util.getNode("chest"))  # a single image has no frame 3
    assert panel.logic.getParameterNode().frame == 0
    assert panel.ui.translateButton.enabled


def test_choosing_another_one_while_it_is_looked_at_shows_the_last(panel: Any) -> None:
    first, second = add_volume(chest_values(), name="first"), add_volume(chest_values()[:, :64, :48], name="second")
    panel.ui.inputSelector.setCurrentNode(first)
    choose(panel, second)
    assert "48 × 64 pixels" in panel.ui.factsLabel.text


def test_no_radiograph_shows_nothing(panel: Any) -> None:
    choose(panel, add_volume(chest_values()))
    panel.ui.inputSelector.setCurrentNode(None)
    assert panel.ui.thumbnailLabel.isHidden()
    assert panel.ui.factsLabel.isHidden()
    assert panel.ui.gateLabel.isHidden()


def vector_volume() -> Any:
    pixels = np.stack([chest_values()[0].astype(np.float32)] * 2, axis=-1)[None]
    pixels[..., 1] *= -1
    return slicer.util.addVolumeFromArray(pixels, OBLIQUE, "field", "vtkMRMLVectorVolumeNode")


def colour_image() -> Any:
    pixels = np.repeat((chest_values() // 5).astype(np.uint8)[..., None], 3, axis=3)
    pixels[..., 0] = 255 - pixels[..., 0]
    return slicer.util.addVolumeFromArray(pixels, OBLIQUE, "photograph", "vtkMRMLVectorVolumeNode")


def empty_node() -> Any:
    return slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "empty")


BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "a CT": (lambda: add_volume(chest_values(frames=30), name="CT"), "CT is a volume of 30 slices, not a radiograph."),
    "a colour image": (colour_image, "colour"),
    "a vector volume": (vector_volume, "field is a field of vectors"),
    "an empty node": (empty_node, "empty has no pixels"),
    "one pixel": (lambda: add_volume(np.full((1, 1, 1), 7, np.uint16), name="dot"), "constant"),
    "NaN": (lambda: add_volume(np.full((1, 96, 80), np.nan, np.float32), name="holes"), "NaN"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_input_gets_its_sentence_and_the_button_says_why_it_is_off(panel: Any, what: str) -> None:
    make, sentence = BAD[what]
    choose(panel, make())
    before = node_ids()
    assert not panel.ui.translateButton.enabled
    assert sentence in panel.ui.translateButton.toolTip
    assert sentence in panel.ui.hintLabel.text
    panel.ui.translateButton.click()
    assert node_ids() == before


@pytest.mark.parametrize("what", BAD)
def test_pressed_before_the_look_has_found_out_it_says_the_same(panel: Any, what: str) -> None:
    make, sentence = BAD[what]
    panel.ui.inputSelector.setCurrentNode(make())
    before = node_ids()
    section = panel.sections.loaded["TranslateSection"]
    section.controls.press()  # at once, as a script would
    wait_until(lambda: run_of(panel) is None, "the refusal")
    assert sentence in panel.ui.translateStatusLabel.text
    assert node_ids() == before


def test_a_label_map_cannot_be_chosen_and_by_script_gets_its_sentence(panel: Any) -> None:
    labels = slicer.util.addVolumeFromArray(
        chest_values().astype(np.uint8), OBLIQUE, "labels", "vtkMRMLLabelMapVolumeNode"
    )
    panel.ui.inputSelector.setCurrentNode(labels)
    assert panel.ui.inputSelector.currentNode() is None
    run = panel.logic.translate(labels, wait=False)
    wait_until(lambda: run.state.done, "the refusal")
    assert "is a label map" in str(run.state.error)


def test_a_node_deleted_between_choice_and_press_gets_its_sentence(panel: Any) -> None:
    node = add_volume(chest_values())
    choose(panel, node)
    slicer.mrmlScene.RemoveNode(node)
    assert not panel.ui.translateButton.enabled
    panel.sections.loaded["TranslateSection"].controls.press()
    assert "radiograph is gone" in panel.ui.translateStatusLabel.text


def test_an_unknown_polarity_is_refused(panel: Any) -> None:
    with pytest.raises(Exception, match="no polarity 'upside-down'"):
        panel.logic.translate(add_volume(chest_values()), polarity="upside-down")


def test_a_compressed_file_is_read_in_a_process_and_means_the_same(
    gui: SlicerHost, panel: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its decoder would keep Python's lock, and with it the event loop."""
    from XrayToCTPanel import compressed_file

    path = dicom_file(tmp_path / "jpeg.dcm", chest_values()[0], ViewPosition="AP", **SPACING)
    dataset = pydicom.dcmread(path)
    dataset.compress(JPEG2000Lossless, encoding_plugin="pylibjpeg")
    dataset.save_as(path)
    here: list[Any] = []
    monkeypatch.setattr(compressed_file, "read_radiograph", lambda *a, **k: here.append(a))
    node = gui.load_volume(path)
    choose(panel, node)
    assert here == []
    assert "view AP" in panel.ui.factsLabel.text
    monkeypatch.undo()
    from XrayToCTPanel.radiograph_bridge import radiographFromVolume

    known = panel.sections.loaded["InputsSection"].description
    directly = radiographFromVolume(node)
    assert (known.rows, known.columns, known.spacing) == (*directly.shape, directly.spacing)
    assert set(directly.warnings) <= set(known.warnings)


def test_a_compressed_file_that_cannot_be_read_is_refused_in_the_reader_s_words(
    gui: SlicerHost, panel: Any, tmp_path: Path
) -> None:
    path = dicom_file(tmp_path / "jpeg.dcm", chest_values()[0], **SPACING)
    node = gui.load_volume(path)
    dataset = pydicom.dcmread(path)
    dataset.compress(JPEG2000Lossless, encoding_plugin="pylibjpeg")
    dataset.Modality, dataset.SOPClassUID = "CT", CT
    dataset.save_as(path)  # it was replaced after it was loaded
    choose(panel, node)
    assert "CT" in panel.ui.translateButton.toolTip
    assert not panel.ui.translateButton.enabled
