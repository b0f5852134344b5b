"""Live preview: one frame, reduced, through the pipeline in a thread, always the latest one that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
from XrayToCTLib.enhancement.curve_picture import CurveColours, curve_picture
from XrayToCTLib.enhancement.enhance import radiograph_context
from XrayToCTLib.enhancement.pipeline import Pipeline
from XrayToCTLib.enhancement.preview import PreviewRunner
from XrayToCTLib.enhancement.shown_picture import display_window, fitted, grey_picture, window_about
from XrayToCTLib.progress import EnhancementCancelled
from XrayToCTLib.radiograph import Radiograph

from .enhancement_input import EnhancementInput
from .enhancement_run import inputSteps
from .run import Run, ThreadJob, Wait
from .volume_snapshot import volumeKey


@dataclass(frozen=True, slots=True)
class PreviewSize:
    """How large the pictures are to be, in pixels, and in which colours.

    Attributes:
        width, height: the box that the images fit into.
        curveHeight: of the histogram, which is as wide as the box.
        colours: of the window.
    """

    width: int
    height: int
    curveHeight: int
    colours: CurveColours


@dataclass(frozen=True, slots=True, eq=False)
class PreviewPictures:
    """What a thread has drawn.

    Attributes:
        before, after: uint8 (rows, cols), of one shape.
        curve: uint8 (rows, cols, 3): the histogram with the transfer curve.
        monotone: no brighter pixel became darker than a darker one.
        shape: (rows, cols) of the reduced image that the filters ran on.
        pipeline: that ran.
    """

    before: np.ndarray
    after: np.ndarray
    curve: np.ndarray
    monotone: bool
    shape: tuple[int, int]
    pipeline: Pipeline


class LivePreview:
    """Follows a volume and a pipeline. All methods belong to the main thread.

    While a slider moves faster than the filters run, what was asked for in between is left out.

    Args:
        onPictures: called with PreviewPictures.
        onError: called with what went wrong instead.
    """

    def __init__(self, onPictures: Callable[[PreviewPictures], object], onError: Callable[[Exception], object]) -> None:
        self._onPictures, self._onError = onPictures, onError
        self._key: tuple[Any, ...] | None = None
        self._source: _Source | None = None
        self._wanted: tuple[Pipeline, PreviewSize] | None = None
        self._run: Run | None = None

    @property
    def isBusy(self) -> bool:
        """Pictures are still to come."""
        return self._run is not None

    @property
    def isOn(self) -> bool:
        """There is a volume to show."""
        return self._key is not None

    @property
    def isInverted(self) -> bool:
        """Bone is dark in the volume."""
        return self._source is not None and self._source.inverted

    @property
    def source(self) -> Radiograph | None:
        """The reduced radiograph before any filter, once it is read."""
        return self._source.runner.source if self._source is not None else None

    def follow(self, volumeNode: Any, frame: int = 0, polarity: str = "auto") -> bool:
        """Another volume or frame; None for nothing. Returns whether it is another: the same costs nothing."""
        key = None if volumeNode is None else (*volumeKey(volumeNode), frame, polarity)
        if key == self._key:
            return False
        self._key, self._source = key, None
        if self._run is not None:
            run, self._run = self._run, None
            run.cancel()
        if volumeNode is not None:
            self._start(_sourceSteps(volumeNode, frame, polarity))
        return True

    def want(self, pipeline: Pipeline, size: PreviewSize) -> None:
        """The pictures of this pipeline, as soon as they can be had."""
        self._wanted = (pipeline, size)
        if self._run is None and self._source is not None:
            self._draw()

    def stop(self) -> None:
        """Forgets the volume; nothing is reported any more."""
        self.follow(None)
        self._wanted = None

    def _draw(self) -> None:
        if self._wanted is None or self._source is None:
            return
        source, (pipeline, size), self._wanted = self._source, self._wanted, None
        self._start(_drawSteps(source, pipeline, size))

    def _start(self, steps: Generator[Any, Any, Any]) -> None:
        run = self._run = Run(steps, cancelled=EnhancementCancelled)
        run.onChange(lambda state: self._changed(run) if state.done else None)
        run.start()

    def _changed(self, run: Run) -> None:
        if run is not self._run:
            return
        self._run = None
        try:
            result = run.result()
        except Exception as error:
            self._onError(error)
        else:
            if isinstance(result, _Source):
                self._source = result
            else:
                self._onPictures(result)
        self._draw()


@dataclass(frozen=True, slots=True, eq=False)
class _Source:
    """The reduced image, kept with what each filter made of it last."""

    runner: PreviewRunner
    inverted: bool
    window: tuple[float, float]
    mask: np.ndarray | None


def _sourceSteps(volumeNode: Any, frame: int, polarity: str) -> Generator[Any, Any, _Source]:
    given: EnhancementInput = yield from inputSteps(volumeNode, polarity=polarity)
    source: _Source = yield Wait(ThreadJob(_source, given, frame))
    return source


def _source(given: EnhancementInput, frame: int) -> _Source:
    runner = PreviewRunner(given.radiograph, frame=min(frame, given.radiograph.frames - 1))
    mask = radiograph_context(runner.source).mask
    return _Source(runner, given.inverted, display_window(runner.source.pixels[0], mask), mask)


def _drawSteps(source: _Source, pipeline: Pipeline, size: PreviewSize) -> Generator[Any, Any, PreviewPictures]:
    pictures: PreviewPictures = yield Wait(ThreadJob(_pictures, source, pipeline, size))
    return pictures


def _pictures(source: _Source, pipeline: Pipeline, size: PreviewSize) -> PreviewPictures:
    shown = source.runner.run(pipeline)
    before, after = source.runner.source.pixels[0], shown.pixels[0]
    window = window_about(source.window, display_window(after, source.mask))
    curve = source.runner.transfer_curve(shown)
    drawn = [
        grey_picture(fitted(image, shown.spacing, size.width, size.height), levels)
        for image, levels in ((before, source.window), (after, window))
    ]
    if source.inverted:  # as the node looks in the slice views
        drawn = [255 - picture for picture in drawn]
    return PreviewPictures(
        before=drawn[0],
        after=drawn[1],
        curve=curve_picture(curve, size.colours, size.width, size.curveHeight),
        monotone=curve.monotone,
        shape=shown.shape,
        pipeline=pipeline,
    )
