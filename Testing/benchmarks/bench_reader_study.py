"""How long a reader study holds the event loop: opening it, an answer, the next image.

    python -m Testing.benchmarks.bench_reader_study [--slices 200] [--size 512] [--cases 3] [--json]

Volumes of slices x size x size int16 lie in compressed NRRD files; the panel over the Qt host and the real MRML scene
opens the study, and a reader answers and goes on. A timer of 1 ms notes when it is called: what lies between two calls
held the event loop. Baselines of the same run, interleaved: "idle", the same panel with nothing to do for as long,
which is what this machine's scheduler does to any program; and "loadVolume", Slicer's own way to load one of the files,
which holds the loop from its beginning to its end. The bar is 50 ms. Clocks as in bench_panel_responsiveness.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from Testing.benchmarks.loop_watch import LoopCases, report
from Testing.host import SlicerHost, start_slicer


def write_study(folder: Path, shape: tuple[int, int, int], cases: int) -> Path:
    """A study of smooth volumes by two methods."""
    import SimpleITK as sitk

    from XrayToCTLib.reader_study import create_study, files_of_folder, write_study

    rng = np.random.default_rng(1)
    for method in ("real", "model"):
        (folder / method).mkdir()
        for case in range(cases):
            coarse = sitk.GetImageFromArray(rng.normal(0, 400, (8, 8, 8)).astype(np.float32))
            volume = sitk.Expand(coarse, [size // 8 for size in shape[::-1]], sitk.sitkLinear)
            sitk.WriteImage(sitk.Cast(volume, sitk.sitkInt16), str(folder / method / f"{case}.nrrd"), True)
    created = create_study(files_of_folder(folder), folder, id="bench", seed=1, orientation="anatomical")
    return write_study(created.study, folder / "bench.json")


class Bench:
    def __init__(self, host: SlicerHost, study: Path) -> None:
        self.host, self.study = host, study
        panel = host.open_panel("XrayToCT")
        self.section, self.ui = panel.sections.loaded["ReaderStudySection"], panel.ui
        self.loop = LoopCases(host)

    def is_idle(self) -> bool:
        return self.section.controls.run is None

    def read(self) -> None:
        """The whole study."""
        self.ui.studyPathEdit.setCurrentPath(str(self.study))
        self.ui.studyReaderEdit.setText("R1")
        self.loop.watch("opening the study", self.ui.studyStartButton.click, self.is_idle)
        while self.section.reading is not None:
            for _ in range(4):
                self.loop.watch("an answer", lambda: self.section.onNumber(1))
            until = time.perf_counter() + 3.0  # the reader looks, and the next image is read meanwhile
            self.loop.watch(
                "looking, while the next image is read", lambda: None, lambda u=until: time.perf_counter() > u
            )
            self.loop.watch("the next image", self.ui.studyNextButton.click, self.is_idle)
            until = time.perf_counter() + self.loop.rows["the next image"][-1][3]
            self.loop.watch("idle", lambda: None, lambda u=until: time.perf_counter() > u)
            self.load_volume()

    def load_volume(self) -> None:
        import slicer

        file = str(self.study.parent / "real" / "0.nrrd")
        loaded: list[Any] = []
        self.loop.watch("loadVolume", lambda: loaded.append(slicer.util.loadVolume(file)))
        slicer.mrmlScene.RemoveNode(loaded[0])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--slices", type=int, default=200)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--cases", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    shape = (given.slices, given.size, given.size)
    with tempfile.TemporaryDirectory() as folder, start_slicer(qt=True) as host:
        host.load_module("XrayToCT")
        bench = Bench(host, write_study(Path(folder), shape, given.cases))
        bench.read()
        found = report(bench.loop.rows)
    if given.json:
        print(json.dumps({"shape": shape, "cases": found}, indent=2))
        return 0
    print(f"{shape[0]} x {shape[1]} x {shape[2]} int16; longest hold (ms)")
    print("                                           wall (median)   main thread CPU   process CPU   duration (s)")
    for case, values in found.items():
        print(
            f"{case:42} {values['wall_ms']:6.0f} ({values['median_wall_ms']:.0f})"
            f"{values['main_thread_cpu_ms']:14.1f}{values['process_cpu_ms']:14.1f}{values['duration_s']:15.2f}"
        )
    held, loaded = found["the next image"]["main_thread_cpu_ms"], found["loadVolume"]["main_thread_cpu_ms"]
    print(f"By main thread CPU, the next image holds the loop {loaded / held:.0f} times shorter than loadVolume.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
