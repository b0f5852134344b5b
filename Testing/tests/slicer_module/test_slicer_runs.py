"""A run of the panel: press, cancel, fail, retry; scene closed, input deleted, module reloaded, application quit."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slicer
from Testing.host import SlicerHost
from worker_clients import faulty_client, is_running
from XrayToCTLib import XrayToCTError

from panel_driver import press, run_of, wait_until
from scene_probe import add_volume, chest_values, ijk_to_ras, node_ids

Held = Callable[..., Any]


@pytest.fixture
def held(gui: SlicerHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    """Makes a panel whose worker has a fault, and presses Translate; ``held.client`` is the client."""
    folder = tmp_path / "exchange"
    folder.mkdir()
    clients: list[Any] = []

    def make(fault: str, argument: str = "", *, press_it: bool = True, **options: Any) -> Any:
        def client() -> Any:
            clients.append(faulty_client(folder, fault, argument, **options))
            return clients[-1]

        monkeypatch.setattr("XrayToCTPanel.translation_worker._makeClient", client)
        panel = gui.open_panel("XrayToCT")
        panel.ui.inputSelector.setCurrentNode(add_volume(chest_values()))
        wait_until(lambda: panel.sections.loaded["InputsSection"].description is not None, "the look at the input")
        if press_it:
            panel.ui.translateButton.click()
        return panel

    make.clients = clients  # type: ignore[attr-defined]
    make.folder = folder  # type: ignore[attr-defined]
    yield make
    for each in clients:
        each.close()
    assert list(folder.iterdir()) == []  # whatever happened, no array is left


def wait_for_phase(panel: Any, phase: str) -> None:
    wait_until(lambda: run_of(panel) is None or phase in run_of(panel).state.phase, phase)
    assert run_of(panel) is not None, panel.ui.translateStatusLabel.text


def test_while_it_runs_the_button_cancels_and_the_phase_is_shown(gui: SlicerHost, held: Held) -> None:
    panel = held("obey", "translating")
    wait_for_phase(panel, "translating")
    assert panel.ui.translateButton.text == "Cancel"
    assert panel.ui.translateButton.enabled
    assert panel.ui.translatePhaseLabel.text.startswith("Translating")
    assert not panel.ui.translateProgressBar.isHidden()
    assert 0 < panel.ui.translateProgressBar.value < panel.ui.translateProgressBar.maximum
    assert gui.app.hostCursors == []  # Slicer stays usable: no wait cursor
    panel.ui.translateButton.click()
    assert panel.ui.translateButton.text == "&Translate"
    assert panel.ui.translateProgressBar.isHidden()
    assert panel.ui.translatePhaseLabel.isHidden()


def test_cancel_leaves_nothing_behind_and_the_next_press_works(held: Held) -> None:
    panel = held("obey", "translating")
    before = node_ids()
    wait_for_phase(panel, "translating")
    panel.ui.translateButton.click()
    assert run_of(panel) is None
    assert panel.ui.translateStatusLabel.text == "Cancelled. Nothing was changed."
    assert node_ids() == before
    assert panel.ui.translateButton.enabled


def test_a_worker_that_does_not_obey_is_left_behind_without_waiting(held: Held) -> None:
    panel = held("hold", "translating", grace_s=3.0)
    wait_for_phase(panel, "translating")
    (client,) = held.clients
    process = client.process_id
    panel.ui.translateButton.click()
    assert run_of(panel) is None and is_running(process)  # the user does not wait for it
    wait_until(lambda: not is_running(process), "the end of a worker that does not obey")


def test_a_failure_is_one_sentence_with_a_hint_and_the_log_on_request(held: Held) -> None:
    panel = held("fail", "ZeroDivisionError")
    before = node_ids()
    wait_until(lambda: run_of(panel) is None, "the failure")
    text = panel.ui.translateStatusLabel.text
    assert "ZeroDivisionError" in text and "Traceback" not in text and "\n" not in text
    assert node_ids() == before
    assert panel.ui.translateLogBrowser.isHidden()
    assert not panel.ui.translateLogButton.isHidden()
    panel.ui.translateLogButton.click()
    assert not panel.ui.translateLogBrowser.isHidden()
    assert "on purpose" in panel.ui.translateLogBrowser.toPlainText()
    panel.ui.translateLogButton.click()
    assert panel.ui.translateLogBrowser.isHidden()


def test_after_a_failure_a_retry_starts_afresh_and_forgets_the_sentence(held: Held) -> None:
    panel = held("corrupt", "half a line")
    wait_until(lambda: run_of(panel) is None, "the failure")
    assert panel.ui.translateStatusLabel.text
    panel.ui.translateButton.click()
    assert panel.ui.translateStatusLabel.isHidden()
    assert panel.ui.translateLogButton.isHidden()
    wait_until(lambda: run_of(panel) is None, "the second failure")


def test_closing_the_scene_stops_the_run(gui: SlicerHost, held: Held) -> None:
    panel = held("obey", "translating")
    wait_for_phase(panel, "translating")
    gui.close_scene()
    wait_until(lambda: run_of(panel) is None, "the end of the run")
    assert slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") == []
    assert "gone from the scene" in panel.ui.translateStatusLabel.text
    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values()))
    wait_until(lambda: panel.ui.translateButton.enabled, "a panel that works again")


def test_deleting_the_input_stops_the_run_with_a_sentence(held: Held) -> None:
    panel = held("obey", "translating")
    wait_for_phase(panel, "translating")
    slicer.mrmlScene.RemoveNode(panel.ui.inputSelector.currentNode())
    wait_until(lambda: run_of(panel) is None, "the end of the run")
    assert "chest is gone from the scene" in panel.ui.translateStatusLabel.text
    assert slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") == []


def test_a_node_of_another_scene_with_the_same_id_is_not_taken_for_the_input(gui: SlicerHost, held: Held) -> None:
    panel = held("obey", "translating")
    wait_for_phase(panel, "translating")
    old = panel.ui.inputSelector.currentNode().GetID()
    gui.close_scene()
    assert add_volume(chest_values()).GetID() == old
    wait_until(lambda: run_of(panel) is None, "the end of the run")
    assert len(slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")) == 1


def test_an_output_deleted_meanwhile_does_not_lose_the_stack(gui: SlicerHost) -> None:
    panel = gui.open_panel("XrayToCT")
    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values()))
    output = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "mine")
    panel.ui.outputSelector.setCurrentNode(output)
    panel.ui.translateButton.click()
    slicer.mrmlScene.RemoveNode(output)
    wait_until(lambda: run_of(panel) is None, "the translation")
    assert panel.ui.translateStatusLabel.text.startswith("Made chest CT stack in ")


def test_leaving_the_module_lets_the_run_go_on(gui: SlicerHost) -> None:
    panel = gui.open_panel("XrayToCT")
    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values()))
    panel.ui.translateButton.click()
    gui.gui.leave_panel("XrayToCT")
    wait_until(lambda: run_of(panel) is None, "the translation")
    assert slicer.util.getNode("chest CT stack")
    assert gui.open_panel("XrayToCT").ui.translateStatusLabel.text.startswith("Made ")


@pytest.fixture
def library_kept() -> Iterator[None]:
    """Reload drops the library from sys.modules; the tests that follow have its classes in their hands."""
    kept = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "XrayToCTLib"}
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "XrayToCTLib"]:
        del sys.modules[name]
    sys.modules.update(kept)


def test_reload_ends_the_run_and_the_process(gui: SlicerHost, held: Held, library_kept: None) -> None:
    panel = held("obey", "translating")
    wait_for_phase(panel, "translating")
    run, (client,) = run_of(panel), held.clients
    process = client.process_id
    panel.onReload()
    assert run.state.cancelled or run.state.phase == "cancelled"
    wait_until(lambda: not is_running(process), "the end of the worker")
    assert slicer.modules.XrayToCTWidget is not panel


def test_quitting_ends_the_run_and_waits_for_the_process(gui: SlicerHost, held: Held) -> None:
    panel = held("obey", "translating")
    wait_for_phase(panel, "translating")
    (client,) = held.clients
    process = client.process_id
    gui.app.hostEmit("aboutToQuit()")
    assert not is_running(process)
    assert list(held.folder.iterdir()) == []


def test_the_verb_returns_at_once_and_its_handle_knows_everything(gui: SlicerHost) -> None:
    logic = gui.open_panel("XrayToCT").logic
    seen: list[tuple[float, str]] = []
    run = logic.translate(add_volume(chest_values()), wait=False, progress=lambda *now: seen.append(now))
    assert not run.state.done
    stack = run.result()
    assert stack.GetAttribute("XrayToCT.ModelId") == "tiny"
    assert run.state.done and run.state.error is None and run.state.fraction == 1.0
    fractions = [fraction for fraction, _ in seen]
    assert fractions == sorted(fractions)
    # A look now and then may miss any one of the phases, which are short here.
    known = {"preparing", "handing over the radiograph", "loading the model", "translating", "taking over the stack"}
    assert seen[-1][1] == "done" and known & {phase for _, phase in seen}


def test_the_verb_works_without_qt(module: Any) -> None:
    run = module.XrayToCTLogic().translate(add_volume(chest_values()), wait=False)
    assert run.result().GetName() == "chest CT stack"
    from XrayToCTPanel.translation_worker import closeWorker

    closeWorker(wait=True)


def test_a_progress_that_returns_false_cancels_a_run_too(gui: SlicerHost) -> None:
    logic = gui.open_panel("XrayToCT").logic
    given, before = add_volume(chest_values()), None
    before = node_ids()
    run = logic.translate(given, wait=False, progress=lambda fraction, phase: False)
    with pytest.raises(XrayToCTError, match="cancelled"):
        run.result()
    assert node_ids() == before


def test_the_stack_of_the_worker_is_that_of_this_process(gui: SlicerHost) -> None:
    logic, given = gui.open_panel("XrayToCT").logic, add_volume(chest_values())
    here, there = logic.translate(given, device="cpu"), logic.translate(given, device="cpu", wait=False).result()
    difference = slicer.util.arrayFromVolume(here).astype(int) - slicer.util.arrayFromVolume(there)
    assert abs(difference).max() <= 1
    np.testing.assert_allclose(ijk_to_ras(there), ijk_to_ras(here), atol=1e-9)  # oblique, another spacing each axis
    np.testing.assert_allclose(ijk_to_ras(there)[:3, :2], ijk_to_ras(given)[:3, :2], atol=1e-9)
    np.testing.assert_allclose(ijk_to_ras(there)[:3, 3], ijk_to_ras(given)[:3, 3], atol=1e-9)
    for name in ("ModelSHA256", "Source", "View", "PixelSpacing"):
        assert here.GetAttribute(f"XrayToCT.{name}") == there.GetAttribute(f"XrayToCT.{name}")


def test_two_presses_in_a_row_make_two_stacks(gui: SlicerHost) -> None:
    panel = gui.open_panel("XrayToCT")
    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values()))
    press(panel)
    press(panel)
    names = {node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")}
    assert names == {"chest", "chest CT stack", "chest CT stack_1"}


def test_a_run_s_listener_that_fails_does_not_stop_it(gui: SlicerHost) -> None:
    logic = gui.open_panel("XrayToCT").logic

    def fail(*_: object) -> None:
        raise RuntimeError("a listener of somebody")

    assert logic.translate(add_volume(chest_values()), wait=False, progress=fail).result() is not None


def test_a_run_that_is_done_is_active_no_more(gui: SlicerHost) -> None:
    from XrayToCTPanel import run as runs

    panel = gui.open_panel("XrayToCT")
    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values()))
    press(panel)
    wait_until(lambda: runs._active == [], "the end of all runs")
