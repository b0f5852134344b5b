"""``xray-to-ct models``: the models that are there, with what is known about them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from .console import print_json, print_result, say

if TYPE_CHECKING:
    from ..models.card import ModelCard


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "models",
        help="list the models",
        description="List the models that come with XrayToCT and those in your own folder, the default first.",
    )
    parser.add_argument("--json", action="store_true", help="print the whole cards as JSON on stdout")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
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
