"""Side by side: the radiograph and one slab of its stack as a picture to send on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..ct_stack import CtStack
from ..ct_windows import CT_WINDOWS
from ..errors import XrayToCTError
from .canvas import Canvas

_HEIGHT = 5.0  # inches of a panel


def save_side_by_side(
    path: str | Path,
    stack: CtStack,
    radiograph: np.ndarray | None = None,
    *,
    slab: int | None = None,
    window: str = "Whole",
    title: str = "Radiograph and estimated CT",
) -> Path:
    """Write a PNG with a scale bar and the words that it is not for diagnostic use; returns its path.

    Args:
        path: ends in .png.
        stack: of which one slab is shown.
        radiograph: (rows, cols) of the same field, any values; None shows the slab alone.
        slab: from 0 at the detector's side; None is the central one.
        window: a name of ``CT_WINDOWS``.
        title: on top.

    Raises:
        XrayToCTError: no such slab or window, not a .png, or the file cannot be written.
    """
    if window not in CT_WINDOWS:
        raise XrayToCTError(f"There is no window {window!r}.", hint=f"Choose one of {', '.join(CT_WINDOWS)}.")
    index = stack.slabs // 2 if slab is None else slab
    if not 0 <= index < stack.slabs:
        raise XrayToCTError(f"There is no slab {slab}.", hint=f"Choose a slab from 0 to {stack.slabs - 1}.")
    rows, cols = stack.hu.shape[1:]
    extent = (rows * stack.spacing[0], cols * stack.spacing[1])
    canvas = Canvas(title, extent, columns=1 if radiograph is None else 2, height=_HEIGHT)
    if radiograph is not None:
        spacing = (extent[0] / radiograph.shape[0], extent[1] / radiograph.shape[1])
        low, high = (float(value) for value in np.percentile(radiograph, (0.5, 99.5)))
        canvas.show(0, radiograph, spacing, (low, high if high > low else low + 1.0), title="Radiograph")
    chosen = CT_WINDOWS[window]
    near = index * stack.slab_thickness
    words = (
        f"Estimated CT, slab {index + 1} of {stack.slabs}, {near:g}–{near + stack.slab_thickness:g} mm from the "
        f"detector's side, L {chosen.level:g} W {chosen.width:g} HU"
    )
    canvas.show(0 if radiograph is None else 1, stack.hu[index], stack.spacing, chosen.limits, title=words)
    return canvas.save(path)
