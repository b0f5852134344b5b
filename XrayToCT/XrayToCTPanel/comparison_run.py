"""Comparison run: candidates against a reference as steps of a run; the numbers are made in a process of their own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from XrayToCTLib.comparison import Candidate, ComparisonRequest, measure
from XrayToCTLib.comparison.charts import Chart
from XrayToCTLib.comparison.child import PAGE
from XrayToCTLib.comparison.files import read_reports, write_request
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.fidelity import FidelityReport
from XrayToCTLib.progress import ComparisonCancelled
from XrayToCTLib.radiograph import Radiograph
from XrayToCTLib.worker.exchange_folder import ExchangeFolder

from .comparison_job import ComparisonJob
from .comparison_maps import mapsOf, showMaps
from .comparison_nodes import candidateSteps, checkImage, lineOn, maskSteps, referenceSteps
from .display import removeWithDisplay
from .enhancement_job import EnhancementJob
from .fidelity_table import tableFromReports
from .map_volume import mapVolumes
from .plot_nodes import chartsOf, chartSteps, removeChart
from .provenance import SOURCE_REFERENCE
from .radiograph_reading import radiographSteps
from .run import Progress, Run, ThreadJob, Wait

_READ, _MEASURED = 0.15, 0.95  # shares of the progress
AUTO, WHERE_THEY_LIE = "auto", "none"


@dataclass(frozen=True, slots=True)
class ComparisonOptions:
    """How to compare.

    Attributes:
        mask: None takes the body; else as for comparison_nodes.maskSteps.
        line: a markups line for the profile, or None for the row through the middle of the body.
        alignment: "auto", or a key of XrayToCTLib.comparison.ALIGNMENTS.
        view: "auto", "PA", "AP" or "LATERAL".
        modality: of a reference volume: "auto", "CT" or "MR".
        maps, charts: whether difference and SSIM volumes, and plots, are made.
        here: in a thread of this process, which starts sooner: for scripts that wait. No page can be made then.
    """

    mask: Any = None
    line: Any = None
    alignment: str = AUTO
    view: str = AUTO
    modality: str = AUTO
    maps: bool = True
    charts: bool = True
    here: bool = False


@dataclass(slots=True)
class Comparison:
    """What a comparison has made.

    Attributes:
        reports: one a candidate.
        table: vtkMRMLTableNode.
        maps: difference and SSIM volumes of all candidates.
        charts: vtkMRMLPlotChartNode.
        folder: request and reports as files, for the page; removed by ``forget``.
    """

    reports: tuple[FidelityReport, ...]
    table: Any = None
    maps: list[Any] = field(default_factory=list)
    charts: list[Any] = field(default_factory=list)
    folder: ExchangeFolder | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """Those of all reports and alignments, each once."""
        said = (text for report in self.reports for text in (*report.warnings, *report.alignment_record.warnings))
        return tuple(dict.fromkeys(said))

    def forget(self) -> None:
        """Removes the files; the nodes stay."""
        folder, self.folder = self.folder, None
        if folder is not None:
            folder.remove()


def startComparison(candidates: Sequence[Any], referenceVolume: Any, options: ComparisonOptions) -> Run:
    """A run, started, whose result is a Comparison.

    Raises:
        XrayToCTError: what can be seen at once to be impossible.
    """
    if not candidates:
        raise XrayToCTError("No candidate is chosen.", hint="Choose one or more volumes to be measured.")
    for node in candidates:
        checkImage(node, "candidate")
        if node is referenceVolume and len(candidates) > 1:
            raise XrayToCTError(
                f"{node.GetName()} is candidate and reference at once.", hint="Take it off the candidates."
            )
    checkImage(referenceVolume, "reference")
    steps = comparisonSteps(list(candidates), referenceVolume, options)
    return Run(steps, guard=stillThere(*candidates, referenceVolume), cancelled=ComparisonCancelled).start()


def comparisonSteps(
    candidates: list[Any], referenceVolume: Any, options: ComparisonOptions
) -> Generator[Any, Any, Comparison]:
    """Measures; the nodes of the result are made at the very end. The images are only read."""
    yield Progress(0.0, "reading the images")
    request = yield from requestSteps(candidates, referenceVolume, options)
    line = lineOn(options.line, candidates[0]) if options.line is not None else None
    folder: ExchangeFolder | None = None
    made = Comparison(())
    earlierCharts = chartsOf(candidates[0])
    earlierMaps = {node.GetID() for candidate in candidates for node in mapVolumes(candidate)}
    try:
        if options.here:
            made = Comparison((yield Wait(EnhancementJob(measure, request, phase="comparing"), _READ, _MEASURED)))
            drawn = []
        else:
            folder = ExchangeFolder()
            made = Comparison((), folder=folder)
            made.reports, drawn = yield from _elsewhereSteps(folder.path, request, line)
        del request
        maps = []
        if options.maps:
            maps = yield ThreadJob(lambda: [mapsOf(report) for report in made.reports], phase="making the maps")
        if options.charts:
            yield Progress(_MEASURED, "showing the plots")
            for chart in drawn:
                made.charts.append((yield from chartSteps(chart, candidates[0], earlierCharts)))
        for each, candidate in zip(maps, candidates, strict=False):
            yield Progress(_MEASURED, "showing the maps")
            made.maps += showMaps(each, candidate)
        made.table = tableFromReports(made.reports, candidates, referenceVolume)
        for node in earlierCharts if options.charts else ():  # under the same names they would lie beside the new ones
            removeChart(node)
        folder = None  # it belongs to the result now
        return made
    except BaseException:  # also GeneratorExit: the run was cancelled
        for node in made.charts:
            removeChart(node)
        for candidate in candidates:
            for node in mapVolumes(candidate):
                if node.GetID() not in earlierMaps:
                    removeWithDisplay(node)
        raise
    finally:
        if folder is not None:
            folder.remove()


def _elsewhereSteps(
    folder: Path, request: ComparisonRequest, line: Any
) -> Generator[Any, Any, tuple[tuple[FidelityReport, ...], list[Chart]]]:
    """The reports and charts that a process of its own makes."""
    ends, slab = line if line is not None else (None, None)
    writing = ThreadJob(write_request, folder, request, line=ends, slab=slab, phase="handing over the images")
    yield Wait(writing, _READ / 2, _READ)
    yield Wait(ComparisonJob("measure", folder, phase="starting the comparison"), _READ, _MEASURED)
    read: tuple[tuple[FidelityReport, ...], list[Chart]] = yield ThreadJob(read_reports, folder)
    return read


def requestSteps(
    candidates: list[Any], referenceVolume: Any, options: ComparisonOptions
) -> Generator[Any, Any, ComparisonRequest]:
    """The request, taken out of the scene."""
    modality = "" if options.modality == AUTO else options.modality
    images = []
    for node in candidates:
        image = yield from candidateSteps(node)
        images.append(Candidate(node.GetName() or "candidate", image))
    reference = yield from referenceSteps(referenceVolume, candidates[0], modality)
    mask = yield from maskSteps(options.mask, candidates[0], referenceVolume)
    radiograph: Radiograph | None = None
    source = candidates[0].GetNodeReference(SOURCE_REFERENCE)
    if source is not None:
        radiograph = yield from _radiographSteps(source)
    alignment = "" if options.alignment == AUTO else options.alignment
    return ComparisonRequest(
        candidates=tuple(images),
        reference=reference,
        reference_name=referenceVolume.GetName() or "reference",
        alignment=alignment,
        view="" if options.view == AUTO else options.view,
        mask=mask,
        radiograph=radiograph,
    )


def startPage(comparison: Comparison, path: Path) -> Run:
    """A run, started, that writes the comparison's page to ``path`` and returns it."""
    return Run(pageSteps(comparison, path), cancelled=ComparisonCancelled).start()


