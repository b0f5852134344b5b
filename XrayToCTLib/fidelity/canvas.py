"""Canvas: a dark sheet with a grid of equal panels, each an image in millimetres, saved as a PNG wholly or not at all.

matplotlib's Figure objects are used without pyplot: no global state, no window, safe inside an application that has a
plotting back end of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import XrayToCTError
from ..translation.engine import NOT_FOR_DIAGNOSTIC_USE
from ..whole_file import write_whole
from .plots import BACKGROUND, FAINT, INK, png

_HEADER, _TITLE, _GAP, _FOOTER = 0.42, 0.3, 0.1, 0.3  # inches
_LINE = 0.15  # inches that each further line of a panel's title takes
_BAR = 0.85  # inches that a colour bar with its numbers takes to the right of its panel
DPI = 100


class Canvas:
    """Panels in ``rows`` x ``columns``, each box ``height`` inches high and as wide as ``extent_mm`` asks for."""

    def __init__(
        self,
        title: str,
        extent_mm: tuple[float, float],
        *,
        rows: int = 1,
        columns: int = 1,
        height: float,
        bars: int = 0,
        title_lines: int = 1,
    ) -> None:
        """
        Args:
            title: on top of the sheet.
            extent_mm: (height, width) of the tallest image to be shown; sets the shape of every panel.
            height: of a panel, in inches.
            bars: how many colour bars stand at the right of the last panel of a row (0 or 1).
            title_lines: how many lines there are in the panels' titles.
        """
        from matplotlib.figure import Figure

        self._above = _TITLE + (title_lines - 1) * _LINE
        self._columns, self._panel = columns, (height * extent_mm[1] / extent_mm[0], height)
        self._width = max(3.4, columns * (self._panel[0] + _GAP) + _GAP + bars * _BAR)
        self._height = _HEADER + rows * (height + self._above) + _FOOTER
        self._shift = (self._width - (columns * (self._panel[0] + _GAP) + _GAP + bars * _BAR)) / 2
        self.figure: Any = Figure(figsize=(self._width, self._height), dpi=DPI, facecolor=BACKGROUND)
        self._text(_GAP, self._height - 0.28, title, size=11, color=INK)
        self._text(_GAP, 0.1, NOT_FOR_DIAGNOSTIC_USE, size=7, color=FAINT)

    def show(
        self,
        index: int,
        image: np.ndarray,
        spacing: tuple[float, float],
        limits: tuple[float, float],
        *,
        title: str,
        colours: str = "gray",
        bar: str | None = None,
    ) -> None:
        """Put an image (rows, cols) of ``spacing`` (row, column) mm into panel ``index``, row 0 on top.

        Args:
            limits: the values that are black and white.
            bar: label of a colour bar at the right of the panel, or None for none.
        """
        row, column = divmod(index, self._columns)
        left = self._shift + _GAP + column * (self._panel[0] + _GAP)
        bottom = self._height - _HEADER - (row + 1) * (self._panel[1] + self._above)
        self._text(left, bottom + self._panel[1] + 0.08, title, size=8, color=INK)
        axes = self._axes(left, bottom, *self._panel)
        tall, wide = image.shape[0] * spacing[0], image.shape[1] * spacing[1]
        # The extent is in mm and the aspect equal, so that anisotropic pixels come out in true proportion.
        drawn = axes.imshow(
            image, cmap=colours, vmin=limits[0], vmax=limits[1], extent=(0, wide, tall, 0), aspect="equal"
        )
        axes.set_axis_off()
        _scale_bar(axes, tall, wide, dark=colours != "gray")
        if bar is not None:
            beside = self._axes(left + self._panel[0] + 0.08, bottom, 0.14, self._panel[1])
            scale = self.figure.colorbar(drawn, cax=beside)
            scale.set_label(bar, color=INK, fontsize=7, labelpad=1)
            beside.tick_params(colors=INK, labelsize=7, length=2)

    def save(self, path: str | Path) -> Path:
        """Write the PNG; returns the path.

        Raises:
            XrayToCTError: another suffix than .png, or the file cannot be written.
        """
        if Path(path).suffix.lower() != ".png":
            raise XrayToCTError(f"A picture cannot be written to {Path(path).name}.", hint="End its name in .png.")
        return write_whole(path, self.png())

    def png(self) -> bytes:
        """The sheet as the content of a PNG file."""
        return png(self.figure)

    def _axes(self, left: float, bottom: float, width: float, height: float) -> Any:
        """Axes by their place in inches."""
        return self.figure.add_axes(
            (left / self._width, bottom / self._height, width / self._width, height / self._height)
        )

    def _text(self, left: float, bottom: float, text: str, *, size: float, color: str) -> None:
        # Titles hold file names, in which a dollar sign must not start a formula.
        self.figure.text(left / self._width, bottom / self._height, text, fontsize=size, color=color, parse_math=False)


def _scale_bar(axes: Any, tall: float, wide: float, *, dark: bool) -> None:
    """A bar of a round length, near a fifth of the width, at the lower left."""
    length = next((mm for mm in (200, 100, 50, 20, 10, 5, 2) if mm <= wide / 3), 1)
    ink = "#202020" if dark else INK
    left, bottom = 0.04 * wide, 0.965 * tall
    from matplotlib.patheffects import withStroke

    outline = [withStroke(linewidth=2.5, foreground=INK if dark else BACKGROUND)]  # radiographs are bright there
    axes.plot(
        (left, left + length), (bottom, bottom), color=ink, linewidth=1.5, solid_capstyle="butt", path_effects=outline
    )
    axes.text(left, bottom - 0.012 * tall, f"{length} mm", color=ink, fontsize=6, va="bottom", path_effects=outline)
    axes.set_xlim(0, wide)
    axes.set_ylim(tall, 0)
