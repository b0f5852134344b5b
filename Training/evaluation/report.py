"""Report: one page that says how good a model is beside all that it has to beat, with the protocol at every table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.fidelity import page
from XrayToCTLib.version import __version__
from XrayToCTLib.whole_file import write_whole

from . import protocol
from .behaviour_sections import (
    PICTURED,
    costs_section,
    hallucination_section,
    robustness_section,
    spectrum_section,
)
from .figures import save_slabs
from .records import FOLDER, Evaluation, pooled, read_evaluation
from .table import Table, write_table_csv
from .table_sections import bars_section, core_section, differences_section, tissues_section

if TYPE_CHECKING:
    from Training.config import RunConfig

REPORT_FILE = "report.html"
_LARGEST_PAGE_PATIENTS = 20


def report(config: RunConfig) -> Path:
    """The page of an evaluated run, pooled with the folds that its settings name; returns the page's path."""
    settings = config.evaluation
    path = report_runs(
        [config.run, *settings.folds],
        resamples=settings.resamples,
        seed=settings.seed,
        remarks=settings.remarks,
    )
    print(f"written to {path}")
    return path


def report_runs(
    runs: Sequence[Path],
    output: Path | None = None,
    *,
    title: str | None = None,
    resamples: int = 10_000,
    seed: int = 0,
    remarks: Sequence[str] = (),
) -> Path:
    """Write the page, its figures and the table as CSV; returns the page's path.

    Args:
        runs: folders that were evaluated. Several are the folds of one cross-validation, whose test
            patients are pooled.
        output: folder to write into; the (first) run's when None.
        remarks: sentences of whoever trained, below the bars.

    Raises:
        XrayToCTError: a run was not evaluated, a patient is tested in two of them, or the folder cannot be written to.
    """
    if not runs:
        raise XrayToCTError("There is no run to report.", hint="Name at least one evaluated run.")
    evaluation = pooled([read_evaluation(run) for run in runs])
    output = output or runs[0]
    folder = output / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    table = Table(evaluation.rows, resamples=resamples, seed=seed)
    write_table_csv(folder / "table.csv", table)
    title = title or f"How good is {runs[0].name}?"
    body = [
        page.paragraph(
            f"Made by XrayToCT {__version__}, {datetime.now(timezone.utc):%Y-%m-%d %H:%M UTC}. "
            f"{protocol.NOT_A_RADIOGRAPH}",
            soft=True,
        ),
        bars_section(evaluation, table, remarks),
        core_section(evaluation, table, folder),
        differences_section(evaluation, table),
        _pictures(evaluation, folder),
        tissues_section(evaluation, table),
        spectrum_section(evaluation, table, folder),
        hallucination_section(evaluation, folder, resamples, seed),
        robustness_section(evaluation, folder),
        costs_section(evaluation),
        page.section("Protocol", page.bullets(_protocol(evaluation, resamples))),
    ]
    return write_whole(output / REPORT_FILE, page.page(title, body))


def _protocol(evaluation: Evaluation, resamples: int) -> tuple[str, ...]:
    return (*protocol.sentences(evaluation.field, evaluation.patients, resamples), protocol.BASELINES_TEXT)


def _pictures(evaluation: Evaluation, folder: Path) -> str:
    if len(evaluation.patients) > _LARGEST_PAGE_PATIENTS:
        shown = evaluation.patients[:_LARGEST_PAGE_PATIENTS]
    else:
        shown = evaluation.patients
    predictors = [*evaluation.labels, *PICTURED]
    figures = [
        page.figure(
            save_slabs(folder / f"slabs-{number}.png", evaluation, patient, predictors),
            f"{patient}: reference and predictions from calibrated line integrals; anterior, central and posterior "
            "slab.",
        )
        for number, patient in enumerate(shown)
        if f"{patient}/radiograph" in evaluation.slabs
    ]
    return page.section("Pictures", *figures)
