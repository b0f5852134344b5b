"""``xray-to-ct demo``: the sample radiograph translated, measured against its reference, and put on one page."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..errors import XrayToCTError
from .console import ProgressLine, print_result, say
from .device_option import add_device_option
from .targets import make_folder

RADIOGRAPH = "XrayToCT-sample-chest-PA.dcm"
REFERENCE = "XrayToCT-sample-reference-stack.nrrd"
_LIBRARY = Path(__file__).resolve().parents[1]
# in a checkout beside the library, in a Slicer package beside the module, in a wheel inside the library
_PLACES = (
    _LIBRARY.parent / "XrayToCT" / "Resources" / "SampleData",
    _LIBRARY.parent / "Resources" / "SampleData",
    _LIBRARY / "Resources" / "SampleData",
)


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "demo",
        help="translate the sample radiograph and write a report",
        description="Translate the sample radiograph (simulated from a CT, not a real one), measure the result against "
        "its reference, and write stack, pictures and a self-contained page.",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        type=Path,
        default=Path("xray-to-ct-demo"),
        help="folder (default: %(default)s)",
    )
    parser.add_argument("--model", metavar="MODEL", help="id, id@version, or a model's folder (default: chest)")
    add_device_option(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from .. import read_radiograph, read_stack, translate, write_stack
    from ..fidelity import compare, pictures
    from ..fidelity.report import write_report
    from ..translation.engine import NOT_FOR_DIAGNOSTIC_USE

    radiograph = read_radiograph(find_sample(RADIOGRAPH))
    reference = read_stack(find_sample(REFERENCE))
    folder = make_folder(options.output.absolute())
    progress = ProgressLine(RADIOGRAPH)
    try:
        stack = translate(radiograph, model=options.model, device=options.device, progress=progress)
    finally:
        progress.end()
    for warning in stack.warnings:
        say(f"Warning: {warning}")
    report = compare(stack, reference)
    results = [
        write_stack(stack, folder / "ct-stack.nrrd"),
        pictures.save_radiograph(folder / "radiograph.png", radiograph),
        pictures.save_overview(folder / "overview.png", radiograph, stack, reference, report),
        pictures.save_montage(folder / "slabs.png", stack),
        pictures.save_montage(folder / "reference-slabs.png", reference, title="Reference CT"),
        pictures.save_difference(folder / "difference.png", report),
        report.to_csv(folder / "fidelity.csv"),
        write_report(
            folder / "report.html",
            title="XrayToCT: the sample radiograph",
            pictures=[
                ("Radiograph, estimated CT, reference CT and difference", folder / "overview.png"),
                ("All slabs of the estimated CT", folder / "slabs.png"),
                ("All slabs of the reference CT", folder / "reference-slabs.png"),
                ("Difference of the central slab", folder / "difference.png"),
            ],
            report=report,
            radiograph=radiograph,
            stack=stack,
            extra={"The sample": "The radiograph was simulated by projection of a CT; it is not a real radiograph."},
        ),
    ]
    say(report.table_text())
    for path in results:
        print_result(str(path))
    say(NOT_FOR_DIAGNOSTIC_USE)
    return 0


def find_sample(name: str) -> Path:
    """A file of the sample.

    Raises:
        XrayToCTError: it did not come with this installation.
    """
    for place in _PLACES:
        if (place / name).is_file():
            return place / name
    raise XrayToCTError(
        f"The sample {name} did not come with this installation.",
        hint="Run the demo from a checkout of XrayToCT, or translate a file of your own.",
    )
