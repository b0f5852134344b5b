"""Plots of a study's results: answers and mean scores by method, and whether real was told from synthetic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..fidelity.illustration import Illustration
from ..fidelity.plots import FAINT, INK, MODEL_COLOUR, axes, png, sheet
from .measure import Measure
from .ratings import Ratings

# From the worst level to the best; told apart by people with any colour vision (ColorBrewer's RdYlBu).
_LEVEL_COLOURS = ("#d73027", "#fc8d59", "#fee090", "#91bfdb", "#4575b4")
_WIDTH, _NAMES, _RIGHT, _TOP, _BOTTOM, _ROW = 7.2, 2.2, 0.25, 0.45, 0.75, 0.36  # inches
_NAME_LENGTH = 30


def interval_plot(
    measures: Sequence[Measure],
    title: str,
    *,
    label: str,
    limits: tuple[float, float] | None = None,
    chance: float | None = None,
) -> Illustration:
    """A line a measure: its value as a point, its 95 % interval as a bar; ``chance`` is a dashed line."""
    height = _TOP + _BOTTOM + _ROW * (len(measures) + 0.4)
    figure = sheet(_WIDTH, height, title)
    drawn = axes(figure, (_NAMES, _BOTTOM, _WIDTH - _RIGHT, height - _TOP), label)
    for row, measure in enumerate(measures):
        if measure.interval95 is not None:
            drawn.plot(measure.interval95, (row, row), color=MODEL_COLOUR, linewidth=3, alpha=0.55)
        if not math.isnan(measure.value):
            drawn.plot(measure.value, row, "o", color=MODEL_COLOUR, markersize=6)
    if chance is not None:
        drawn.axvline(chance, color=INK, linestyle="--", linewidth=1)
        drawn.text(chance, -0.55, " chance", color=INK, fontsize=7.5, va="center")
    _name_rows(drawn, [measure.subject for measure in measures], top=-0.85 if chance is not None else -0.6)
    if limits is not None:
        drawn.set_xlim(*limits)
    words = "; ".join(f"{measure.subject} {_said(measure)}" for measure in measures)
    return Illustration(png(figure), f"{title}, with 95 % intervals.", f"{title}: {words}.")


def likert_plot(ratings: Ratings, question: str) -> Illustration:
    """The share of each answer, a bar a method; first showings by all readers."""
    asked, matrix = ratings.study.question(question), ratings.matrix(question)
    methods, levels = ratings.study.methods, len(asked.levels)
    height = _TOP + _BOTTOM + _ROW * (len(methods) + 0.4) + 0.2 * levels
    figure = sheet(_WIDTH, height, f"{question}: answers by method")
    below = _BOTTOM + 0.2 * levels
    drawn = axes(figure, (_NAMES, below, _WIDTH - _RIGHT, height - _TOP), "share of the answers (%)")
    drawn.grid(visible=False)
    of_unit = np.array([method for _, method in ratings.units])
    words = []
    for row, method in enumerate(methods):
        answers = matrix[:, of_unit == method]
        answers = answers[np.isfinite(answers)]
        shares = [100 * float((answers == level).mean()) if answers.size else 0.0 for level in range(1, levels + 1)]
        words.append(f"{method} " + ", ".join(f"{share:.0f} %" for share in shares))
        for share, left, colour in zip(shares, np.cumsum([0.0, *shares]), _colours(levels), strict=False):
            drawn.barh(row, share, left=left, color=colour, height=0.72)
            if share >= 6:
                drawn.text(
                    left + share / 2, row, f"{share:.0f}", ha="center", va="center", fontsize=8, color=_on(colour)
                )
    for level, colour in enumerate(_colours(levels), 1):
        x, y = _NAMES / _WIDTH, (below - 0.45 - 0.2 * level) / height
        figure.text(x, y, "■", color=colour, fontsize=10)
        figure.text(x + 0.025, y, f"{level}  {asked.levels[level - 1]}", color=INK, fontsize=8, parse_math=False)
    _name_rows(drawn, methods, top=-0.6)
    drawn.set_xlim(0, 100)
    caption = f"{question}: how often each answer was given, in percent of a method's answers."
    return Illustration(png(figure), caption, f"{caption} From the worst to the best: {'; '.join(words)}.")


def _name_rows(drawn: Any, names: Sequence[str], *, top: float) -> None:
    drawn.set_yticks(range(len(names)), [_short(name) for name in names], parse_math=False)
    drawn.tick_params(axis="y", length=0)
    drawn.set_ylim(len(names) - 0.4, top)
    drawn.spines["left"].set_visible(False)
    drawn.spines["bottom"].set_color(FAINT)


def _said(measure: Measure) -> str:
    if math.isnan(measure.value):
        return "undefined"
    interval = "" if measure.interval95 is None else " ({:.2f} to {:.2f})".format(*measure.interval95)
    return f"{measure.value:.2f}{interval}"


def _colours(levels: int) -> list[str]:
    """One a level, the ends of the scale always the same."""
    if levels == len(_LEVEL_COLOURS):
        return list(_LEVEL_COLOURS)
    from matplotlib.colors import LinearSegmentedColormap, to_hex

    scale = LinearSegmentedColormap.from_list("levels", _LEVEL_COLOURS)
    return [to_hex(scale(level / (levels - 1))) for level in range(levels)]


def _on(colour: str) -> str:
    """Black or white, whichever can be read on a colour."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#101418" if 0.299 * red + 0.587 * green + 0.114 * blue > 120 else "#ffffff"


def _short(name: str) -> str:
    return name if len(name) <= _NAME_LENGTH else name[: _NAME_LENGTH - 1] + "…"
