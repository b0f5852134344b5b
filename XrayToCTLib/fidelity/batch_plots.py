"""Batch plots: how a metric is distributed over cases, every case a mark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from . import plots
from .distributions import Distribution
from .illustration import Illustration

_LARGEST = 40  # cases whose marks are told apart by a line between candidates


def distribution_plot(group: Sequence[Distribution]) -> Illustration:
    """Box and every case, a column a candidate; a faint line joins a case's marks, so that pairs can be seen.

    Args:
        group: one metric in one scope, a distribution a candidate.
    """
    first = group[0]
    width = max(4.6, 1.6 + 1.3 * len(group))
    figure = plots.sheet(width, 4.2, f"{first.metric}, {first.slabs}, {first.region}")
    drawn = plots.axes(figure, (0.85, 0.85, width - 0.25, 3.72), ylabel=f"{first.metric} {first.unit}".strip())
    drawn.grid(axis="x", visible=False)
    offsets = _spread(sorted({case for item in group for case in item.values}))
    for place, item in enumerate(group):
        values = np.array(list(item.values.values()))
        colour = plots.COLOURS[place % len(plots.COLOURS)]
        drawn.boxplot(
            values, positions=[place], widths=0.5, showfliers=False, manage_ticks=False,
            boxprops={"color": colour}, medianprops={"color": plots.INK, "linewidth": 1.6},
            whiskerprops={"color": colour}, capprops={"color": colour},
        )  # fmt: skip
        drawn.plot(
            [place + offsets[case] for case in item.values], values, "o", color=colour, markersize=3.5, alpha=0.8
        )
    _pairs(drawn, group, offsets)
    names = [item.candidate or "result" for item in group]
    drawn.set_xticks(range(len(group)), [name if len(name) < 22 else f"{name[:21]}…" for name in names])
    for label in drawn.get_xticklabels():
        label.set_parse_math(False)
    drawn.set_xlim(-0.6, len(group) - 0.4)
    return Illustration(
        plots.png(figure),
        f"{first.metric} of every case ({first.slabs}, {first.region}): box from the first to the third quartile, the "
        "median within, whiskers to the farthest case within 1.5 times the box.",
        f"Distribution of {first.metric}. " + "; ".join(_words(item) for item in group) + ".",
    )


def _words(item: Distribution) -> str:
    low, middle, high = item.quartiles
    return (
        f"{item.candidate or 'result'}: {len(item.values)} cases, median {item.text(middle)}, quartiles "
        f"{item.text(low)} and {item.text(high)}, range {item.text(min(item.values.values()))} to "
        f"{item.text(max(item.values.values()))}"
    )


def _spread(cases: Sequence[str]) -> dict[str, float]:
    """A place beside the middle of the column for each case, the same in every column."""
    return {case: 0.16 * ((index * 0.618) % 1 - 0.5) * 2 for index, case in enumerate(cases)}


def _pairs(drawn: Any, group: Sequence[Distribution], offsets: dict[str, float]) -> None:
    if len(group) < 2 or len(offsets) > _LARGEST:
        return
    for case, offset in offsets.items():
        at = [(place + offset, item.values[case]) for place, item in enumerate(group) if case in item.values]
        drawn.plot(*zip(*at, strict=True), color=plots.FAINT, linewidth=0.5, alpha=0.6)
