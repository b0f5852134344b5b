"""Comparison view: the image before and after the pipeline, alone, split, or blinking."""

from __future__ import annotations

from typing import Any

from XrayToCTLib.enhancement.shown_picture import split_picture

from .pictures import pixmapOf

BLINK_MS = 700


class ComparisonView:
    """Shows PreviewPictures in a label.

    Args:
        label: QLabel that takes the picture.
    """

    def __init__(self, label: Any) -> None:
        import qt

        self._label = label
        self._pictures: Any = None
        self._mode, self._share = "After", 0.5
        self._blinkShowsBefore = False
        self._timer = qt.QTimer()
        self._timer.setInterval(BLINK_MS)
        self._timer.timeout.connect(self.blink)

    def setMode(self, mode: str, share: float) -> None:
        """ "After", "Before", "Split" at ``share`` of the width, or "Blink"."""
        if (mode, share) == (self._mode, self._share):
            return
        self._mode, self._share = mode, share
        self._blinkShowsBefore = False
        self._run(mode == "Blink" and self._pictures is not None)
        self._show()

    def show(self, pictures: Any) -> None:
        """PreviewPictures, or None for nothing."""
        self._pictures = pictures
        self._run(self._mode == "Blink" and pictures is not None)
        self._show()

    def blink(self) -> None:
        """The other one of both."""
        self._blinkShowsBefore = not self._blinkShowsBefore
        self._show()

    def stop(self) -> None:
        self._run(False)

    def _run(self, running: bool) -> None:
        if running and not self._timer.active:
            self._timer.start()
        elif not running:
            self._timer.stop()

    def _show(self) -> None:
        if self._pictures is None:
            self._label.clear()
            return
        before, after = self._pictures.before, self._pictures.after
        if self._mode == "Split":
            picture = split_picture(before, after, self._share)
        elif self._mode == "Before" or (self._mode == "Blink" and self._blinkShowsBefore):
            picture = before
        else:
            picture = after
        self._label.setPixmap(pixmapOf(picture))
