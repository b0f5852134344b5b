"""Section: one collapsible part of the panel, and what it sees of the whole."""

from __future__ import annotations

import logging
import traceback
from typing import Any

from slicer.i18n import tr as _
from XrayToCTLib.errors import XrayToCTError

from .panel_words import forPanel
from .status_line import StatusLine


class SectionPanel:
    """The panel as one section sees it. What the section says appears right under it.

    Args:
        widget: the module's widget.
        statusLine: what is under the section.

    Attributes:
        canReplace: whether the section has a choice to replace files, of which its hints may then speak.
    """

    canReplace = False

    def __init__(self, widget: Any, statusLine: StatusLine) -> None:
        self._widget = widget
        self._statusLine = statusLine

    @property
    def logic(self) -> Any:
        """XrayToCTLogic: the verbs."""
        return self._widget.logic

    def parameterNode(self) -> Any:
        """XrayToCTParameterNode, or None: the module is left, or the scene is closing."""
        return self._widget.parameterNode()

    def section(self, className: str) -> Any:
        """Another section, such as "InputsSection"; None when it could not be loaded."""
        sections = self._widget.sections
        return sections.loaded.get(className) if sections is not None else None

    def refreshAll(self) -> None:
        """Refreshes every section: something that is no parameter has changed."""
        self._widget.onParametersChanged()

    def resourcePath(self, fileName: str) -> str:
        """The path of a file in the module's Resources."""
        return str(self._widget.resourcePath(fileName))

    def wordsFor(self, error: XrayToCTError) -> str:
        """What ``showError`` would say."""
        return forPanel(str(error), canReplace=self.canReplace)

    def showStatus(self, text: str) -> None:
        """Says something under the section; "" says nothing any more."""
        self._statusLine.say(forPanel(text, canReplace=self.canReplace))

    def showError(self, error: BaseException, log: str = "") -> None:
        """One sentence with what to do next. What is no XrayToCTError is a fault of ours, and is logged as one.

        Args:
            error: what happened.
            log: all that a process wrote, which a button then offers.
        """
        if isinstance(error, XrayToCTError):
            self._statusLine.say(self.wordsFor(error), log)
            return
        logging.error("X-ray to CT: an unexpected error.", exc_info=error)
        trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        sentence = _("This failed: {reason}. Please report it with the log.").format(reason=error)
        self._statusLine.say(sentence, f"{log}\n{trace}".strip())


class Section:
    """Base of the sections: loads ``uiFile`` and binds its widgets to the parameters that they name.

    A section sets ``uiFile``, overrides what it needs, and calls a verb of ``panel.logic`` for all that a button does.

    Attributes:
        panel: SectionPanel.
        widget: the qMRMLWidget that the .ui file describes, with one ctkCollapsibleButton in it.
        ui: its widgets by their names, which no other section may use.
    """

    uiFile = ""

    def __init__(self, panel: SectionPanel) -> None:
        import slicer

        self.panel = panel
        self.widget = slicer.util.loadUI(panel.resourcePath(f"UI/{self.uiFile}"))
        self.ui = slicer.util.childWidgetVariables(self.widget)
        self.widget.setMRMLScene(slicer.mrmlScene)
        self._parameterNode: Any = None
        self._guiTag: int | None = None

    def setParameterNode(self, parameterNode: Any) -> None:
        """Binds the widgets to another parameter node; None lets go of it. ``refresh`` is called afterwards."""
        import slicer

        if parameterNode is None and slicer.mrmlScene.IsClosing():  # else the user has only gone to another module
            self.panel.showStatus("")  # it was about what is gone
        if self._parameterNode is not None and self._guiTag is not None:
            self._parameterNode.disconnectGui(self._guiTag)
        self._parameterNode = parameterNode
        self._guiTag = parameterNode.connectGui(self.ui) if parameterNode is not None else None

    def enter(self) -> None:
        """The user has come to the module."""

    def refresh(self) -> None:
        """Called at every change of a parameter: show what it means. Must be fast: it reads no pixels."""

    def cleanup(self) -> None:
        """The panel is going away: undo every connection to what outlives it."""
