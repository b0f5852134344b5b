"""Sections: the table of what the panel is made of, in the order of work, and the loading of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib import import_module
from typing import Any

from slicer.i18n import tr as _

from .section import SectionPanel
from .status_line import StatusLine

# (file of this package, class in it), in the order of work. A new section is one more line.
SECTIONS = (
    ("inputs_section", "InputsSection"),
    ("enhance_section", "EnhanceSection"),
    ("translate_section", "TranslateSection"),
    ("view_section", "ViewSection"),
    ("compare_section", "CompareSection"),
    ("trust_section", "TrustSection"),
    ("export_section", "ExportSection"),
    ("reader_study_section", "ReaderStudySection"),
    ("advanced_section", "AdvancedSection"),
)


class Sections:
    """All sections of one panel. One that fails says so in its place and leaves the others alone.

    Args:
        widget: the module's widget.
        layout: the QVBoxLayout that takes them.
    """

    def __init__(self, widget: Any, layout: Any) -> None:
        self.loaded: dict[str, Any] = {}
        self._widget = widget
        self._panels: dict[str, SectionPanel] = {}
        self._lines: dict[str, StatusLine] = {}
        for file, className in SECTIONS:
            self._load(file, className, layout)

    @property
    def childWidgets(self) -> dict[str, Any]:
        """The widgets of all sections by their names, with those under the sections."""
        found = {name: widget for line in self._lines.values() for name, widget in line.widgets.items()}
        for section in self.loaded.values():
            found |= vars(section.ui) if hasattr(section, "ui") else {}
        return found

    def setParameterNode(self, parameterNode: Any) -> None:
        self._each(lambda section: section.setParameterNode(parameterNode))

    def refresh(self) -> None:
        self._each(lambda section: section.refresh())

    def enter(self) -> None:
        self._each(lambda section: section.enter() if hasattr(section, "enter") else None)

    def cleanup(self) -> None:
        self._each(lambda section: section.cleanup())

    def _load(self, file: str, className: str, layout: Any) -> None:
        import qt

        place, below = qt.QVBoxLayout(), qt.QVBoxLayout()
        layout.addLayout(place)
        layout.addLayout(below)
        line = self._lines[className] = StatusLine(file.removesuffix("_section"), below)
        panel = self._panels[className] = SectionPanel(self._widget, line)
        try:
            section = getattr(import_module(f"{__package__}.{file}"), className)(panel)
            place.addWidget(section.widget)
        except Exception as error:  # whatever it is, the other sections must work
            logging.exception("The section %s cannot be shown.", className)
            name = className.removesuffix("Section")
            panel.showStatus(_("The section {name} cannot be shown: {reason}").format(name=name, reason=error))
        else:
            self.loaded[className] = section

    def _each(self, call: Callable[[Any], None]) -> None:
        for className, section in self.loaded.items():
            try:
                call(section)
            except Exception as error:
                self._panels[className].showError(error)
