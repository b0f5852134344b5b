"""``xray-to-ct compare``: how far stacks are from their reference."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .compare_batch import run_batch
from .compare_options import add_protocol, read_candidate, read_mask
from .console import ProgressLine, print_json, print_result, say
from .targets import refuse_existing


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "compare",
        help="measure stacks against their reference",
        description="Measure a stack or an image against a reference: a stack or image of the same field, or a CT or "
        "MR volume, which is projected. With --also, further candidates stand beside it in one table; with --batch, "
        "many cases are compared.",
    )
    parser.add_argument("stack", metavar="STACK", type=Path, nargs="?", help="a translated stack, or an image")
    parser.add_argument(
        "reference", metavar="REFERENCE", type=Path, nargs="?", help="a stack, an image, or a CT or MR volume"
    )
    parser.add_argument(
        "--also", metavar="STACK", type=Path, action="append", default=[], help="a further candidate (repeatable)"
    )
    parser.add_argument(
        "--radiograph", metavar="FILE", type=Path, help="the input: for --align registration, and the page"
    )
    parser.add_argument(
        "--mask", metavar="FILE", type=Path, help="where to measure: an image of 0 and 1 on either grid"
    )
    add_protocol(parser)
    parser.add_argument("--report", metavar="HTML", type=Path, help="write a self-contained page with pictures")
    parser.add_argument("--csv", metavar="CSV", type=Path, help="write the table, one line a candidate and metric")
    parser.add_argument(
        "--batch",
        metavar="CASES",
        type=Path,
        help="compare many cases: a CSV file (columns case, stack, reference; candidate, mask, radiograph) or a folder "
        "with one folder a case, each with reference.nrrd and the candidates beside it",
    )
    parser.add_argument(
        "-o", "--output", metavar="DIR", type=Path, default=Path("xray-to-ct-compare"), help="for --batch (%(default)s)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there")
    parser.add_argument("--json", action="store_true", help="print JSON on stdout")
    parser.set_defaults(run=lambda options: run(options, parser))


def run(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    if options.batch is not None:
        if options.stack or options.also or options.report or options.csv or options.radiograph:
            parser.error("--batch takes no STACK, REFERENCE, --also, --radiograph, --report or --csv")
        return run_batch(options)
    if options.reference is None:
        parser.error("give STACK and REFERENCE, or --batch CASES")
    return _run_one(options, parser)


def _run_one(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    from .. import read_radiograph
    from ..comparison import Candidate, ComparisonRequest, measure
    from ..comparison.page import write_page
    from ..fidelity.candidate_table import candidates_record, write_candidates_csv
    from ..fidelity.reference_file import read_any_reference
    from ..readers.file_format import input_stem

    inputs = (options.stack, options.reference, *options.also, options.radiograph, options.mask)
    if options.report is not None:
        if options.report.suffix.lower() not in (".html", ".htm"):
            parser.error(f"--report {options.report}: end its name in .html")
        refuse_existing(options.report, overwrite=options.overwrite, inputs=inputs)
    if options.csv is not None:
        refuse_existing(options.csv, overwrite=options.overwrite, inputs=inputs)
    files = [options.stack, *options.also]
    images = [read_candidate(file) for file in files]
    radiograph = read_radiograph(options.radiograph) if options.radiograph is not None else None
    reference = read_any_reference(options.reference, images[0], modality=options.modality)
    for file, read in zip((*files, options.reference), (*images, reference), strict=True):
        for warning in read.warnings:
            say(f"{file}: warning: {warning}")
    progress = ProgressLine(options.stack.name)
    try:
        reports = measure(
            ComparisonRequest(
                candidates=tuple(Candidate(input_stem(file), image) for file, image in zip(files, images, strict=True)),
                reference=reference,
                reference_name=input_stem(options.reference),
                alignment=options.align or "",
                view=options.view or "",
                mask=read_mask(options.mask) if options.mask is not None else None,
                radiograph=radiograph,
                metrics=options.metrics,
            ),
            progress,
        )
    finally:
        progress.end()
    for report in reports:
        for warning in (*report.warnings, *report.alignment_record.warnings):
            say(f"{report.candidate}: warning: {warning}")
    if options.csv is not None:
        say(f"Table: {write_candidates_csv(options.csv, reports).absolute()}")
    if options.report is not None:
        roles = {"candidate" if len(files) == 1 else f"candidate {n}": file for n, file in enumerate(files, 1)}
        roles |= {"reference": options.reference}
        roles |= {"radiograph": options.radiograph} if radiograph is not None else {}
        title = f"{', '.join(file.name for file in files)} against {options.reference.name}"
        write_page(
            options.report, reports, images, title=title, files=roles, reference=reference, radiograph=radiograph
        )
        say(f"Report: {options.report.absolute()}")
    if options.json:
        print_json(candidates_record(reports))
    else:
        for report in reports:
            print_result(f"{report.candidate}\n{report.table_text()}" if len(reports) > 1 else report.table_text())
    return 0
