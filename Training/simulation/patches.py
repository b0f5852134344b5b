"""Edits of the anatomy as patches: computed once in numpy, pasted by any executor."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

Triple = tuple[float, float, float]


class Edit(Protocol):
    """A record of one change. Coordinates are mm, (y, z, x), from the middle of the CT's first voxel."""

    def extent(self) -> tuple[Triple, Triple]:
        """Lowest and highest corner of what the edit may change or must see."""
        ...

    def changed(self, part: np.ndarray, at: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
        """The part with the change, from the part without it.

        Args:
            part: relative attenuation, float32 (y, z, x).
            at: open grid of the part's coordinates, mm.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """New values, float32 (y, z, x), of the box that starts at ``start`` in the padded volume."""

    start: tuple[int, int, int]
    values: np.ndarray

    @property
    def box(self) -> tuple[slice, slice, slice]:
        y, z, x = (slice(s, s + n) for s, n in zip(self.start, self.values.shape, strict=True))
        return y, z, x


def patches(attenuation: np.ndarray, spacing: Triple, margin: tuple[int, int], edits: Iterable[Edit]) -> list[Patch]:
    """What the edits change, one after the other; later ones see earlier ones.

    Args:
        attenuation: (y, z, x) relative attenuation, as prepared.
        spacing: (z, y, x) in mm, as prepared.
        margin: air in front of, behind and beside the volume: (planes, columns) on each side.
    """
    steps = (spacing[1], spacing[0], spacing[2])
    before = (margin[0], 0, margin[1])
    shape = tuple(n + 2 * m for n, m in zip(attenuation.shape, before, strict=True))
    done: list[Patch] = []
    for edit in edits:
        low, high = edit.extent()
        start = [max(0, int(np.floor(v / s)) + m) for v, s, m in zip(low, steps, before, strict=True)]
        stop = [min(n, int(np.ceil(v / s)) + m + 1) for v, s, m, n in zip(high, steps, before, shape, strict=True)]
        if any(a >= b for a, b in zip(start, stop, strict=True)):
            continue
        part = _read(attenuation, before, start, stop)
        for patch in done:
            _paste(patch, part, start)
        y, z, x = (
            (np.arange(a, b, dtype=np.float32) - m) * np.float32(s)
            for a, b, m, s in zip(start, stop, before, steps, strict=True)
        )
        values = edit.changed(part, (y[:, None, None], z[None, :, None], x[None, None, :]))
        done.append(Patch((start[0], start[1], start[2]), values.astype(np.float32, copy=False)))
    return done


def _read(attenuation: np.ndarray, before: tuple[int, int, int], start: list[int], stop: list[int]) -> np.ndarray:
    """A box of the padded volume."""
    part = np.zeros([b - a for a, b in zip(start, stop, strict=True)], np.float32)
    inner = [
        (max(a - m, 0), min(b - m, n))
        for a, b, m, n in zip(start, stop, before, attenuation.shape, strict=True)
    ]  # fmt: skip
    if all(a < b for a, b in inner):
        where = tuple(slice(a + m - s, b + m - s) for (a, b), m, s in zip(inner, before, start, strict=True))
        part[where] = attenuation[tuple(slice(a, b) for a, b in inner)]
    return part


def _paste(patch: Patch, part: np.ndarray, start: list[int]) -> None:
    """The overlap of an earlier patch with a box."""
    low = [max(a, b) for a, b in zip(patch.start, start, strict=True)]
    high = [
        min(a + n, b + m)
        for a, n, b, m in zip(patch.start, patch.values.shape, start, part.shape, strict=True)
    ]  # fmt: skip
    if all(a < b for a, b in zip(low, high, strict=True)):
        into = tuple(slice(a - s, b - s) for a, b, s in zip(low, high, start, strict=True))
        out_of = tuple(slice(a - s, b - s) for a, b, s in zip(low, high, patch.start, strict=True))
        part[into] = patch.values[out_of]
