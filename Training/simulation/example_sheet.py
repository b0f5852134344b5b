"""Example sheet: what the network is about to be shown, for a person to look at before a long run."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from .field import INPUT_MEAN, INPUT_STD, PairedBatch

_PANEL = 192
_CAPTION = 34
_GAP = 6
# Shown: line integrals from 0 to 6.5, HU from -1000 to 500.
_MOST_INTEGRAL = 6.5
_LOWEST, _HIGHEST = -1.0, 0.5
_COLUMNS = 2


class CaptionedStream(Protocol):
    """What a sheet needs of a stream."""

    def batch(self, step: int, lanes: range) -> PairedBatch: ...

    def caption(self, step: int, lane: int) -> str: ...


def write_example_sheet(path: Path, stream: CaptionedStream, count: int = 12, step: int = 0) -> None:
    """Write a PNG with ``count`` samples of one step: the input, five slabs from front to back, and what was done.

    Rays whose target is not real are tinted.
    """
    batch = stream.batch(step, range(count))
    tiles = []
    for lane in range(count):
        shown = np.clip((batch.image[lane, 0].numpy(force=True) * INPUT_STD + INPUT_MEAN) / _MOST_INTEGRAL, 0.0, 1.0)
        target = batch.target[lane].numpy(force=True)
        slabs = np.linspace(0.14, 0.86, 5) * (len(target) - 1)
        greys = [shown] + [
            np.clip((target[round(slab)] - _LOWEST) / (_HIGHEST - _LOWEST), 0.0, 1.0) for slab in slabs
        ]  # fmt: skip
        valid = batch.valid[lane, 0].numpy(force=True) > 0.5
        tiles.append(_tile([_coloured(grey, valid) for grey in greys], f"{lane}  {stream.caption(step, lane)}"))
    while len(tiles) % _COLUMNS:
        tiles.append(np.zeros_like(tiles[0]))
    rows = [np.hstack(tiles[at : at + _COLUMNS]) for at in range(0, len(tiles), _COLUMNS)]
    written, encoded = cv2.imencode(".png", np.vstack(rows))
    assert written
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(encoded.tobytes())
    partial.replace(path)


def _coloured(grey: np.ndarray, valid: np.ndarray) -> np.ndarray:
    picture = np.repeat((grey * 255).astype(np.uint8)[..., None], 3, axis=2)
    picture[~valid, 0] = np.minimum(picture[~valid, 0].astype(int) + 40, 255)
    larger = cv2.INTER_NEAREST if grey.shape[0] < _PANEL else cv2.INTER_AREA
    return cv2.resize(picture, (_PANEL, _PANEL), interpolation=larger)


def _tile(panels: list[np.ndarray], caption: str) -> np.ndarray:
    width = len(panels) * _PANEL
    tile = np.zeros((_PANEL + _CAPTION + _GAP, width + _GAP, 3), np.uint8)
    tile[_CAPTION : _CAPTION + _PANEL, :width] = np.hstack(panels)
    for line, text in enumerate(textwrap.wrap(caption, 165)[:2]):
        at = (4, 13 + 14 * line)
        cv2.putText(tile, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.4, (230, 230, 230), 1, cv2.LINE_AA)
    return tile
