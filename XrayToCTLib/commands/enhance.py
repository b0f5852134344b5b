"""``xray-to-ct enhance``: a radiograph through a pipeline of filters, or all presets on one sheet."""

from __future__ import annotations

import argparse
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..radiograph_file import SUFFIXES, lost_words, write_radiograph
from .console import ProgressLine, print_json, print_result, say
from .pipeline_option import pipeline_option
from .targets import refuse_existing
from .translate import spacing_option

if TYPE_CHECKING:
    from ..enhancement.pipeline import Pipeline
    from ..enhancement.quality import QualityFigures
    from ..radiograph import Radiograph

_DEFAULT = "chest clarity"


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "enhance",
        help="enhance a radiograph",
        description="Run a pipeline of filters over a radiograph, with every grey level kept; or put all presets on "
        "one sheet with figures of each. Not for diagnostic use.",
    )
    parser.add_argument("file", metavar="IN", nargs="?", type=Path, help="radiograph")
    parser.add_argument("-o", "--output", metavar="OUT", type=Path, help=f"a {', '.join(SUFFIXES)} file")
    parser.add_argument(
        "--pipeline",
        metavar="PIPELINE",
        help=f"name of a preset or of one filter, a .json file, or JSON (default: {_DEFAULT})",
    )
    parser.add_argument(
        "--set",
        metavar="[STEP.]NAME=VALUE",
        action="append",
        default=[],
        dest="settings",
        help="change a parameter; STEP is a filter's name or a number from 1; may be repeated",
    )
    parser.add_argument("--grid", metavar="PNG", type=Path, help="write a sheet of all presets, and of --pipeline")
    parser.add_argument("--reference", metavar="FILE", type=Path, help="say how near each image is to this one")
    parser.add_argument("--frame", type=int, metavar="N", help="one frame of a multi-frame file, from 0")
    parser.add_argument(
        "--spacing", metavar="MM", type=spacing_option, help="pixel spacing, one number or ROW,COLUMN, not the file's"
    )
    parser.add_argument(
        "--polarity",
        choices=("auto", "bone-bright", "bone-dark"),
        default="auto",
        help="how the image looks (default: as the file says)",
    )
    parser.add_argument("--list", action="store_true", help="list presets and filters with their parameters")
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there")
    parser.add_argument("--json", action="store_true", help="print JSON on stdout")
    parser.set_defaults(run=lambda options: run(options, parser))


