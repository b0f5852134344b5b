"""``xray-to-ct study``: a blinded reader study: made, checked, evaluated. It is read in Slicer."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import XrayToCTError
from .console import ProgressLine, print_json, print_result, say
from .targets import refuse_existing

if TYPE_CHECKING:
    from ..reader_study import CandidateFile


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "study",
        help="make, check and evaluate a blinded reader study",
        description="A blinded reader study: experts judge images without knowing what made them. Reading is done in "
        "Slicer (module X-ray to CT, section Reader study).",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    _add_create(actions)
    _add_check(actions)
    _add_results(actions)


def _add_create(actions: Any) -> None:
    create = actions.add_parser(
        "create",
        help="make a study file",
        description="Make a study from a folder with one folder a method and in it one file a case "
        "(real/patient1.nrrd, model/patient1.nrrd), or from a CSV table with the columns case, method, origin, file. "
        "A folder with one DICOM series may stand for a file.",
    )
    create.add_argument("source", metavar="SOURCE", type=Path, help="the folder, or the .csv table")
    create.add_argument("-o", "--output", metavar="STUDY", type=Path, required=True, help="the .json file to write")
    create.add_argument("--title", default="", help="shown to the readers; must not name a method")
    create.add_argument("--id", help="letters, digits, - and _ (default: from the name of STUDY)")
    create.add_argument(
        "--real", metavar="METHOD", action="append", help="a folder of real images (default: real); may be repeated"
    )
    create.add_argument("--cases-first", action="store_true", help="SOURCE has one folder a case, one file a method")
    create.add_argument("--readers", metavar="CODES", default="", help="who may take part: R1,R2,R3")
    create.add_argument("--repeats", metavar="N", type=int, default=0, help="images shown a second time")
    create.add_argument("--seed", type=int, help="of the random order (default: drawn)")
    create.add_argument("--window", type=float, help="width, in the units of the images (default: measured)")
    create.add_argument("--level", type=float, help="centre (default: measured)")
    create.add_argument(
        "--orientation", choices=("image", "anatomical"), default="image", help="the planes that are shown"
    )
    create.add_argument("--overwrite", action="store_true", help="replace a study that is there")
    create.add_argument("--json", action="store_true", help="print JSON on stdout")
    create.set_defaults(run=lambda options: _create(options, create))


def _add_check(actions: Any) -> None:
    check = actions.add_parser(
        "check",
        help="look whether a study can be read, and how far its readers are",
        description="Check the study file, and that every image is there and was not changed since; and say how far "
        "each reader is, without unblinding anything.",
    )
    check.add_argument("study", metavar="STUDY", type=Path)
    check.add_argument("--sessions", metavar="FOLDER", type=Path, help="where the sessions lie (default: beside STUDY)")
    check.add_argument("--json", action="store_true", help="print JSON on stdout")
    check.set_defaults(run=_check)


def _add_results(actions: Any) -> None:
    results = actions.add_parser(
        "results",
        help="unblind a study and measure it",
        description="Write answers.csv, measures.csv and results.html: scores by method, real-or-synthetic accuracy, "
        "Krippendorff's alpha, Cohen's kappa, with 95 %% confidence intervals.",
    )
    results.add_argument("study", metavar="STUDY", type=Path)
    results.add_argument("-o", "--output", metavar="FOLDER", type=Path, help="where to write; only print without it")
    results.add_argument(
        "--sessions", metavar="FOLDER", type=Path, help="where the sessions lie (default: beside STUDY)"
    )
    results.add_argument("--unfinished", action="store_true", help="also of sessions that are still running")
    results.add_argument("--overwrite", action="store_true", help="replace results that are there")
    results.add_argument("--json", action="store_true", help="print JSON on stdout")
    results.set_defaults(run=_results)


def _create(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    from ..reader_study import create_study, write_study
    from ..reader_study.create import checked_id

    if options.output.suffix.lower() != ".json":
        parser.error(f"-o {options.output}: end its name in .json")
    if options.seed is not None and not 0 <= options.seed < 2**32:
        parser.error("--seed must be from 0 to 4294967295")
    if options.window is not None and options.window <= 0:
        parser.error("--window must be more than 0")
    if options.repeats < 0:
        parser.error("--repeats cannot be negative")
    refuse_existing(options.output, overwrite=options.overwrite)
    line = ProgressLine(options.output.name)
    try:
        created = create_study(
            _files(options),
            options.output.absolute().parent,
            id=checked_id(options.id or options.output.stem),
            title=options.title,
            seed=options.seed,
            readers=[code.strip() for code in options.readers.split(",") if code.strip()],
            repeats=options.repeats,
            window=options.window,
            level=options.level,
            orientation=options.orientation,
            progress=line,
        )
    finally:
        line.end()
    path = write_study(created.study, options.output, overwrite=options.overwrite)
    for warning in created.warnings:
        say(f"Warning: {warning}")
    if options.json:
        print_json({"study": str(path), **_summary(created.study), "warnings": list(created.warnings)})
    else:
        print_result(str(path))
    return 0


def _files(options: argparse.Namespace) -> list[CandidateFile]:
    from ..reader_study import files_of_folder, files_of_table

    if options.source.is_dir():
        return files_of_folder(options.source, real=options.real or ("real",), cases_first=options.cases_first)
    if options.source.suffix.lower() != ".csv" and options.source.exists():
        raise XrayToCTError(f"{options.source} is neither a folder nor a .csv table.", hint="See study create --help.")
    return files_of_table(options.source)


def _check(options: argparse.Namespace) -> int:
    from ..reader_study import check_images, read_study, session_standings

    study = read_study(options.study)
    standings = session_standings(options.study, folder=options.sessions)
    line = ProgressLine(options.study.name)
    try:
        faults = check_images(study, options.study, progress=line)
    finally:
        line.end()
    for fault in faults:
        say(f"Fault: {fault}")
    if options.json:
        sessions = [asdict(standing) for standing in standings]
        print_json({"study": str(options.study.absolute()), **_summary(study), "faults": faults, "sessions": sessions})
        return 1 if faults else 0
    if not faults:
        print_result(f"{study.id}: {len(study.cases)} cases, {study.image_count} images, all as they were.")
    for standing in standings:
        how = "finished" if standing.is_finished else f"{standing.done} of {standing.count}"
        print_result(f"{standing.reader}: {how}")
    return 1 if faults else 0


def _summary(study: Any) -> dict[str, Any]:
    return {
        "id": study.id,
        "cases": len(study.cases),
        "images": study.image_count,
        "methods": list(study.methods),
        "readers": list(study.readers),
        "repeats": study.repeats,
        "seed": study.seed,
        "window": study.display.window,
        "level": study.display.level,
    }


def _results(options: argparse.Namespace) -> int:
    from ..reader_study import study_results, write_results

    results = study_results(options.study, folder=options.sessions, unfinished=options.unfinished)
    files = write_results(results, options.output, overwrite=options.overwrite) if options.output else []
    for path in files:
        say(f"Written: {path}")
    if options.json:
        print_json({**results.to_record(), "files": [str(path) for path in files]})
    else:
        print_result(results.table_text())
    return 0
