"""Plots: dark sheets in the style of the project's pictures, saved whole or not at all."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from XrayToCTLib.translation.engine import NOT_FOR_DIAGNOSTIC_USE
from XrayToCTLib.whole_file import write_whole

BACKGROUND, INK, FAINT = "#101418", "#e8ecf0", "#98a2ad"
MODEL_COLOUR, GOOD, FLAG, BAD = "#4fc3f7", "#7bc47f", "#f2c14e", "#ef6f6c"
# Okabe and Ito's colours, which the colour-blind tell apart (Color Universal Design, 2008).
COLOURS = ("#56b4e9", "#e69f00", "#009e73", "#f0e442", "#cc79a7", "#d55e00", "#0072b2", "#999999")


def sheet(width: float, height: float, title: str) -> Any:
    """A figure of some inches, without pyplot: no window, no global state."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=110, facecolor=BACKGROUND)
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
    made.grid(color="#2a333c", linewidth=0.6)
    made.set_axisbelow(True)
    return made


def legend(drawn: Any, **options: Any) -> None:
    drawn.legend(facecolor=BACKGROUND, edgecolor=FAINT, labelcolor=INK, fontsize=8, **options)


def save(figure: Any, path: Path) -> Path:
    """Write the PNG; returns the path."""
    content = io.BytesIO()
    figure.savefig(content, format="png", facecolor=BACKGROUND)
    return write_whole(path, content.getvalue())
