"""A pipeline over a plain array: the type and the range that come in go out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import XrayToCTError
from .context import FilterContext
from .pipeline import Pipeline
from .pipeline_run import run_steps
from .presets import find_pipeline

_BITS = (8, 10, 12, 14, 16)  # that detectors store


def enhance_image(
    image: np.ndarray,
    pipeline: Pipeline | str | Path | dict[str, Any],
    *,
    spacing: tuple[float, float],
    mask: np.ndarray | None = None,
    value_range: tuple[float, float] | None = None,
) -> np.ndarray:
    """An image enhanced, in its own type.

    Args:
        image: (rows, cols) or (frames, rows, cols), integers or floating point, bone bright; NaN stays NaN.
        pipeline: as for ``enhance``.
        spacing: (row, column) in mm.
        mask: bool (rows, cols), True where statistics are taken; None for the whole image.
        value_range: (low, high) of the result; by default ``stored_range`` of the image.

    Raises:
        XrayToCTError: not a grey-scale image, no such pipeline, or a filter that fails.
    """
    if image.ndim not in (2, 3) or image.size == 0 or image.dtype.kind not in "uif":
        raise XrayToCTError(
            f"A grey-scale image (rows, cols) or (frames, rows, cols) is expected, not {image.dtype} {image.shape}.",
            hint="Choose one channel of a grey-scale image.",
        )
    pipeline = find_pipeline(pipeline)
    context = FilterContext(spacing, mask, value_range or stored_range(image))
    frames = image[np.newaxis] if image.ndim == 2 else image
    out = np.empty_like(frames)
    for source, target in zip(frames, out, strict=True):
        result = run_steps(np.asarray(source, np.float32), pipeline.active, context)
        if out.dtype.kind in "ui":
            limits = np.iinfo(out.dtype)
            result = np.clip(np.rint(result.astype(np.float64)), limits.min, limits.max)
        target[...] = result
    return out.reshape(image.shape)


def stored_range(image: np.ndarray) -> tuple[float, float]:
    """The range that an image's values may have: 0 to the last value of 8, 10, 12, 14 or 16 bits for unsigned integers,
    whichever is enough; the smallest and largest finite value for all else."""
    valid = image[np.isfinite(image)] if image.dtype.kind == "f" else image
    if valid.size == 0:
        return 0.0, 0.0
    low, high = float(valid.min()), float(valid.max())
    if image.dtype.kind != "u":
        return low, high
    return 0.0, next((float((1 << bits) - 1) for bits in _BITS if high < 1 << bits), high)
