"""Pictures of the panel in each of its states, over the Qt host: for the README, and for looking at after a change.

    python -m Testing.demo.panel_pictures FOLDER [--theme light|dark] [--width 480] [--only STATE ...] [--readme]

The sample radiograph is translated with the default model by a real worker; nothing is drawn by hand.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from Testing.host import SlicerHost, start_slicer
from Testing.host.palettes import use_palette

README_PICTURE = Path(__file__).resolve().parents[2] / "Resources" / "panel.png"
_PATIENCE_S = 180.0


class Pictures:
    """The states, in the order of a first use. Each method is one, called after the one before it.

    Args:
        host: with Qt, and the module loaded.
        folder: where the PNG files go.
        width: of the panel in pixels.
        only: names of the states to draw; empty for all.
    """

    def __init__(self, host: SlicerHost, folder: Path, width: int, only: tuple[str, ...]) -> None:
        self.host, self.folder, self.width, self.only = host, folder, width, only
        self.panel = host.open_panel("XrayToCT")
        from XrayToCTPanel.translation_worker import warmUp

        job = warmUp("", "auto")  # as Slicer does when the module is opened, but not while it tests
        self.wait(lambda: job is None or job.poll().done)
        self.written: list[Path] = []

    def draw(self) -> None:
        for state in (
            self.nothing_chosen,
            self.sample_chosen,
            self.card_open,
            self.running,
            self.translated,
            self.cancelled,
            self.refused,
            self.several_inputs,
            self.advanced,
        ):
            state()
        for name, section in self.panel.sections.loaded.items():
            if name not in ("InputsSection", "TranslateSection", "AdvancedSection"):
                self.section_open(name, section)

    def nothing_chosen(self) -> None:
        self.grab("1-nothing-chosen")

    def sample_chosen(self) -> None:
        self.panel.ui.sampleButton.click()
        self.wait(lambda: self.panel.sections.loaded["InputsSection"].description is not None)
        self.grab("2-sample-chosen")

    def card_open(self) -> None:
        self.panel.ui.modelCollapsibleButton.collapsed = False
        self.grab("3-model-card")
        self.panel.ui.modelCollapsibleButton.collapsed = True

    def running(self) -> None:
        self.panel.ui.translateButton.click()
        self.wait(lambda: self.run is None or "translating" in self.run.state.phase)
        self.grab("4-running")

    def translated(self) -> None:
        self.wait(lambda: self.run is None)
        self.grab("5-translated")

    def cancelled(self) -> None:
        self.panel.ui.translateButton.click()
        self.panel.ui.translateButton.click()
        self.grab("6-cancelled")

    def refused(self) -> None:
        """The stack itself as input: a volume, not a radiograph."""
        import slicer

        stacks = [
            n for n in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if n.GetAttribute("XrayToCT.ModelId")
        ]
        self.chosen = self.panel.ui.inputSelector.currentNode()
        self.panel.ui.inputSelector.setCurrentNode(stacks[-1])
        self.wait(lambda: self.panel.sections.loaded["InputsSection"].problem)
        self.grab("7-refused")
        self.panel.ui.inputSelector.setCurrentNode(self.chosen)

    def several_inputs(self) -> None:
        import qt

        self.panel.ui.sampleButton.click()
        self.panel.ui.moreInputsComboBox.setCheckState(self.chosen, qt.Qt.Checked)
        self.wait(lambda: self.panel.sections.loaded["InputsSection"].run is None)
        self.panel.ui.translateButton.click()
        self.wait(lambda: self.run is None)
        self.grab("8-several-inputs")

    def advanced(self) -> None:
        self.panel.ui.advancedCollapsibleButton.collapsed = False
        self.panel.ui.checkInstallationButton.click()
        self.wait(lambda: self.panel.sections.loaded["AdvancedSection"].run is None)
        self.grab("9-advanced")
        self.panel.ui.advancedCollapsibleButton.collapsed = True

    def section_open(self, name: str, section: Any) -> None:
        buttons = [w for w in vars(section.ui).values() if w.className() == "ctkCollapsibleButton"]
        for button in buttons:
            button.collapsed = False
        for _ in range(20):  # a section may look at the radiograph first
            self.host.gui.process_events()
            time.sleep(0.05)
        self.grab(f"section-{name.removesuffix('Section').lower()}", section.widget)
        for button in buttons:
            button.collapsed = True

    @property
    def run(self) -> Any:
        return self.panel.sections.loaded["TranslateSection"].controls.run

    def wait(self, condition: Callable[[], object]) -> None:
        until = time.monotonic() + _PATIENCE_S
        while not condition():
            if time.monotonic() > until:
                raise SystemExit("Waited too long for the panel.")
            self.host.gui.process_events()
            time.sleep(0.005)

    def grab(self, name: str, widget: Any = None) -> None:
        if not self.only or name in self.only:
            self.written.append(
                self.host.gui.grab(widget or self.panel.parent, self.folder / f"{name}.png", width=self.width)
            )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("folder", type=Path)
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    parser.add_argument("--width", type=int, default=480)
    parser.add_argument("--only", nargs="*", default=(), help="names of the states to draw, such as 5-translated")
    parser.add_argument("--readme", action="store_true", help="also replace the README's picture of the panel")
    given = parser.parse_args(arguments)
    given.folder.mkdir(parents=True, exist_ok=True)
    with start_slicer(qt=True) as host:
        use_palette(given.theme)
        host.load_module("XrayToCT")
        host.finish_startup()
        pictures = Pictures(host, given.folder, given.width, tuple(given.only))
        pictures.draw()
    if given.readme:
        shutil.copy(given.folder / "5-translated.png", README_PICTURE)
    print("\n".join(str(path) for path in pictures.written))
    return 0


if __name__ == "__main__":
    sys.exit(main())
