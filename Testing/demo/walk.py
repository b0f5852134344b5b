"""The demo's way: sample -> scene -> translation -> comparison -> pictures, scene file, report."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from Testing.host import SlicerHost, start_slicer
from XrayToCTLib.ct_stack import CtStack
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.fidelity import FidelityReport, pictures
from XrayToCTLib.fidelity.report import write_report
from XrayToCTLib.models.card import ModelCard
from XrayToCTLib.radiograph import Radiograph
from XrayToCTLib.translation.stack_file import write_stack
from XrayToCTLib.whole_file import write_whole

from .rendering_process import RenderingProcess
from .slice_view import save_slice_view

_SAMPLES = Path(__file__).resolve().parents[2] / "XrayToCT" / "Resources" / "SampleData"
RADIOGRAPH = _SAMPLES / "XrayToCT-sample-chest-PA.dcm"
REFERENCE = _SAMPLES / "XrayToCT-sample-reference-stack.nrrd"
ABOUT_THE_SAMPLE = (
    "The sample radiograph is SIMULATED: it was projected from a chest CT of patient LIDC-IDRI-0001 (LIDC-IDRI, The "
    "Cancer Imaging Archive, CC BY 3.0). It is not a real radiograph. The reference stack was projected from the same "
    "CT along the same rays. On real, display-processed radiographs a larger error is to be expected, and none can be "
    "measured without a CT of the same patient."
)
_RENDERING_SECONDS = 45.0


@dataclass(frozen=True)
class DemoResults:
    """What the demo left behind."""

    report_page: Path
    scene_file: Path
    stack_file: Path
    pictures: dict[str, Path]
    report: FidelityReport
    rendering_skipped: str  # "" or why there is no volume rendering
    seconds: float

    def summary(self) -> str:
        """Where everything is, and the main numbers."""
        lines = [
            f"Report page  {self.report_page}",
            f"Slicer scene {self.scene_file}",
            f"Stack        {self.stack_file}",
            f"Pictures     {next(iter(self.pictures.values())).parent}: "
            + ", ".join(path.name for path in self.pictures.values()),
        ]
        if self.rendering_skipped:
            lines.append(f"No volume rendering: {self.rendering_skipped}.")
        return "\n".join(
            [
                *lines,
                "",
                self.report.table_text(),
                "",
                f"Done in {self.seconds:.0f} s. The sample is simulated from a CT. "
                "Research use only. Not for diagnostic use.",
            ]
        )


def walk(
    output: Path, *, device: str = "auto", radiograph_file: Path = RADIOGRAPH, reference_file: Path = REFERENCE
) -> DemoResults:
    """Runs the demo into a folder, which is made when it is missing; files of the same names are replaced.

    Raises:
        XrayToCTError: the sample is missing, the folder cannot be made, or the translation failed.
    """
    clock = _Clock()
    output = output.expanduser().absolute()
    for file in (radiograph_file, reference_file):
        if not file.is_file():
            raise XrayToCTError(f"The sample {file.name} is missing.", hint="Check the sources out again.")
    try:
        (output / "pictures").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise XrayToCTError(f"{output} cannot be made: {error.strerror}.", hint="Choose another folder.") from error
    clock.say("Starting the MRML scene (slicer-core)")
    with start_slicer() as host:
        module = host.load_module("XrayToCT")
        from XrayToCTPanel.display import showAsCt
        from XrayToCTPanel.radiograph_bridge import radiographFromVolume
        from XrayToCTPanel.viewers import centralSlabCentre, showStack

        logic = module.XrayToCTLogic()
        clock.say("Loading the sample radiograph (simulated) and its reference")
        radiograph_node = host.load_volume(radiograph_file, "Sample chest PA (simulated)")
        reference_node = host.load_volume(reference_file, "Sample reference CT stack")
        _lie_in_the_same_place(reference_node, radiograph_node)
        showAsCt(reference_node)
        clock.say("Translating")
        stack_node = logic.translate(radiograph_node, device=device)
        showStack(stack_node)
        stack, card = _stack_of(stack_node, logic.models())
        stack_file = write_stack(stack, output / "estimated-ct-stack.nrrd")
        rendering = RenderingProcess(stack_file, output / "pictures" / "volume-rendering.png")
        clock.say("Comparing with the reference")
        report = logic.evaluate(stack_node, reference_node)
        clock.say("Drawing the pictures")
        radiograph = radiographFromVolume(radiograph_node)
        reference, _ = _stack_of(reference_node, [])
        drawn = _draw(output / "pictures", radiograph, stack, reference, report)
        view = output / "pictures" / "slice-view.png"
        drawn["Slicer's slice view of the estimated CT"] = save_slice_view(
            host, stack_node, centralSlabCentre(stack_node), view
        )
        clock.say("Saving the scene")
        scene_file = _save_scene(host, output / "XrayToCT-demo.mrb")
    clock.say("Waiting for the volume rendering")
    skipped = rendering.finish(_RENDERING_SECONDS)
    if not skipped:
        drawn["Volume rendering of the estimated CT, from the detector's side"] = (
            output / "pictures" / "volume-rendering.png"
        )
    clock.say("Writing the report")
    report.to_csv(output / "metrics.csv")
    write_whole(output / "metrics.json", (report.to_json() + "\n").encode())
    page = write_report(
        output / "report.html",
        title="X-ray to CT: the sample, translated",
        pictures=list(drawn.items()),
        report=report,
        radiograph=radiograph,
        stack=stack,
        card=card,
        extra={"About the sample": ABOUT_THE_SAMPLE},
    )
    return DemoResults(page, scene_file, stack_file, drawn, report, skipped, clock.seconds)


class _Clock:
    """Says what is going on, with the seconds since the start."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._start

    def say(self, what: str) -> None:
        print(f"[{self.seconds:5.1f} s] {what}", flush=True)


