"""How long the Enhance section holds the event loop, and how soon a moved slider is seen.

    python -m Testing.benchmarks.bench_enhancement_panel [--size 2048] [--steps 30] [--repeats 3] [--json]

A size x size 16-bit DICOM file is loaded into the real MRML scene over the Qt host, and the section is opened; then a
slider of the last, and of the first, filter of "chest clarity" moves, each time as soon as its picture is there; then
Enhance and Try all are pressed. Baselines of the same run, interleaved: "idle", the same panel with nothing to do, and
"wait=True", the verb that blocks. Clocks are those of bench_panel_responsiveness: wall time counts waiting for a core,
which other programs cause; CPU time does not. The bars are 50 ms for the loop and 50 ms for a preview.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from Testing.benchmarks.bench_enhancement_pipelines import simulated
from Testing.benchmarks.loop_watch import LoopCases, report
from Testing.host import SlicerHost, start_slicer
from XrayToCTLib.dicom.write_dx import write_dx


class Bench:
    def __init__(self, host: SlicerHost) -> None:
        self.host = host
        self.panel = host.open_panel("XrayToCT")
        self.section = self.panel.sections.loaded["EnhanceSection"]
        self.section.ui.enhanceLiveCheckBox.setChecked(False)  # Enhance is measured by itself
        self.loop = LoopCases(host)
        self.previews: dict[str, list[float]] = {}

    def load(self, file: Path) -> None:
        node = self.host.load_volume(file, "radiograph")
        ui, preview = self.panel.ui, self.section.preview
        ui.enhanceCollapsibleButton.collapsed = True
        ui.inputSelector.setCurrentNode(node)
        inputs = self.panel.sections.loaded["InputsSection"]
        while getattr(inputs, "run", None) is not None:
            self.host.gui.process_events(wait=True)
        self.loop.watch(
            "opening the section",
            lambda: setattr(ui.enhanceCollapsibleButton, "collapsed", False),
            lambda: preview.isOn and not preview.isBusy,
        )

    def move(self, row: int, parameter: str, steps: int) -> None:
        """Each step is taken when the picture of the one before is there: the CPU time of a step is a preview's."""
        preview = self.section.preview
        self.panel.ui.enhanceStepsList.setCurrentRow(row)
        slider = self.section.form.controls[parameter].slider
        case = f"moving {parameter} of step {row + 1}"
        slider.setSliderDown(True)
        for step in range(steps):
            before = time.process_time()
            self.loop.watch(case, lambda step=step: slider.setValue(300 + 10 * step), lambda: not preview.isBusy)
            self.previews.setdefault(case, []).append(time.process_time() - before)
        slider.setSliderDown(False)
        self.section._settling.stop()

    def press(self, case: str, button: Any, controls: Any, done: Callable[[], bool]) -> None:
        self.loop.watch(case, button.click, lambda: controls.run is None and done())

    def run(self, file: Path, steps: int) -> None:
        ui, section = self.panel.ui, self.section
        self.load(file)
        self.move(3, "high_percentile", steps)
        self.move(0, "strength", steps)
        self.press("Enhance", ui.enhanceButton, section.controls, lambda: True)
        self.press("Try all", ui.enhanceTryAllButton, section.tryAll.controls, lambda: not section.tryAll.isBusy)
        until = time.perf_counter() + 2.0
        self.loop.watch("idle", lambda: None, lambda: time.perf_counter() > until)
        node = ui.inputSelector.currentNode()
        self.loop.watch(
            "wait=True", lambda: self.panel.logic.enhance(node, pipeline=section.editor.pipeline), lambda: True
        )
        self.host.close_scene()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XRAYTOCT_PIPELINES"] = str(Path(folder) / "pipelines")
        file = write_dx(simulated(options.size), Path(folder) / "a.dcm", patient_id="BENCH", derivation="Simulated.")
        with start_slicer(qt=True) as host:
            host.load_module("XrayToCT")
            host.finish_startup()
            bench = Bench(host)
            for _ in range(options.repeats):
                bench.run(file, options.steps)
            found = report(bench.loop.rows)
            for case, values in bench.previews.items():
                found[case]["median_preview_cpu_ms"] = 1000 * statistics.median(values)
    if options.json:
        print(json.dumps(found, indent=1))
        return
    for case, row in found.items():
        print(f"{case:36}", "  ".join(f"{name} {value:.1f}" for name, value in row.items()))


if __name__ == "__main__":
    main()
