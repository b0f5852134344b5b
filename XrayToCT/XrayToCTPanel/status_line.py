"""Status line: what a section says last, right under it, with the full log on request."""

from __future__ import annotations

from typing import Any

from slicer.i18n import tr as _

from .wiring import connectSignal


class StatusLine:
    """A label, and a button that shows or hides a log; all hidden while there is nothing to say.

    Args:
        name: of the section; the widgets are called <name>StatusLabel, <name>LogButton and <name>LogBrowser.
        layout: the QVBoxLayout that takes them.
    """

    def __init__(self, name: str, layout: Any) -> None:
        import qt

        self.label, self.button, self.browser = qt.QLabel(), qt.QPushButton(), qt.QTextBrowser()
        self.label.setObjectName(f"{name}StatusLabel")
        self.label.setWordWrap(True)
        self.label.setTextFormat(qt.Qt.PlainText)  # it quotes files and errors
        self.label.setTextInteractionFlags(qt.Qt.TextSelectableByMouse | qt.Qt.TextSelectableByKeyboard)
        self.label.setToolTip(_("What happened last in this section."))
        self.button.setObjectName(f"{name}LogButton")
        self.button.setToolTip(_("Show or hide all that was written while this failed, to send with a report."))
        self.browser.setObjectName(f"{name}LogBrowser")
        self.browser.setToolTip(_("The log: select and copy it to send it with a report."))
        self.browser.setMaximumHeight(200)
        connectSignal(self.button, "clicked(bool)", self.toggleLog)
        for widget in (self.label, self.button, self.browser):
            layout.addWidget(widget)
        self.say("")

    @property
    def widgets(self) -> dict[str, Any]:
        return {widget.objectName: widget for widget in (self.label, self.button, self.browser)}

    def say(self, text: str, log: str = "") -> None:
        """Shows a text, and offers a log; "" hides what there was."""
        self.label.setText(text)
        self.label.setVisible(bool(text))
        self.browser.setPlainText(log)
        self.button.setVisible(bool(log))
        self._showLog(False)

    def toggleLog(self) -> None:
        self._showLog(not self._logIsShown)

    def _showLog(self, shown: bool) -> None:
        self._logIsShown = shown
        self.browser.setVisible(shown)
        self.button.setText(_("&Hide the log") if shown else _("S&how the log"))
