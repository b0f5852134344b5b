"""Preview: a pipeline on a reduced image, fast enough to run while a slider moves."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..progress import EnhancementCancelled, ProgressCallback, report
from ..radiograph import Radiograph
from .enhance import enhanced, radiograph_context
from .pipeline import Pipeline, Step
from .pipeline_run import step_outputs
from .presets import find_pipeline
from .transfer_curve import TransferCurve, transfer_curve

PANEL_PIXELS = 512 * 512
_CURVE_PIXELS = 256 * 256


class PreviewRunner:
    """One frame of a radiograph, reduced once, and the image after each filter, kept for the next run.

    Moving a slider of the third filter runs the third filter and those after it only. Not thread-safe.

    Args:
        radiograph: at full resolution. Its value range is that of the filters, so a level is the same grey here and
            there; its spacing, in proportion, too, so a millimetre stays one.
        max_pixels: rows x cols of the reduced image at most; an image that has no more is taken as it is.
        frame: the one that is shown.

    Raises:
        XrayToCTError: there is no such frame.
    """

    def __init__(self, radiograph: Radiograph, max_pixels: int = PANEL_PIXELS, *, frame: int = 0) -> None:
        shown = radiograph.frame(frame)
        image = reduced(shown.pixels[0], max_pixels)
        self._context = radiograph_context(radiograph, reduced=image)
        self._source = replace(shown, pixels=image[np.newaxis], spacing=self._context.spacing)
        self._kept: list[tuple[Step, np.ndarray]] = []
        self._order: np.ndarray | None = None
        self.filters_run = 0
        """How many filters ran since the beginning."""

    @property
    def source(self) -> Radiograph:
        """The reduced radiograph before any filter."""
        return self._source

    def run(
        self, pipeline: Pipeline | str | Path | dict[str, Any], *, progress: ProgressCallback | None = None
    ) -> Radiograph:
        """The reduced radiograph, enhanced.

        Raises:
            EnhancementCancelled: ``progress`` returned False; what was computed until then is kept.
            XrayToCTError: as ``enhance``.
        """
        pipeline = find_pipeline(pipeline)
        steps = pipeline.active
        if not steps:
            return self._source
        known = 0
        while known < min(len(steps), len(self._kept)) and steps[known] == self._kept[known][0]:
            known += 1
        del self._kept[known:]
        image = self._kept[-1][1] if known else self._source.pixels[0]

        def before(number: int, step: Step) -> None:
            report(progress, (known + number) / len(steps), step.entry.title, cancelled=EnhancementCancelled)

        outputs = step_outputs(image, steps[known:], self._context, before)
        for step, output in zip(steps[known:], outputs, strict=True):
            self._kept.append((step, output))
            self.filters_run += 1
        report(progress, 1.0, "done", cancelled=EnhancementCancelled)
        return enhanced(self._source, self._kept[-1][1][np.newaxis], pipeline)

    def transfer_curve(self, shown: Radiograph, *, bins: int = 256) -> TransferCurve:
        """The input's histogram, and the curve from it to a preview that ``run`` gave.

        Of every so many rows and columns, so that about 65,000 pixels are looked at: enough for a curve, and as fast as
        a filter.
        """
        step = max(1, round(math.sqrt(self._source.pixels[0].size / _CURVE_PIXELS)))
        image, after = (np.ascontiguousarray(picture.pixels[0, ::step, ::step]) for picture in (self._source, shown))
        if self._order is None:
            self._order = np.argsort(image, axis=None, kind="stable")
        return transfer_curve(image, after, bins=bins, order=self._order)


def preview(
    radiograph: Radiograph,
    pipeline: Pipeline | str | Path | dict[str, Any],
    max_pixels: int = PANEL_PIXELS,
    *,
    frame: int = 0,
) -> Radiograph:
    """One frame, reduced and enhanced. For several pipelines on one radiograph, keep a ``PreviewRunner``.

    Raises:
        XrayToCTError: as ``enhance``, or there is no such frame.
    """
    return PreviewRunner(radiograph, max_pixels, frame=frame).run(pipeline)


def reduced(image: np.ndarray, max_pixels: int) -> np.ndarray:
    """An image (rows, cols) of at most ``max_pixels`` pixels, each the mean of those that it stands for."""
    rows, cols = image.shape
    factor = math.sqrt(rows * cols / max(1, max_pixels))
    if factor <= 1:
        return image
    import cv2

    shape = max(1, math.floor(rows / factor)), max(1, math.floor(cols / factor))
    return np.asarray(cv2.resize(image, shape[::-1], interpolation=cv2.INTER_AREA)).reshape(shape)