def pageSteps(comparison: Comparison, path: Path) -> Generator[Any, Any, Path]:
    """Draws the page in a process of its own; ``path`` is written wholly or not at all."""
    folder = comparison.folder
    if folder is None or not folder.path.is_dir():
        raise XrayToCTError("The comparison's images are gone.", hint="Compare again.")
    yield Wait(ComparisonJob("page", folder.path, phase="drawing the page"), 0.0, 0.95)
    yield ThreadJob(_copyWhole, folder.path / PAGE, path, phase="writing the page")
    return path


def _copyWhole(source: Path, target: Path) -> None:
    part = target.with_name(f".{target.name}.part")
    try:
        shutil.copyfile(source, part)
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise XrayToCTError(
            f"{target} could not be written: {error.strerror or error}.", hint="Choose a folder that you may write to."
        ) from error


def _radiographSteps(node: Any) -> Generator[Any, Any, Radiograph | None]:
    """The source of the candidate; None where it is no radiograph any more: only a registration would need it."""
    try:
        return (yield from radiographSteps(node))
    except XrayToCTError:
        return None


def stillThere(*nodes: Any) -> Callable[[], None]:
    """A guard that raises XrayToCTError when one of the nodes is gone."""
    names = [node.GetName() or "The volume" for node in nodes]

    def check() -> None:
        import slicer

        for node, name in zip(nodes, names, strict=True):
            if slicer.mrmlScene.GetNodeByID(node.GetID() or "") is not node:
                raise XrayToCTError(f"{name} is gone, so the comparison was stopped.", hint="Choose another one.")

    return check
