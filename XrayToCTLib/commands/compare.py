"""``xray-to-ct compare``: how far a stack is from its reference."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .console import print_json, print_result, say
from .targets import refuse_existing

if TYPE_CHECKING:
    from ..ct_stack import CtStack
    from ..fidelity import FidelityReport


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "compare",
        help="measure a stack against its reference",
        description="Measure a stack against a reference stack of the same view, field and slabs, where they lie.",
    )
    parser.add_argument("stack", metavar="STACK", type=Path, help="a translated stack")
    parser.add_argument("reference", metavar="REFERENCE", type=Path, help="a reference stack (see: project --stack)")
    parser.add_argument("--report", metavar="HTML", type=Path, help="write a self-contained page with pictures")
    parser.add_argument("--overwrite", action="store_true", help="replace a report that is there")
    parser.add_argument("--json", action="store_true", help="print JSON on stdout")
    parser.set_defaults(run=lambda options: run(options, parser))


def run(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    from ..fidelity import compare
    from ..translation.stack_file import read_stack

    if options.report is not None:
        if options.report.suffix.lower() not in (".html", ".htm"):
            parser.error(f"--report {options.report}: end its name in .html")
        refuse_existing(options.report, overwrite=options.overwrite)
    stack, reference = read_stack(options.stack), read_stack(options.reference)
    for file, read in ((options.stack, stack), (options.reference, reference)):
        for warning in read.warnings:
            say(f"{file}: warning: {warning}")
    report = compare(stack, reference)
    if options.report is not None:
        _write_page(options.report, options.stack.name, stack, reference, report)
        say(f"Report: {options.report.absolute()}")
    if options.json:
        print_json(json.loads(report.to_json()))
    else:
        print_result(report.table_text())
    return 0


def _write_page(path: Path, name: str, stack: CtStack, reference: CtStack, report: FidelityReport) -> None:
    from ..fidelity.pictures import save_difference, save_montage, save_slab
    from ..fidelity.report import write_report

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        pictures = [
            ("Central slab of the stack", save_slab(folder / "slab.png", stack)),
            ("The reference's central slab", save_slab(folder / "reference.png", reference, title="Reference")),
            ("Difference: stack - reference", save_difference(folder / "difference.png", report)),
            ("All slabs of the stack", save_montage(folder / "montage.png", stack)),
            ("All slabs of the reference", save_montage(folder / "truth.png", reference, title="Reference")),
        ]
        write_report(path, title=f"{name} against its reference", pictures=pictures, report=report, stack=stack)
