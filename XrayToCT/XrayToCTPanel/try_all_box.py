"""Try-all box: the radiograph under every preset, to choose from."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

from slicer.i18n import tr as _
from XrayToCTLib.enhancement.pipeline import Pipeline
from XrayToCTLib.errors import XrayToCTError

from .candidates_view import CandidatesView, thumbnails
from .dependencies import ensureDependencies
from .run import Run, ThreadJob
from .run_controls import RunControls
from .tried_enhancement import TriedEnhancement

READY_TIP = "Show the radiograph under every preset, with figures of each."


class TryAllBox:
    """Runs the verb ``tryEnhancements`` and shows what it gives.

    Args:
        panel: SectionPanel.
        ui: with enhanceTryAllButton, enhanceTryAllProgressBar, enhanceTryAllPhaseLabel, enhanceCandidatesList.
        isInverted: whether bone is dark in the node.
        onChosen: called with the pipeline that was chosen.
    """

    def __init__(
        self, panel: Any, ui: Any, isInverted: Callable[[], bool], onChosen: Callable[[Pipeline], object]
    ) -> None:
        self._panel, self._isInverted = panel, isInverted
        self.view = CandidatesView(ui.enhanceCandidatesList, onChosen)
        self._drawing: Run | None = None
        self._of: tuple[Any, ...] = ()  # the image that the candidates are made of
        self.controls = RunControls(
            panel,
            ui.enhanceTryAllButton,
            ui.enhanceTryAllProgressBar,
            ui.enhanceTryAllPhaseLabel,
            self.tryAll,
            _(READY_TIP),
        )

    def setReason(self, reason: str) -> None:
        """Why it cannot be pressed, or ""."""
        self.controls.setReason(reason)

    def follow(self, of: tuple[Any, ...]) -> None:
        """Another image, () for none: the candidates of the one before are not those of this one."""
        if of == self._of:
            return
        self._of = of
        self.cleanup()
        self._drawing = None
        self.view.show([], [])

    def tryAll(self) -> None:
        ensureDependencies()
        parameters = self._panel.parameterNode()
        if parameters is None or parameters.inputVolume is None:
            raise XrayToCTError(_("The radiograph is gone."), hint=_("Choose another one."))
        self.view.show([], [])
        run = self._panel.logic.tryEnhancements(
            parameters.inputVolume,
            referenceVolume=parameters.enhanceReference,
            wait=False,
            frame=parameters.frame,
            polarity=parameters.polarity,
        )
        self.controls.start(run, self._draw)

    def cleanup(self) -> None:
        self.controls.cleanup()
        if self._drawing is not None:
            self._drawing.cancel()

    @property
    def isBusy(self) -> bool:
        """Something is still to come."""
        return self.controls.run is not None or self._drawing is not None

    def _draw(self, candidates: Sequence[TriedEnhancement]) -> None:
        run = self._drawing = Run(_thumbnailSteps(candidates, self._isInverted()))
        run.onChange(lambda state: self._drawn(run, candidates) if state.done and run is self._drawing else None)
        run.start()

    def _drawn(self, run: Run, candidates: Sequence[TriedEnhancement]) -> None:
        self._drawing = None
        if run.state.error is None:
            self.view.show(candidates, run.result())
        else:
            self._panel.showError(run.state.error)


def _thumbnailSteps(candidates: Sequence[TriedEnhancement], inverted: bool) -> Generator[Any, Any, Any]:
    pictures = yield ThreadJob(thumbnails, candidates, inverted=inverted)
    return pictures
