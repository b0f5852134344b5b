"""``xray-to-ct translate``: radiograph files to stack files."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import XrayToCTError
from ..radiograph import View
from ..readers.file_format import input_stem
from .console import ProgressLine, print_json, print_result, say
from .device_option import add_device_option
from .targets import make_folder, refuse_existing

if TYPE_CHECKING:
    from ..ct_stack import CtStack
    from ..radiograph import Radiograph
    from ..trust.trust_report import TrustReport

_PREVIEW_PIXELS = 512  # of the longer side; a contact sheet shows no more, and several stacks are kept for it


@dataclass(frozen=True, slots=True)
class _Translated:
    small: Radiograph | None
    stack: CtStack
    dicom: Path | None
    trust: TrustReport | None


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "translate",
        help="translate radiographs into CT-like stacks",
        description="Translate radiographs (DICOM CR/DX/XA/RF, PNG, TIFF, JPEG, NRRD, NIfTI, MHA) into stacks of slabs "
        "in estimated HU. A file that cannot be translated does not stop the others. Not for diagnostic use.",
    )
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="radiograph")
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        type=Path,
        help="for one FILE: a .nrrd, .nii.gz, .nii or .mha file or a folder; for several: a folder "
        "(default: FILE's name with -ct-stack.nrrd, beside it)",
    )
    parser.add_argument("--model", metavar="MODEL", help="id, id@version, id:variant, or a model's folder")
    add_device_option(parser)
    parser.add_argument(
        "--spacing",
        metavar="MM",
        type=spacing_option,
        help="pixel spacing in mm at the detector, one number or ROW,COLUMN, instead of the file's",
    )
    parser.add_argument(
        "--polarity",
        choices=("auto", "bone-bright", "bone-dark"),
        default="auto",
        help="how the image looks (default: as the file says)",
    )
    parser.add_argument("--view", choices=[view.name for view in View], help="instead of the file's")
    parser.add_argument("--frame", type=int, default=0, metavar="N", help="frame of a multi-frame file, from 0")
    parser.add_argument(
        "--enhance", metavar="PIPELINE", help="enhance first: a preset, a filter, a .json file (see: enhance --list)"
    )
    parser.add_argument("--preview", metavar="PNG", type=Path, help="write a contact sheet: radiographs and slabs")
    parser.add_argument(
        "--dicom", metavar="DIR", type=Path, help="also write each stack as a DICOM object (secondary capture) into DIR"
    )
    parser.add_argument(
        "--patient-id", metavar="ID", help="with --dicom: of files that are no DICOM, which name no patient"
    )
    parser.add_argument(
        "--trust", action="store_true", help="also check how far each stack is to be believed (seven more small runs)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there")
    parser.add_argument("--json", action="store_true", help="print JSON on stdout")
    parser.set_defaults(run=lambda options: run(options, parser))


def run(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    from ..models.registry import find_model
    from ..translation.device import choose_device
    from ..translation.engine import NOT_FOR_DIAGNOSTIC_USE

    targets = _targets(options, parser)
    if options.preview is not None:
        if options.preview.suffix.lower() != ".png":
            parser.error(f"--preview {options.preview}: end its name in .png")
        refuse_existing(options.preview, overwrite=options.overwrite, inputs=options.files)
    # Before the first file: what is wrong for all of them is said once.
    find_model(options.model)
    if options.enhance is not None:
        from ..enhancement.presets import find_pipeline

        options.enhance = find_pipeline(options.enhance)
    choose_device(options.device)

    rows: list[dict[str, Any]] = []
    for_preview: list[tuple[str, Radiograph, CtStack]] = []
    taken: set[Path] = set()
    for file, target in zip(options.files, targets, strict=True):
        start = time.perf_counter()
        try:
            done = _translate_one(file, target, options, taken)
        except XrayToCTError as error:
            say(f"{file}: {error}")
            rows.append({"input": str(file), "ok": False, "error": error.message, "hint": error.hint})
            continue
        taken.add(target)
        rows.append(_row(file, target, done, time.perf_counter() - start))
        for warning in done.stack.warnings:
            say(f"{file}: warning: {warning}")
        for flag in done.trust.flags if done.trust is not None else ():
            say(f"{file}: {flag.level.value}: {flag.sentence}")
        if not options.json:
            print_result(str(target))
            if done.dicom is not None:
                print_result(str(done.dicom))
        if done.small is not None:
            for_preview.append((file.name, done.small, _reduced_stack(done.stack)))
    if for_preview:
        from ..fidelity.pictures import save_contact_sheet

        save_contact_sheet(options.preview, for_preview)
    if options.json:
        preview = str(options.preview.absolute()) if for_preview else None
        print_json({"results": rows, "preview": preview, "not_for_diagnostic_use": True})
    say(NOT_FOR_DIAGNOSTIC_USE)
    return 0 if all(row["ok"] for row in rows) else 1


def _translate_one(file: Path, target: Path, options: argparse.Namespace, taken: set[Path]) -> _Translated:
    from .. import enhance, read_radiograph, translate, trust, write_dicom
    from ..translation.stack_file import write_stack

    if target in taken:
        raise XrayToCTError(f"{target} was just written for another file.", hint="Rename one of the two files.")
    if target.exists() and file.exists() and target.samefile(file):
        raise XrayToCTError(f"{target} is the radiograph itself.", hint="Choose another name for the stack.")
    refuse_existing(target, overwrite=options.overwrite, inputs=options.files)
    view = View[options.view] if options.view else None
    radiograph = read_radiograph(file, spacing=options.spacing, polarity=options.polarity, view=view)
    radiograph = radiograph.frame(options.frame)
    progress = ProgressLine(file.name)
    try:
        if options.enhance is not None:
            radiograph = enhance(radiograph, options.enhance, progress=progress)
        small = _reduced_radiograph(radiograph) if options.preview is not None else None
        # Only the check needs the radiograph again: else its memory is free before the stack is made.
        given = [radiograph]
        del radiograph
        stack = translate(
            given[0] if options.trust else given.pop(), model=options.model, device=options.device, progress=progress
        )
        checked = trust(stack, given[0], model=options.model, device=options.device) if options.trust else None
    finally:
        progress.end()
    stack = replace(stack, provenance={**stack.provenance, "source_frame": str(options.frame)})
    dicom = None
    if options.dicom is not None:  # first: it is the one that may have no patient to name
        dicom = write_dicom(stack, options.dicom, patient_id=options.patient_id, overwrite=options.overwrite)
    write_stack(stack, target, overwrite=options.overwrite)
    return _Translated(small, stack, dicom, checked)


def _targets(options: argparse.Namespace, parser: argparse.ArgumentParser) -> list[Path]:
    """The file to write for each input."""
    from ..translation.stack_file import stack_suffix

    output: Path | None = options.output
    if output is not None and len(options.files) == 1 and not output.is_dir() and stack_suffix(output):
        return [output.absolute()]
    if output is not None and (len(options.files) == 1 or stack_suffix(output)) and not output.is_dir():
        several = f"for {len(options.files)} files, it must be a folder"
        one = "end its name in .nrrd, .nii.gz, .nii or .mha, or give a folder that exists"
        parser.error(f"-o {output}: {one if len(options.files) == 1 else several}")
    if output is not None:
        make_folder(output)
    return [
        ((output if output is not None else file.parent) / f"{input_stem(file)}-ct-stack.nrrd").absolute()
        for file in options.files
    ]


def _row(file: Path, target: Path, done: _Translated, seconds: float) -> dict[str, Any]:
    stack = done.stack
    more: dict[str, Any] = {"dicom": str(done.dicom)} if done.dicom is not None else {}
    if done.trust is not None:
        more["trust"] = done.trust.to_record()
    return {
        "input": str(file),
        "ok": True,
        "output": str(target),
        **more,
        "shape": list(stack.hu.shape),
        "spacing_mm": list(stack.spacing),
        "slab_thickness_mm": stack.slab_thickness,
        "view": stack.view.name,
        "warnings": list(stack.warnings),
        "provenance": dict(stack.provenance),
        "seconds": round(seconds, 3),
    }


def _reduced_radiograph(radiograph: Radiograph) -> Radiograph:
    from ..translation.resample import resample

    shape, spacing = _reduced_grid(radiograph.shape, radiograph.spacing)
    return replace(radiograph, pixels=resample(radiograph.pixels[0], shape)[None], spacing=spacing)


def _reduced_stack(stack: CtStack) -> CtStack:
    import numpy as np

    from ..translation.resample import resample

    rows, cols = stack.hu.shape[1:]
    shape, spacing = _reduced_grid((rows, cols), stack.spacing)
    return replace(stack, hu=np.stack([resample(slab, shape) for slab in stack.hu]), spacing=spacing)


def _reduced_grid(shape: tuple[int, int], spacing: tuple[float, float]) -> tuple[tuple[int, int], tuple[float, float]]:
    factor = max(1.0, max(shape) / _PREVIEW_PIXELS)
    rows, cols = (max(1, round(n / factor)) for n in shape)
    return (rows, cols), (spacing[0] * shape[0] / rows, spacing[1] * shape[1] / cols)


def spacing_option(text: str) -> tuple[float, float]:
    """ "0.15" or "0.15,0.2" as (row, column) mm, for argparse."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if not 1 <= len(numbers) <= 2 or not all(0 < number < 100 for number in numbers):
        raise argparse.ArgumentTypeError(f"{text!r} is not one number or ROW,COLUMN, in mm, above 0 and below 100")
    return numbers[0], numbers[-1]