def run(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    if options.list:
        return _list(options)
    _check(options, parser)
    pipeline = pipeline_option(options.pipeline or _DEFAULT, options.settings)
    radiograph = _read(options.file, options)
    if options.frame is not None:
        radiograph = radiograph.frame(options.frame)
    reference = None
    if options.reference is not None:
        from ..fidelity.enhancement_sheet import check_reference

        reference = _read(options.reference, options).frame(0)
        check_reference(radiograph.frame(0), reference)  # before anything is written
    for warning in radiograph.warnings:
        say(f"{options.file}: warning: {warning}")
    record: dict[str, Any] = {"input": str(options.file), "not_for_diagnostic_use": True}
    if options.output is not None:
        record |= _enhance(radiograph, pipeline, reference, options)
    if options.grid is not None:
        record |= _grid(radiograph, pipeline, reference, options)
    if options.json:
        print_json(record)
    return 0


def _check(options: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    if options.file is None:
        parser.error("IN is missing: the radiograph to enhance")
    if options.output is None and options.grid is None:
        parser.error("say what to write: -o OUT, --grid PNG, or both")
    for path, suffixes, name in ((options.output, SUFFIXES, "-o"), (options.grid, (".png",), "--grid")):
        if path is None:
            continue
        if path.suffix.lower() not in suffixes:
            parser.error(f"{name} {path}: end its name in {', '.join(suffixes)}")
        refuse_existing(path, overwrite=options.overwrite, inputs=(options.file, options.reference))
    if options.output is not None and options.grid is not None and options.output.absolute() == options.grid.absolute():
        parser.error("-o and --grid must be different files")


def _read(file: Path, options: argparse.Namespace) -> Radiograph:
    from .. import read_radiograph

    return read_radiograph(file, spacing=options.spacing, polarity=options.polarity)


def _enhance(
    radiograph: Radiograph, pipeline: Pipeline, reference: Radiograph | None, options: argparse.Namespace
) -> dict[str, Any]:
    from .. import enhance
    from ..enhancement.enhance import radiograph_context
    from ..enhancement.history import enhancement_sentences
    from ..enhancement.quality import quality_figures

    progress = ProgressLine(options.file.name)
    try:
        result = enhance(radiograph, pipeline, progress=progress)
    finally:
        progress.end()
    context = radiograph_context(radiograph)
    ran = " ".join(enhancement_sentences(result.history))
    target = options.output.absolute()
    write_radiograph(result, target, value_range=context.value_range)
    figures = {
        "before": quality_figures(radiograph.pixels[0], context),
        "after": quality_figures(result.pixels[0], context),
    }
    record = {
        "output": str(target),
        "pipeline": pipeline.to_record(),
        "history": list(result.history),
        "figures": {when: _figures(figure) for when, figure in figures.items()},
    }
    if reference is not None:
        from ..fidelity.enhancement_sheet import reference_fidelity

        near = reference_fidelity(result.frame(0), reference)
        record["fidelity"] = asdict(near)
        say(f"To the reference: PSNR {near.psnr_db:.2f} dB, SSIM {near.ssim:.4f}")
    if not options.json:
        print_result(str(target))
    say(ran or "The pipeline has no filter: nothing was changed.")
    if lost := lost_words(target):
        say(lost)
    return record


def _grid(
    radiograph: Radiograph, pipeline: Pipeline, reference: Radiograph | None, options: argparse.Namespace
) -> dict[str, Any]:
    from ..enhancement.contact_sheet import try_all
    from ..enhancement.presets import presets
    from ..fidelity.enhancement_sheet import reference_fidelity, save_enhancement_sheet

    pipelines = list(presets().all)
    if pipeline not in pipelines:
        pipelines.append(pipeline)
    progress = ProgressLine(options.grid.name)
    try:
        candidates = try_all(radiograph, pipelines, progress=progress)
    finally:
        progress.end()
    target = save_enhancement_sheet(options.grid.absolute(), candidates, reference=reference)
    if not options.json:
        print_result(str(target))
    rows = []
    for candidate in candidates:
        row = {"pipeline": candidate.pipeline.name, **_figures(candidate.figures)}
        if reference is not None:
            row |= asdict(reference_fidelity(candidate.radiograph, reference))
        rows.append(row)
    return {"grid": str(target), "candidates": rows}


def _figures(figures: QualityFigures) -> dict[str, Any]:
    """As JSON types, which know no infinity."""
    return {name: value if value < float("inf") else None for name, value in asdict(figures).items()}


def _list(options: argparse.Namespace) -> int:
    from ..enhancement.presets import is_bundled, presets
    from ..enhancement.table import FILTERS

    seen = presets()
    for problem in seen.problems.values():
        say(f"Skipped: {problem}")
    if options.json:
        print_json(
            {
                "presets": [{**preset.to_record(), "bundled": is_bundled(preset.name)} for preset in seen.all],
                "filters": [
                    {
                        "name": entry.name,
                        "title": entry.title,
                        "category": entry.category,
                        "help": entry.help,
                        "parameters": [
                            {"name": item.name, "default": item.default, **item.metadata}
                            for item in fields(entry.parameters_class)
                        ],
                    }
                    for entry in FILTERS.values()
                ],
            }
        )
        return 0
    print_result("Presets")
    for preset in seen.all:
        own = "" if is_bundled(preset.name) else " (your own)"
        print_result(f"  {preset.name}{own}: {preset.description}\n    {preset.describe()}")
    print_result("Filters")
    for entry in FILTERS.values():
        print_result(f"  {entry.name}: {entry.help}")
        for item in fields(entry.parameters_class):
            print_result(f"    {_parameter(item)}")
    return 0


def _parameter(item: Any) -> str:
    about = item.metadata
    limits = ""
    if about["choices"]:
        limits = ", one of " + ", ".join(about["choices"])
    elif about["minimum"] is not None and about["maximum"] is not None:
        limits = f", {about['minimum']:g} to {about['maximum']:g}"
    default = f"{len(item.default)} values" if isinstance(item.default, tuple) else item.default
    unit = f" {about['unit']}" if about["unit"] else ""
    return f"{item.name} = {default}{unit}{limits}: {about['help']}"
