"""Run controls: the widgets of a run. A button that becomes Cancel, a bar, the phase, and the log on request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slicer.i18n import tr as _
from XrayToCTLib.worker.job import JobState

from .run import Run
from .wiring import connectSignal


class RunControls:
    """Shows one run after another in a section.

    A press starts a run through ``onPress``, or cancels the one that is under way. Between runs the button is as
    ``setReason`` says: enabled, or disabled with the reason as its tool tip.

    Args:
        panel: the section's SectionPanel.
        button: QPushButton.
        progressBar: QProgressBar, hidden between runs.
        phaseLabel: QLabel, hidden between runs.
        onPress: called when the button is pressed between runs; calls ``start``.
        readyTip: tool tip of the button when it can be pressed.
    """

    def __init__(
        self,
        panel: Any,
        button: Any,
        progressBar: Any,
        phaseLabel: Any,
        onPress: Callable[[], object],
        readyTip: str = "",
    ) -> None:
        self._panel, self._button, self._progressBar, self._phaseLabel = panel, button, progressBar, phaseLabel
        self._onPress, self._readyTip = onPress, readyTip
        self._idleText = button.text
        self._reason = ""
        self._run: Run | None = None
        self._starting = False
        progressBar.setRange(0, 1000)
        connectSignal(button, "clicked(bool)", self.press)
        self._show()

    @property
    def run(self) -> Run | None:
        """The run that is under way."""
        return self._run

    def setReason(self, reason: str) -> None:
        """Why no run can be started; "" when one can."""
        self._reason = reason
        self._show()

    def press(self) -> None:
        """What the button does."""
        if self._run is not None:
            self._run.cancel()
            return
        if self._starting:  # a question is open, and lets presses in
            return
        self._starting = True
        try:
            self._onPress()
        except Exception as error:
            self._panel.showError(error)
        finally:
            self._starting = False
        self._show()

    def start(self, run: Run, onResult: Callable[[Any], object], log: Callable[[], str] | None = None) -> None:
        """Shows ``run`` until it is done.

        Args:
            onResult: called with its result; not when it failed or was cancelled: then the panel says so.
            log: gives the full log, which is offered when the run has failed.
        """
        self._run = run
        self._panel.showStatus("")
        run.onChange(lambda state: self._changed(run, state, onResult, log))
        self._show()

    def cleanup(self) -> None:
        """Cancels the run that is under way."""
        if self._run is not None:
            self._run.cancel()

    def _changed(
        self, run: Run, state: JobState, onResult: Callable[[Any], object], log: Callable[[], str] | None
    ) -> None:
        if run is not self._run:
            return
        if not state.done:
            self._showProgress(state)
            return
        self._run = None
        self._show()
        if state.error is None:
            try:
                onResult(run.result())
            except Exception as error:
                self._panel.showError(error)
        elif state.cancelled or state.phase == "cancelled":
            self._panel.showStatus(_("Cancelled. Nothing was changed."))
        else:
            self._panel.showError(state.error, log() if log else "")

    def _showProgress(self, state: JobState) -> None:
        self._progressBar.setValue(round(1000 * state.fraction))
        self._phaseLabel.setText(progressText(state))

    def _show(self) -> None:
        running = self._run is not None
        self._progressBar.setVisible(running)
        self._phaseLabel.setVisible(running)
        if running:
            self._button.setText(_("Cancel"))
            self._button.setToolTip(_("Stop the run. Nothing is left behind."))
            self._button.setEnabled(True)
            self._showProgress(self._run.state)  # type: ignore[union-attr]
        else:
            self._button.setText(self._idleText)
            self._button.setToolTip(self._reason or self._readyTip)
            self._button.setEnabled(not self._reason)


def progressText(state: JobState) -> str:
    """Phase and remaining time: "Translating (about 4 s left)"."""
    phase = (state.phase or _("preparing"))[:1].upper() + (state.phase or _("preparing"))[1:]
    if state.remaining_s is None:
        return f"{phase}…"
    seconds = max(1, round(state.remaining_s))
    if seconds < 90:
        return _("{phase} (about {seconds} s left)").format(phase=phase, seconds=seconds)
    return _("{phase} (about {minutes} min left)").format(phase=phase, minutes=round(seconds / 60))
