"""Pictures: images of the library as pixmaps, and the colours of the window that they shall fit."""

from __future__ import annotations

from typing import Any

import numpy as np
from XrayToCTLib.enhancement.curve_picture import Colour, CurveColours
from XrayToCTLib.enhancement.shown_picture import netpbm


def pixmapOf(picture: np.ndarray) -> Any:
    """QPixmap of uint8 (rows, cols) or (rows, cols, 3). Main thread only, and fast: nothing is encoded."""
    import qt

    pixmap = qt.QPixmap()
    pixmap.loadFromData(netpbm(picture))
    return pixmap


def windowColours(widget: Any) -> CurveColours:
    """The colours of a plot in the palette of a widget, light or dark."""
    import qt

    palette = widget.palette
    ground, ink, curve = (
        _colour(palette.color(role)) for role in (qt.QPalette.Base, qt.QPalette.Text, qt.QPalette.Highlight)
    )
    grey = sum(ground) // 3
    return CurveColours(ground, ink, (110, 110, 110) if grey < 128 else (160, 160, 160), curve)


def _colour(colour: Any) -> Colour:
    return colour.red(), colour.green(), colour.blue()
