"""Plots: dark sheets in the style of the pictures; the colours are ones that the colour-blind tell apart."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from ..translation.engine import NOT_FOR_DIAGNOSTIC_USE
from ..whole_file import write_whole

BACKGROUND, INK, FAINT, GRID = "#101418", "#e8ecf0", "#98a2ad", "#2a333c"
MODEL_COLOUR, GOOD, FLAG, BAD = "#4fc3f7", "#7bc47f", "#f2c14e", "#ef6f6c"
# Okabe and Ito's colours (Color Universal Design, 2008).
COLOURS = ("#56b4e9", "#e69f00", "#009e73", "#f0e442", "#cc79a7", "#d55e00", "#0072b2", "#999999")


def sheet(width: float, height: float, title: str) -> Any:
    """A figure of some inches, without pyplot: no window, no global state."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=110, facecolor=BACKGROUND)
    # Titles hold file names, in which a dollar sign must not start a formula.
    figure.text(0.015, 1 - 0.3 / height, title, color=INK, fontsize=11, parse_math=False)
    figure.text(0.015, 0.08 / height, NOT_FOR_DIAGNOSTIC_USE, color=FAINT, fontsize=6.5)
    return figure


def axes(figure: Any, place: tuple[float, float, float, float], xlabel: str = "", ylabel: str = "") -> Any:
    """Axes at (left, bottom, right, top) inches from the figure's lower left corner."""
    width, height = figure.get_size_inches()
    left, bottom, right, top = place
    made = figure.add_axes((left / width, bottom / height, (right - left) / width, (top - bottom) / height))
    made.set_facecolor(BACKGROUND)
    made.tick_params(colors=INK, labelsize=8, length=3)
    for side, spine in made.spines.items():
        spine.set_color(FAINT)
        spine.set_visible(side in ("left", "bottom"))
    made.set_xlabel(xlabel, color=INK, fontsize=8.5)
    made.set_ylabel(ylabel, color=INK, fontsize=8.5)
    made.grid(color=GRID, linewidth=0.6)
    made.set_axisbelow(True)
    return made


def legend(drawn: Any, **options: Any) -> None:
    made = drawn.legend(facecolor=BACKGROUND, edgecolor=FAINT, labelcolor=INK, fontsize=8, **options)
    for text in made.get_texts():
        text.set_parse_math(False)


def png(figure: Any) -> bytes:
    """The figure as the content of a PNG file, without the date that matplotlib would put in."""
    content = io.BytesIO()
    figure.savefig(content, format="png", facecolor=BACKGROUND)
    return content.getvalue()


def save(figure: Any, path: Path) -> Path:
    """Write the PNG; returns the path."""
    return write_whole(path, png(figure))
