"""``xray-to-ct batch``: folders, globs or a CSV of radiographs to stack files."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..radiograph import View
from .console import print_json, print_result, say
from .device_option import add_device_option
from .translate import spacing_option

if TYPE_CHECKING:
    from ..batches.outcome import Row

_EVERY_S = 10.0  # between two lines of progress where nobody looks on


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "batch",
        help="translate folders, globs or a CSV of radiographs",
        description="Translate many radiographs into stacks of slabs in estimated HU. A file that cannot be translated "
        "does not stop the others. Started again, it skips what is done and goes on. A summary with warnings, "
        "input-gate and trust flags, timings and errors is written to OUT/xray-to-ct-batch.csv. Not for diagnostic "
        "use.",
    )
    parser.add_argument(
        "inputs",
        metavar="IN",
        nargs="+",
        help='folders (with all below them), "patterns" (** for any folders), files; or one CSV with a column path '
        "and perhaps output, spacing, polarity, view, frame, patient_id",
    )
    parser.add_argument("output", metavar="OUT", help="folder for the results; the inputs' folders are mirrored in it")
    parser.add_argument("--model", metavar="MODEL", help="id, id@version, id:variant, or a model's folder")
    add_device_option(parser)
    parser.add_argument(
        "--enhance", metavar="PIPELINE", help="enhance first: a preset, a filter, a .json file (see: enhance --list)"
    )
    parser.add_argument("--format", choices=_formats(), default="nrrd", help="of the results (default: nrrd)")
    parser.add_argument("--compress", action="store_true", help="gzip inside .nrrd and .mha: smaller, and much slower")
    parser.add_argument(
        "--spacing", metavar="MM", type=spacing_option, help="pixel spacing in mm, one number or ROW,COLUMN"
    )
    parser.add_argument("--polarity", choices=("auto", "bone-bright", "bone-dark"), default="auto")
    parser.add_argument("--view", choices=[view.name for view in View], help="instead of the files'")
    parser.add_argument(
        "--frame",
        metavar="N",
        type=_frame_option,
        default=0,
        help='of multi-frame files: from 0, or "all" (default: 0)',
    )
    parser.add_argument("--patient-id", metavar="ID", help="for --format dicom from files that are no DICOM")
    parser.add_argument(
        "--trust",
        choices=_trusts(),
        default="quick",
        help="check each stack's trust for the summary: full runs the network seven more times (default: quick)",
    )
    parser.add_argument("--jobs", metavar="N", type=int, default=1, help="processes, each with a network (default: 1)")
    parser.add_argument(
        "--scheduler",
        metavar="local|ADDRESS",
        help="run on Dask: a cluster of --jobs worker processes on this machine, or that of a running scheduler",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there and were made otherwise")
    parser.add_argument("--json", action="store_true", help="print JSON on stdout")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from .. import batch
    from ..translation.engine import NOT_FOR_DIAGNOSTIC_USE

    failures: list[dict[str, Any]] = []
    line = _BatchLine()

    def on_row(row: Row) -> None:
        if row.status == "failed":
            line.say(f"{row.input}: {row.error} {row.hint}")
            failures.append({"input": row.input, "frame": row.frame, "error": row.error, "hint": row.hint})

    before = _interrupt_on_term()
    try:
        report = batch(
            options.inputs,
            options.output,
            model=options.model,
            device=options.device,
            enhance=options.enhance,
            format=options.format,
            compress=options.compress,
            spacing=options.spacing,
            polarity=options.polarity,
            view=options.view,
            frame=options.frame,
            patient_id=options.patient_id,
            trust=options.trust,
            jobs=options.jobs,
            scheduler=options.scheduler,
            overwrite=options.overwrite,
            progress=line,
            on_row=on_row,
        )
    except KeyboardInterrupt:
        line.say("Stopped: what is done is whole. The same command goes on from there.")
        raise
    finally:
        line.end()
        if before is not None:
            signal.signal(signal.SIGTERM, before)
    if options.json:
        record = {**asdict(report), "summary": str(report.summary), "failures": failures}
        print_json({**record, "not_for_diagnostic_use": True})
    else:
        print_result(str(report.summary))
    over = f", {report.passed_over} files are no images" if report.passed_over else ""
    flags = f", {report.flagged} flagged by the input gate" if report.flagged else ""
    flags += f", {report.doubtful} doubtful" if report.doubtful else ""
    say(f"{report.done} done, {report.skipped} done before, {report.failed} failed{flags}{over}.")
    say(NOT_FOR_DIAGNOSTIC_USE)
    return 0 if report.ok else 1


class _BatchLine:
    """Progress on stderr: one line that changes on a terminal, a line every few seconds elsewhere."""

    def __init__(self) -> None:
        self._on_terminal = sys.stderr.isatty()
        self._width = 0
        self._last = float("-inf")

    def __call__(self, fraction: float, phase: str) -> None:
        if self._on_terminal:
            text = f"{100 * fraction:3.0f} % {phase}"
            print("\r" + text.ljust(self._width), end="", file=sys.stderr, flush=True)
            self._width = len(text)
        elif fraction >= 1.0 or time.monotonic() - self._last >= _EVERY_S:
            self._last = time.monotonic()
            say(f"{100 * fraction:3.0f} % {phase}")

    def say(self, text: str) -> None:
        """A line of its own."""
        self.end()
        say(text)

    def end(self) -> None:
        if self._width:
            print(file=sys.stderr, flush=True)
            self._width = 0


def _interrupt_on_term() -> Any:
    """Schedulers of clusters end a job with SIGTERM: to be left as tidily as by Ctrl-C. Returns what was there."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    try:
        return signal.signal(signal.SIGTERM, interrupt)
    except ValueError:  # not the main thread of a program: its owner decides
        return None


def _frame_option(text: str) -> int | str:
    if text == "all":
        return text
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f'{text!r} is neither a number from 0 nor "all"')
    return int(text)


def _trusts() -> tuple[str, ...]:
    from ..batches.task import TRUST

    return TRUST


def _formats() -> list[str]:
    from ..batches.task import FORMATS

    return list(FORMATS)
