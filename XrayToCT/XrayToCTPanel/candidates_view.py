"""Candidates view: the radiograph under every preset with its figures; choosing one loads that preset."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from slicer.i18n import tr as _
from XrayToCTLib.enhancement.enhance import radiograph_context
from XrayToCTLib.enhancement.pipeline import Pipeline
from XrayToCTLib.enhancement.shown_picture import display_window, fitted, grey_picture

from .pictures import pixmapOf
from .tried_enhancement import TriedEnhancement
from .wiring import connectSignal

THUMBNAIL = 132  # pixels, width and height; three fit side by side
_CELL = (143, 240)
_TWO_LINES = 35


class CandidatesView:
    """Shows candidates as pictures in a list.

    Args:
        listWidget: QListWidget in icon mode; hidden while there is nothing to choose.
        onChosen: called with the pipeline that was chosen.
    """

    def __init__(self, listWidget: Any, onChosen: Callable[[Pipeline], object]) -> None:
        import qt

        self._list, self._onChosen = listWidget, onChosen
        self._pipelines: list[Pipeline] = []
        self._filling = False
        listWidget.setIconSize(qt.QSize(THUMBNAIL, THUMBNAIL))
        listWidget.setGridSize(qt.QSize(*_CELL))
        connectSignal(listWidget, "currentRowChanged(int)", self.onRow)
        listWidget.setVisible(False)

    def show(self, candidates: Sequence[TriedEnhancement], thumbnails: Sequence[np.ndarray]) -> None:
        """Candidates with their pictures (see ``thumbnail``); none hides the list."""
        import qt

        self._filling = True
        try:
            self._list.clear()
            self._pipelines = [candidate.pipeline for candidate in candidates]
            for candidate, picture in zip(candidates, thumbnails, strict=True):
                item = qt.QListWidgetItem(qt.QIcon(pixmapOf(picture)), caption(candidate))
                item.setToolTip(f"{candidate.pipeline.description}\n{candidate.pipeline.describe()}".strip())
                self._list.addItem(item)
            self._list.setCurrentRow(-1)
            measured = any(candidate.fidelity is not None for candidate in candidates)
            self._list.setGridSize(qt.QSize(_CELL[0], _CELL[1] + (_TWO_LINES if measured else 0)))
        finally:
            self._filling = False
        self._list.setVisible(bool(candidates))

    def onRow(self, row: int) -> None:
        if not self._filling and 0 <= row < len(self._pipelines):
            self._onChosen(self._pipelines[row])


def caption(candidate: TriedEnhancement) -> str:
    """Name and figures, as they stand under a picture."""
    figures = candidate.figures
    near = []
    if candidate.fidelity is not None:
        near.append(_("PSNR {value:.1f} dB").format(value=candidate.fidelity.psnr_db))
        near.append(_("SSIM {value:.3f}").format(value=candidate.fidelity.ssim))
    contrast = f"{figures.contrast_to_noise:.0f}" if figures.contrast_to_noise < float("inf") else "∞"
    name = _("as it is") if not candidate.pipeline.steps else candidate.pipeline.name
    return "\n".join(
        [
            name,
            _("contrast/noise {value}").format(value=contrast),
            _("noise {value:.2f} %").format(value=figures.noise),
            _("edges {value:.1f} %/mm").format(value=figures.edge_strength),
            _("entropy {value:.2f} bit").format(value=figures.entropy),
            _("range used {value:.0f} %").format(value=figures.range_used),
            *near,
        ]
    )


def thumbnails(candidates: Sequence[TriedEnhancement], *, inverted: bool = False) -> list[np.ndarray]:
    """uint8 pictures, each in a window of its own as a viewer would show it. Plain numpy: for a thread."""
    made = []
    mask = radiograph_context(candidates[0].radiograph).mask if candidates else None
    for candidate in candidates:
        image = candidate.radiograph.pixels[0]
        small = fitted(image, candidate.radiograph.spacing, THUMBNAIL, THUMBNAIL)
        picture = grey_picture(small, display_window(image, mask))
        made.append(255 - picture if inverted else picture)
    return made
