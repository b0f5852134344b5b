"""Inputs section: which radiograph is translated."""

from __future__ import annotations

from typing import Any

from slicer.i18n import tr as _
from XrayToCTLib.errors import XrayToCTError

from . import sample_data
from .section import Section
from .wiring import connectSignal


class InputsSection(Section):
    """Chooses the radiograph, or loads the sample."""

    uiFile = "InputsSection.ui"

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        connectSignal(self.ui.sampleButton, "clicked(bool)", self.onSampleButton)

    def onSampleButton(self) -> None:
        parameters = self.panel.parameterNode()
        if parameters is None:
            return
        try:
            parameters.inputVolume = sample_data.loadSampleRadiograph()
            self.panel.showStatus(_("The sample is simulated from a CT: it is no real radiograph."))
        except XrayToCTError as error:
            self.panel.showError(error)
