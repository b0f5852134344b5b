"""Input description: what is to be known of a radiograph before it is translated, with a thumbnail."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.models.card import ModelCard
from XrayToCTLib.models.registry import find_model
from XrayToCTLib.radiograph import Radiograph, SpacingSource
from XrayToCTLib.translation.input_gate import look_at_input

from .panel_words import forPanel
from .radiograph_reading import radiographSteps
from .run import Progress, ThreadJob, Wait

THUMBNAIL_PX = 96
_PIXEL_RATIO = 2  # drawn twice as fine, for screens of high density
_WINDOW = (1.0, 99.0)  # percentiles: markers and collimation must not make the anatomy black
_SAMPLES = 256  # pixels along an edge that the polarity in the scene is judged by


@dataclass(frozen=True, slots=True)
class InputDescription:
    """Of one frame of a radiograph.

    Attributes:
        frames, rows, columns: its size in pixels.
        spacing: (row, column) in mm; ``spacingIsAssumed`` where the file has none.
        boneBright: whether bone is bright in the scene; the library inverts where it is not.
        view: "PA", "AP", "LATERAL", or "" when the file does not say.
        warnings: what reading it has found.
        gate: what the model's input gate says; empty for an ordinary input.
        thumbnail: a PNG file, at most 192 pixels wide and high.
    """

    frames: int
    rows: int
    columns: int
    spacing: tuple[float, float]
    spacingIsAssumed: bool
    boneBright: bool
    view: str
    warnings: tuple[str, ...]
    gate: tuple[str, ...]
    thumbnail: bytes

    @property
    def sizeText(self) -> str:
        """Such as "2000 × 2000 pixels of 0.2 × 0.2 mm (400 × 400 mm)", columns first, as people say it."""
        row, column = self.spacing
        text = (
            f"{self.columns} × {self.rows} pixels of {column:.3g} × {row:.3g} mm "
            f"({self.columns * column:.0f} × {self.rows * row:.0f} mm)"
        )
        return f"{text}, spacing assumed" if self.spacingIsAssumed else text

    @property
    def meaningText(self) -> str:
        """Polarity, view and frames."""
        polarity = "bone bright" if self.boneBright else "bone dark, inverted for the model"
        view = f"view {self.view}" if self.view else "view not stated"
        return f"{polarity}; {view}" + (f"; {self.frames} frames" if self.frames > 1 else "")


def descriptionSteps(
    volumeNode: Any, *, model: Any = None, frame: int = 0, polarity: str = "auto", view: str = "auto"
) -> Generator[Any, Any, InputDescription]:
    """Steps of a run that describes a volume; ``model`` is the one whose gate is asked."""
    import slicer

    yield Progress(0.0, "reading the radiograph")
    radiograph = yield from radiographSteps(volumeNode, polarity=polarity, view=view, end=0.7)
    shown = slicer.util.arrayFromVolume(volumeNode)
    step = max(1, max(shown.shape[1:3]) // _SAMPLES)
    sample = shown[min(frame, len(shown) - 1), ::step, ::step].astype(np.float32)
    job = ThreadJob(describe, radiograph, sample, step, model, frame, phase="looking at the radiograph")
    return (yield Wait(job, 0.7, 1.0))


def describe(
    radiograph: Radiograph, shown: np.ndarray, step: int, model: str | ModelCard | None, frame: int
) -> InputDescription:
    """Plain numpy: it may run in a thread.

    Args:
        radiograph: bone bright.
        shown: every ``step``-th pixel of the frame as it is in the scene; with channels where it has some.
        step: see ``shown``.
        model: whose gate is asked; None asks the default model's.
        frame: index of the frame.

    Raises:
        XrayToCTError: no such frame.
    """
    one = radiograph.frame(frame)
    grey = shown if shown.ndim == 2 else shown.mean(axis=-1)
    read = one.pixels[0, ::step, ::step]
    return InputDescription(
        frames=radiograph.frames,
        rows=radiograph.shape[0],
        columns=radiograph.shape[1],
        spacing=radiograph.spacing,
        spacingIsAssumed=radiograph.spacing_source is SpacingSource.ASSUMED,
        boneBright=float(np.vdot(grey - grey.mean(), read - read.mean())) >= 0,
        view=radiograph.view.value if radiograph.view else "",
        warnings=tuple(forPanel(warning) for warning in radiograph.warnings),
        gate=_gateSentences(radiograph, model, frame),
        thumbnail=thumbnailPng(one.pixels[0]),
    )


def _gateSentences(radiograph: Radiograph, model: str | ModelCard | None, frame: int) -> tuple[str, ...]:
    """None where there is no model yet: the model's own section says that."""
    try:
        folder = find_model(model).folder
    except XrayToCTError:
        return ()
    return tuple(look_at_input(radiograph, folder, frame=frame))


def thumbnailPng(pixels: np.ndarray) -> bytes:
    """A PNG file of (rows, cols), windowed to its own percentiles, at most 192 pixels wide and high."""
    import cv2

    rows, columns = pixels.shape
    scale = min(1.0, THUMBNAIL_PX * _PIXEL_RATIO / max(rows, columns))
    size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    low, high = np.percentile(small, _WINDOW)
    grey = np.clip((small - low) / max(high - low, 1e-6), 0, 1) * 255
    return bytes(cv2.imencode(".png", np.rint(grey).astype(np.uint8))[1])
