"""``xray-to-ct project``: a simulated radiograph, and the reference stack that goes with it, from a CT."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..radiograph import View
from ..radiograph_file import write_radiograph
from .console import print_result, say
from .targets import refuse_existing

if TYPE_CHECKING:
    from ..radiograph import Radiograph

_SUFFIXES = (".dcm", ".png", ".nrrd")


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "project",
        help="simulate a radiograph from a CT",
        description="Simulate a radiograph from a CT by projection, and the stack of slabs that a perfect translation "
        "of it would be.",
    )
    parser.add_argument("ct", metavar="CT", type=Path, help="a CT volume in HU")
    parser.add_argument("-o", "--output", metavar="OUT", type=Path, required=True, help="a .dcm, .png or .nrrd file")
    parser.add_argument("--view", choices=[view.name for view in View], default="PA", help="direction of the rays")
    parser.add_argument("--stack", metavar="NRRD", type=Path, help="write the reference stack too")
    parser.add_argument(
        "--keep-table", action="store_true", help="project the CT's table and cables too; by default only the patient"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there")
    parser.set_defaults(run=lambda options: run(options, parser))


def run(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    from ..projection import project, read_ct, reference_stack, remove_table
    from ..translation.stack_file import stack_suffix, write_stack

    if options.output.suffix.lower() not in _SUFFIXES:
        parser.error(f"-o {options.output}: end its name in one of {', '.join(_SUFFIXES)}")
    if options.stack is not None and stack_suffix(options.stack) is None:
        parser.error(f"--stack {options.stack}: end its name in .nrrd, .nii.gz, .nii or .mha")
    targets = [path.absolute() for path in (options.output, options.stack) if path is not None]
    if len({*targets, options.ct.absolute()}) <= len(targets):
        parser.error("CT, OUT and --stack must be different files")
    for target in targets:
        refuse_existing(target, overwrite=options.overwrite, inputs=(options.ct,))
    volume = read_ct(options.ct)
    if not options.keep_table:
        volume = remove_table(volume)
    say(f"{options.ct.name}: projecting, {options.view} view")
    radiograph = project(volume, view=options.view)
    stack = reference_stack(volume, view=options.view) if options.stack is not None else None
    _write(radiograph, targets[0], options.ct.name)
    print_result(str(targets[0]))
    if stack is not None:
        print_result(str(write_stack(stack, targets[1])))
    return 0


def _write(radiograph: Radiograph, path: Path, ct_name: str) -> None:
    write_radiograph(
        radiograph,
        path,
        value_range=(float(radiograph.pixels.min()), float(radiograph.pixels.max())),
        derivation=f"Simulated from a CT by projection; not a real radiograph. {' '.join(radiograph.history)}",
        patient_id="SIMULATED",
        credit=f"CT: {ct_name}",
    )
