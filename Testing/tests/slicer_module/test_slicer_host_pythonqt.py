"""The host is honest about PythonQt: it refuses what PythonQt refuses, and keeps what PythonQt swallows."""

from __future__ import annotations

from typing import Any

import pytest
import slicer
from Testing.host import SlicerHost, start_slicer


def test_properties_are_attributes_and_calling_one_fails(qt_host: SlicerHost) -> None:
    import qt

    button = qt.QPushButton("Go")
    assert (button.text, button.enabled, button.checkable) == ("Go", True, False)
    with pytest.raises(TypeError):
        button.text()
    with pytest.raises(AttributeError, match="enabled"):
        button.isEnabled()


def test_an_unknown_attribute_or_a_wrong_type_cannot_be_written(qt_host: SlicerHost) -> None:
    import qt

    button = qt.QPushButton("Go")
    with pytest.raises(AttributeError, match="does not exist on QPushButton and creating new attributes"):
        button.txt = "oops"
    for name, value in (("text", 5), ("enabled", "yes"), ("maximumWidth", 1.5), ("checked", None)):
        with pytest.raises(AttributeError, match=name):
            setattr(button, name, value)
    with pytest.raises(AttributeError, match="not writable"):
        button.width = 3
    button.text = "Stop"
    assert button.text == "Stop"


def test_a_tool_tip_reads_back_as_rich_text(qt_host: SlicerHost) -> None:
    import qt

    button = qt.QPushButton("Go")
    button.setToolTip("t")
    assert button.toolTip == "<p>t</p>"


def test_a_misspelt_signal_gives_false_and_the_host_does_not_forget_it(qt_host: SlicerHost) -> None:
    import qt

    assert qt.QPushButton("Go").connect("cliked(bool)", print) is False
    (fault,) = qt_host.faults.clear()
    assert "no signal 'cliked(bool)'" in fault


def test_a_slot_gets_as_many_arguments_as_it_takes(qt_host: SlicerHost) -> None:
    import qt

    seen: list[Any] = []
    button = qt.QPushButton("Go")
    for slot in (
        lambda: seen.append("none"),
        lambda checked: seen.append(checked),
        lambda i="mine": seen.append(i),  # the classic trap: the clicked bool replaces the default
        lambda *everything: seen.append(everything),
    ):
        assert button.connect("clicked(bool)", slot)
    button.click()
    assert seen == ["none", False, False, (False,)]


def test_a_slot_that_asks_for_more_than_there_is_is_a_fault(qt_host: SlicerHost) -> None:
    import qt

    button = qt.QPushButton("Go")
    button.connect("clicked(bool)", lambda one, two: None)
    button.click()
    assert "missing 1 required positional argument" in qt_host.faults.clear()[0]


def test_an_exception_in_a_slot_fails_the_test_at_the_end() -> None:
    running = start_slicer(qt=True)
    import qt

    button = qt.QPushButton("Go")
    button.connect("clicked(bool)", lambda: 1 / 0)
    button.click()
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        running.stop()


def test_a_disconnected_slot_is_not_called(qt_host: SlicerHost) -> None:
    import qt

    seen: list[bool] = []
    button = qt.QPushButton("Go")
    button.connect("clicked(bool)", seen.append)
    assert button.disconnect("clicked(bool)", seen.append)
    button.click()
    assert seen == []


def test_names_that_the_host_does_not_know_do_not_exist(qt_host: SlicerHost) -> None:
    import ctk
    import qt

    for owner, name in (
        (qt, "QNonsense"),
        (ctk, "ctkNonsense"),
        (slicer.app, "nonsense"),
        (slicer.modules, "nonsense"),
    ):
        with pytest.raises(AttributeError):
            getattr(owner, name)


# cursors and dialogs


def test_a_forgotten_wait_cursor_is_a_fault() -> None:
    running = start_slicer(qt=True)
    import qt

    qt.QApplication.setOverrideCursor(qt.Qt.WaitCursor)
    with pytest.raises(AssertionError, match="never restored"):
        running.stop()


def test_slicer_s_own_wait_cursor_is_counted(qt_host: SlicerHost) -> None:
    with slicer.util.WaitCursor():
        assert len(qt_host.app.hostCursors) == 1
    assert qt_host.app.hostCursors == []


def test_an_expected_question_is_answered_by_the_script(qt_host: SlicerHost) -> None:
    import qt

    qt_host.app.hostTesting = False
    qt_host.gui.dialogs.expect("Install", qt.QMessageBox.Ok)
    assert slicer.util.confirmOkCancelDisplay("Install it?") is True
    qt_host.gui.dialogs.expect("Install", qt.QMessageBox.Cancel)
    assert slicer.util.confirmOkCancelDisplay("Install it?") is False


def test_an_unexpected_dialog_is_a_fault(qt_host: SlicerHost) -> None:
    qt_host.app.hostTesting = False
    assert slicer.util.confirmOkCancelDisplay("Delete everything?") is False
    assert "unexpected dialog: Delete everything?" in qt_host.faults.clear()[0]


def test_in_testing_mode_slicer_shows_no_dialog(qt_host: SlicerHost) -> None:
    slicer.util.confirmOkCancelDisplay("Install it?")
    assert qt_host.gui.dialogs.shown == []


def test_what_is_shown_in_a_collapsed_section_is_seen_once_it_is_opened(qt_host: SlicerHost) -> None:
    import ctk
    import qt

    section = ctk.ctkCollapsibleButton()
    layout = qt.QVBoxLayout(section)
    hidden, shown = qt.QLabel("hidden"), qt.QLabel("shown")
    for label in (hidden, shown):
        layout.addWidget(label)
    section.show()
    section.collapsed = True
    shown.setVisible(True)
    hidden.setVisible(False)
    assert shown.isHidden()
    section.collapsed = False
    assert not shown.isHidden()
    assert hidden.isHidden()
