"""The light and the dark palette of Slicer, as Fusion draws them."""

from __future__ import annotations

from PySide6 import QtGui, QtWidgets

_DARK = {
    "Window": "#353535", "WindowText": "#ffffff", "Base": "#2a2a2a", "AlternateBase": "#353535", "Text": "#ffffff",
    "Button": "#353535", "ButtonText": "#ffffff", "ToolTipBase": "#ffffff", "ToolTipText": "#000000",
    "Link": "#6ab0f3", "Highlight": "#2a82da", "HighlightedText": "#ffffff", "PlaceholderText": "#9a9a9a",
}  # fmt: skip
_LIGHT = {
    "Window": "#efefef", "WindowText": "#000000", "Base": "#ffffff", "AlternateBase": "#f7f7f7", "Text": "#000000",
    "Button": "#efefef", "ButtonText": "#000000", "ToolTipBase": "#ffffdc", "ToolTipText": "#000000",
    "Link": "#0057ae", "Highlight": "#308cc6", "HighlightedText": "#ffffff", "PlaceholderText": "#808080",
}  # fmt: skip
_PALETTES = {"light": _LIGHT, "dark": _DARK}


def use_palette(name: str) -> None:
    """Colours all windows: "light" or "dark"."""
    QtWidgets.QApplication.setStyle("Fusion")
    palette = QtGui.QPalette()
    for role, color in _PALETTES[name].items():
        palette.setColor(QtGui.QPalette.ColorRole[role], QtGui.QColor(color))
    for role in ("WindowText", "Text", "ButtonText"):
        palette.setColor(QtGui.QPalette.ColorGroup.Disabled, QtGui.QPalette.ColorRole[role], QtGui.QColor("#8c8c8c"))
    QtWidgets.QApplication.setPalette(palette)