def _lie_in_the_same_place(reference: Any, radiograph: Any) -> None:
    """Gives the reference the radiograph's axes, and an origin at which the outer edges of both fields coincide."""
    import numpy as np
    import vtk

    directions = vtk.vtkMatrix4x4()
    radiograph.GetIJKToRASDirectionMatrix(directions)
    reference.SetIJKToRASDirectionMatrix(directions)
    axes = np.array([[directions.GetElement(row, column) for column in (0, 1)] for row in range(3)])
    # An edge lies half a pixel outside the first pixel's centre, and the pixels differ in size.
    shift = (np.array(reference.GetSpacing()[:2]) - np.array(radiograph.GetSpacing()[:2])) / 2
    reference.SetOrigin(*(np.array(radiograph.GetOrigin()) + axes @ shift))


def _stack_of(node: Any, cards: list[ModelCard]) -> tuple[CtStack, ModelCard | None]:
    """A node's stack with its provenance under the library's keys, and the card of the model that made it."""
    from XrayToCTPanel.stack_bridge import stackFromVolume

    stack = stackFromVolume(node)
    facts = stack.provenance
    card = next(
        (card for card in cards if (card.id, card.version) == (facts.get("model_id"), facts.get("model_version"))), None
    )
    return dataclasses.replace(stack, card=card), card


def _draw(
    folder: Path, radiograph: Radiograph, stack: CtStack, reference: CtStack, report: FidelityReport
) -> dict[str, Path]:
    """Caption -> file, in the order of the page."""
    slab = f"slab {stack.slabs // 2 + 1} of {stack.slabs}"
    return {
        "Radiograph (simulated), estimated CT, reference CT and their difference": pictures.save_overview(
            folder / "overview.png", radiograph, stack, reference, report, title="Simulated radiograph to estimated CT"
        ),
        "The radiograph (simulated from a CT)": pictures.save_radiograph(folder / "radiograph.png", radiograph),
        f"Estimated CT, {slab}": pictures.save_slab(folder / "central-slab.png", stack),
        f"Reference CT, {slab}": pictures.save_slab(folder / "reference.png", reference, title="Reference CT"),
        "Difference, result - reference": pictures.save_difference(folder / "difference.png", report),
        "All slabs of the estimated CT": pictures.save_montage(folder / "slabs.png", stack),
        "All slabs of the reference CT": pictures.save_montage(
            folder / "reference-slabs.png", reference, title="Reference CT"
        ),
    }


def _save_scene(host: SlicerHost, path: Path) -> Path:
    if not host.save_scene(path):
        raise XrayToCTError(f"The scene could not be written to {path}.", hint="Check the folder and the free space.")
    return path
