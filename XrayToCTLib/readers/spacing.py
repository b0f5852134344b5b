"""Pixel spacing that a caller gives, or that a default stands in for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import XrayToCTError

# The long edge of the common 35 x 43 cm cassette of adult chest radiography.
ASSUMED_LONG_EDGE_MM = 430.0


def checked_spacing(spacing: float | Sequence[float] | None) -> tuple[float, float] | None:
    """(row, column) in mm from what a caller passed: a pair, one number for both, or None.

    Raises:
        XrayToCTError: not one or two positive finite numbers.
    """
    if spacing is None:
        return None
    try:
        pair = np.broadcast_to(np.asarray(spacing, dtype=np.float64), (2,))
    except (TypeError, ValueError):
        pair = np.zeros(2)
    if not (np.isfinite(pair).all() and pair.min() > 0):
        raise XrayToCTError(
            f"Spacing {spacing!r} is impossible.", hint="Pass spacing=(row, column) in mm, two positive numbers."
        )
    return float(pair[0]), float(pair[1])


def assumed_spacing(
    shape: tuple[int, int], *, aspect: tuple[float, float] = (1.0, 1.0)
) -> tuple[tuple[float, float], str]:
    """Spacing at which the image's long edge is 430 mm, and the warning that says so.

    Args:
        shape: (rows, cols).
        aspect: (vertical, horizontal) size of a pixel in relative units.
    """
    unit = ASSUMED_LONG_EDGE_MM / max(shape[0] * aspect[0], shape[1] * aspect[1])
    spacing = (unit * aspect[0], unit * aspect[1])
    warning = (
        f"The image states no pixel spacing: its long edge was taken as {ASSUMED_LONG_EDGE_MM:g} mm (a 35 x 43 cm "
        f"cassette), which makes {spacing[0]:.4g} x {spacing[1]:.4g} mm a pixel. "
        "Pass spacing=(row, column) in mm if you know it."
    )
    return spacing, warning


def assumed_before(spacing: tuple[float, float]) -> str:
    """The warning of a file whose spacing was assumed when it was written."""
    return (
        f"The spacing of {spacing[0]:.4g} x {spacing[1]:.4g} mm was assumed when this file was made. "
        "Pass spacing=(row, column) in mm if you know it."
    )
