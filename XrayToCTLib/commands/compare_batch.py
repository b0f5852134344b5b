"""``xray-to-ct compare --batch``: many cases, a page of distributions and a table."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from .compare_options import compare_case
from .console import ProgressLine, print_json, print_result, say
from .targets import make_folder, refuse_existing

if TYPE_CHECKING:
    from ..fidelity import FidelityReport
    from ..fidelity.batch_cases import Case

PAGE, TABLE = "report.html", "metrics.csv"


def run_batch(options: argparse.Namespace) -> int:
    """Compare the cases of ``options.batch`` into the folder ``options.output``; 1 when a case failed."""
    from ..fidelity.batch_cases import read_cases
    from ..fidelity.batch_compare import compare_cases
    from ..fidelity.batch_report import write_batch_report
    from ..fidelity.distributions import distributions, write_batch_csv

    def comparer(case: Case) -> FidelityReport:
        return compare_case(case, options)

    cases = read_cases(options.batch)
    folder = make_folder(options.output.absolute())
    for name in (PAGE, TABLE):
        refuse_existing(folder / name, overwrite=options.overwrite, inputs=(options.batch,))
    progress = ProgressLine(options.batch.name)
    try:
        results = compare_cases(cases, comparer=comparer, progress=progress)
    finally:
        progress.end()
    failed = [result for result in results if result.failed]
    for result in failed:
        say(f"{result.case.name}: {result.error}")
    written: list[Path] = [write_batch_csv(folder / TABLE, results)]
    if len(failed) < len(results):
        files = {"cases": options.batch} if options.batch.is_file() else {}
        title = f"{options.batch.name} against references"
        written.append(write_batch_report(folder / PAGE, results, title=title, files=files, comparer=comparer))
    say(f"{len(results) - len(failed)} of {len(results)} comparisons made.")
    if options.json:
        rows = [
            {
                "candidate": item.candidate,
                "metric": item.metric,
                "variant": item.variant,
                "unit": item.unit,
                "slabs": item.slabs,
                "region": item.region,
                "cases": len(item.values),
                "mean": item.mean.mean,
                "interval95": [item.mean.low, item.mean.high] if item.mean.low <= item.mean.high else None,
                "median": item.quartiles[1],
            }
            for item in distributions(results)
        ]
        failures = [{"case": result.case.name, "error": result.error} for result in failed]
        print_json({"files": [str(path) for path in written], "distributions": rows, "failed": failures})
    else:
        for path in written:
            print_result(str(path))
    return 1 if failed else 0
