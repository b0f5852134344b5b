"""``xray-to-ct models``: the models that are there, with what is known about them."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .console import ProgressLine, print_json, print_result, say

if TYPE_CHECKING:
    from ..models.card import ModelCard
    from ..translation.backends.trial import Trial


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "models",
        help="list the models",
        description="List the models that come with XrayToCT and those in your own folder, the default first.",
    )
    parser.add_argument("--json", action="store_true", help="print the whole cards as JSON on stdout")
    parser.add_argument(
        "--devices",
        action="store_true",
        help="measure what can run a model on this machine, and say which is used and why the others are not",
    )
    parser.add_argument("--model", metavar="MODEL", help="with --devices: id, id@version, id:variant, or folder")
    parser.add_argument(
        "--import",
        dest="source",
        metavar="SOURCE",
        help="install a model from a folder, a .zip, or an https address of one; a download goes on where it stopped",
    )
    parser.add_argument("--sha256", metavar="HEX", help="with --import: that the .zip (or card.json) must have")
    parser.add_argument("--overwrite", action="store_true", help="with --import: replace a model of the same name")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    if options.source is not None:
        return _import(options)
    if options.devices:
        return _show_devices(options)
    from ..models.registry import catalogue, user_models_folder

    seen = catalogue()
    cards = seen.cards
    for problem in seen.problems.values():
        say(f"Skipped: {problem}")
    if options.json:
        problems = [{"folder": str(folder), "error": str(error)} for folder, error in seen.problems.items()]
        print_json({"models": [card.to_record() for card in cards], "problems": problems})
        return 0
    for index, card in enumerate(cards):
        print_result(("" if index == 0 else "\n") + _describe(card, is_default=index == 0))
    if not cards:
        say(f"There is no model. Put one into {user_models_folder()}.")
    return 0


def _import(options: argparse.Namespace) -> int:
    from ..models.import_model import import_model

    progress = ProgressLine(options.source)
    try:
        card = import_model(options.source, sha256=options.sha256, overwrite=options.overwrite, progress=progress)
    finally:
        progress.end()
    if options.json:
        print_json({"imported": card.to_record()})
    else:
        print_result(_describe(card, is_default=False))
    return 0


def _show_devices(options: argparse.Namespace) -> int:
    from ..models.registry import find_model
    from ..translation.backends.choice import choose_backends
    from ..translation.backends.protocol import backend_key

    bundle = find_model(options.model)
    choice = choose_backends(bundle, fresh=True)
    order = [backend_key(backend) for backend in choice.order]
    if options.json:
        rows = []
        for trial in choice.trials:
            row = asdict(trial)
            apart = row.pop("difference") or {"mean_hu": None, "largest_hu": None}
            rows.append({"backend": row.pop("key"), **row, **apart})
        print_json({"model": bundle.card.name, "order": order, "backends": rows})
        return 0 if order else 1
    print_result(f"{bundle.card.name} on this machine, one run of a small image:")
    for trial in sorted(choice.trials, key=lambda trial: order.index(trial.key) if trial.key in order else len(order)):
        print_result(_device_line(trial, used=trial.key == (order or [""])[0]))
    if not order:
        say("Nothing here can run this model. Install one of: openvino, onnxruntime, torch.")
        return 1
    say(f"--device auto takes {order[0]}; the next is for when it fails. Any of these names can be given to --device.")
    return 0


def _device_line(trial: Trial, *, used: bool) -> str:
    measured = "" if trial.seconds is None else f"{1000 * trial.seconds:7.1f} ms"
    if trial.difference is not None:
        measured += f"  {trial.difference.mean_hu:.2f} HU apart in the mean, {trial.difference.largest_hu:.1f} at most"
    elif trial.seconds is not None:
        measured += "  the others' HU are compared with these"
    why = f"not used: {trial.reason}" if trial.reason else ""
    parts = (f"  {trial.key:18s} {trial.version:24s}", measured, why, "<- used" if used else "")
    return "  ".join(part for part in parts if part)


def _describe(card: ModelCard, *, is_default: bool) -> str:
    lines = [
        f"{card.name}{'  (default)' if is_default else ''}",
        f"  {card.title}",
        f"  {card.anatomy}, {'/'.join(view.value for view in card.views)}, {card.source_modality} to "
        f"{card.target_modality}, {card.slabs.count} slabs of {card.slabs.thickness_mm:g} mm, licence {card.licence}",
    ]
    for row in card.primary_fidelity:
        interval = f" (95 % {row.interval95[0]:g} to {row.interval95[1]:g})" if row.interval95 else ""
        lines.append(f"  {row.metric} {row.value:g} {row.unit}{interval}: {row.protocol}")
    more = len(card.fidelity) - len(card.primary_fidelity)
    if more:
        lines.append(f"  ... and {more} more figures: --json prints the whole card")
    lines += [f"  Limit: {limit}" for limit in card.limits]
    return "\n".join(lines)
