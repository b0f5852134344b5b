"""Help box: the help of the chosen filter, shown on request; its picture is drawn in a thread."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import numpy as np
from XrayToCTLib.enhancement.pipeline import Step
from XrayToCTLib.radiograph import Radiograph
from XrayToCTLib.readers import read_radiograph

from . import sample_data
from .dependencies import missingPackages
from .filter_help import filterHelp, helpPicture
from .pictures import pixmapOf
from .run import Run, ThreadJob
from .wiring import connectSignal


class HelpBox:
    """Shows the help of the chosen filter while the help button is down.

    Args:
        ui: with enhanceHelpButton, enhanceHelpLabel and enhanceHelpPictureLabel.
        step: gives the chosen step, or None.
        radiograph: gives the reduced radiograph that is shown, or None: then the sample is taken.
        width: gives the picture's width in pixels.
    """

    def __init__(
        self,
        ui: Any,
        step: Callable[[], Step | None],
        radiograph: Callable[[], Radiograph | None],
        width: Callable[[], int],
    ) -> None:
        self._ui, self._step, self._radiograph, self._width = ui, step, radiograph, width
        self._shown: Any = None
        self._run: Run | None = None
        connectSignal(ui.enhanceHelpButton, "toggled(bool)", self.show)
        self.show()

    @property
    def isBusy(self) -> bool:
        """A picture is still to come."""
        return self._run is not None

    def show(self) -> None:
        """Shows, or hides, the help as the button and the chosen step are now."""
        ui, step = self._ui, self._step()
        ui.enhanceHelpButton.setEnabled(step is not None)
        isOn = bool(ui.enhanceHelpButton.checked) and step is not None
        ui.enhanceHelpLabel.setVisible(isOn)
        ui.enhanceHelpPictureLabel.setVisible(isOn)
        if not isOn or step is None:
            self.stop()
            return
        ui.enhanceHelpLabel.setText(filterHelp(step.filter))
        if missingPackages():
            ui.enhanceHelpPictureLabel.clear()
            return
        wanted = (step.filter, step.parameters, id(self._radiograph()))
        if wanted == self._shown:
            return
        self.stop()
        self._shown = wanted
        run = self._run = Run(_pictureSteps(self._radiograph(), step, self._width()))
        run.onChange(lambda state: self._drawn(run) if state.done else None)
        run.start()

    def stop(self) -> None:
        """Forgets the picture that is being drawn."""
        run, self._run, self._shown = self._run, None, None
        if run is not None:
            run.cancel()

    def _drawn(self, run: Run) -> None:
        if run is not self._run:
            return
        self._run = None
        if run.state.error is not None:
            self._ui.enhanceHelpPictureLabel.setText(str(run.state.error))
        else:
            self._ui.enhanceHelpPictureLabel.setPixmap(pixmapOf(run.result()))


def _pictureSteps(radiograph: Radiograph | None, step: Step, width: int) -> Generator[Any, Any, np.ndarray]:
    picture: np.ndarray = yield ThreadJob(_picture, radiograph, step, width)
    return picture


def _picture(radiograph: Radiograph | None, step: Step, width: int) -> np.ndarray:
    if radiograph is None:
        radiograph = read_radiograph(sample_data.RADIOGRAPH_FILE)
    return helpPicture(radiograph, step, width)
