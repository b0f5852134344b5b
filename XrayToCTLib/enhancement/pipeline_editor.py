"""Pipeline editor: a pipeline that people change step by step, with undo and redo."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..errors import XrayToCTError
from .pipeline import Pipeline, Step

_MOST_REMEMBERED = 200
CHANGED = " (changed)"
"""Ends the name of a preset that was changed; the command line's --set does the same."""


class PipelineEditor:
    """The pipeline as it is now, and how it came to be so.

    Each edit is one step of undo; the values of one parameter that follow each other without ``settle`` between them
    (a slider that moves) are one. An edit that changes nothing is none.

    Args:
        pipeline: to begin with.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._states = [pipeline]
        self._now = 0
        self._moving: tuple[int, str] | None = None

    @property
    def pipeline(self) -> Pipeline:
        return self._states[self._now]

    @property
    def can_undo(self) -> bool:
        return self._now > 0

    @property
    def can_redo(self) -> bool:
        return self._now + 1 < len(self._states)

    def undo(self) -> None:
        """Back by one edit; nothing where there is none."""
        self.settle()
        self._now = max(0, self._now - 1)

    def redo(self) -> None:
        """Forward again by one edit; nothing where there is none."""
        self.settle()
        self._now = min(len(self._states) - 1, self._now + 1)

    def load(self, pipeline: Pipeline) -> None:
        """Another pipeline in place of this one; the one before comes back by ``undo``."""
        self.settle()
        self._edit(pipeline)

    def settle(self) -> None:
        """The slider was released: the next value is an edit of its own."""
        self._moving = None

    def add(self, filter: str, index: int | None = None) -> int:
        """Put a filter with its defaults before step ``index``, at the end by default; returns where it is now.

        Raises:
            XrayToCTError: there is no such filter, or no such place.
        """
        self.settle()
        steps = list(self.pipeline.steps)
        place = len(steps) if index is None else index
        if not 0 <= place <= len(steps):
            raise _no_step(place, len(steps))
        steps.insert(place, Step.of(filter))
        self._set_steps(steps)
        return place

    def remove(self, index: int) -> None:
        """Take a step out. Raises XrayToCTError: there is no such step; so do the methods below."""
        steps = self._steps_with(index)
        del steps[index]
        self._set_steps(steps)

    def move(self, index: int, by: int) -> int:
        """Move a step up (negative) or down by so many places, as far as there are any; returns where it is now."""
        steps = self._steps_with(index)
        place = min(max(index + by, 0), len(steps) - 1)
        steps.insert(place, steps.pop(index))
        self._set_steps(steps)
        return place

    def enable(self, index: int, enabled: bool) -> None:
        """Switch a step on or off; it keeps its place and its parameters."""
        steps = self._steps_with(index)
        steps[index] = replace(steps[index], enabled=enabled)
        self._set_steps(steps)

    def set_value(self, index: int, name: str, value: Any) -> None:
        """Give a parameter of a step a value. Also raises XrayToCTError for one that it cannot have."""
        moving = (index, name)
        same = self._moving == moving
        steps = self._steps_with(index)
        steps[index] = steps[index].with_values(**{name: value})
        if same and self.can_undo:
            self._states[self._now] = self._changed(steps)
        else:
            self._set_steps(steps)
        self._moving = moving

    def reset(self, index: int) -> None:
        """Give a step its filter's defaults."""
        steps = self._steps_with(index)
        steps[index] = Step.of(steps[index].filter, enabled=steps[index].enabled)
        self._set_steps(steps)

    def _steps_with(self, index: int) -> list[Step]:
        self.settle()
        steps = list(self.pipeline.steps)
        if not 0 <= index < len(steps):
            raise _no_step(index, len(steps))
        return steps

    def _changed(self, steps: list[Step]) -> Pipeline:
        """A changed preset is no longer that preset, and says so by its name."""
        name = self.pipeline.name
        return replace(self.pipeline, steps=tuple(steps), name=name if name.endswith(CHANGED) else name + CHANGED)

    def _set_steps(self, steps: list[Step]) -> None:
        if tuple(steps) != self.pipeline.steps:
            self._edit(self._changed(steps))

    def _edit(self, pipeline: Pipeline) -> None:
        if pipeline == self.pipeline:
            return
        del self._states[self._now + 1 :]
        self._states.append(pipeline)
        del self._states[:-_MOST_REMEMBERED]
        self._now = len(self._states) - 1


def unchanged_name(name: str) -> str:
    """The name of the preset that a changed pipeline came from."""
    return name.removesuffix(CHANGED)


def _no_step(index: int, count: int) -> XrayToCTError:
    return XrayToCTError(
        f"There is no step {index + 1}.", hint=f"Choose one from 1 to {count}." if count else "Add a filter first."
    )
