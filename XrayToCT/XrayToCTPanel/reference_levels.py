"""Reference levels: the grey levels of the reference volume, for the filter that matches to them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from slicer.i18n import tr as _
from XrayToCTLib.enhancement.enhance import radiograph_context
from XrayToCTLib.enhancement.histogram_matching import reference_quantiles
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.progress import EnhancementCancelled

from .dependencies import ensureDependencies
from .enhancement_input import EnhancementInput, enhancementInput
from .run import Run, ThreadJob
from .translation_run import stillThere
from .volume_snapshot import snapshotSteps


class ReferenceLevels:
    """Reads the levels in a thread.

    Args:
        panel: SectionPanel.
        onLevels: called with (name of the parameter, quantiles).
    """

    def __init__(self, panel: Any, onLevels: Callable[[str, tuple[float, ...]], object]) -> None:
        self._panel, self._onLevels = panel, onLevels
        self._run: Run | None = None

    @property
    def isBusy(self) -> bool:
        """Levels are still to come."""
        return self._run is not None

    def take(self, name: str) -> None:
        """Takes those of the volume that is chosen as reference, for the parameter of this name."""
        parameters = self._panel.parameterNode()
        node = parameters.enhanceReference if parameters is not None else None
        if node is None:
            error = XrayToCTError(_("There is no reference volume."), hint=_("Choose one above Try all presets."))
            self._panel.showError(error)
            return
        self.stop()
        ensureDependencies()
        steps = _steps(node, parameters.polarity)
        run = self._run = Run(steps, guard=stillThere(node), cancelled=EnhancementCancelled)
        run.onChange(lambda state: self._done(run, name) if state.done else None)
        run.start()

    def stop(self) -> None:
        run, self._run = self._run, None
        if run is not None:
            run.cancel()

    def _done(self, run: Run, name: str) -> None:
        if run is not self._run:
            return
        self._run = None
        if run.state.error is not None:
            self._panel.showError(run.state.error)
        else:
            self._onLevels(name, run.result())


def _steps(node: Any, polarity: str) -> Generator[Any, Any, tuple[float, ...]]:
    snapshot = yield from snapshotSteps(node)
    given: EnhancementInput = yield ThreadJob(enhancementInput, snapshot, polarity=polarity)
    levels: tuple[float, ...] = yield ThreadJob(_levels, given)
    return levels


def _levels(given: EnhancementInput) -> tuple[float, ...]:
    return reference_quantiles(given.radiograph.pixels[0], radiograph_context(given.radiograph))
