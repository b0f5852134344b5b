"""Readiness: whether a translation can be started, and if not, why not, in words for the button's tool tip."""

from __future__ import annotations

from typing import Any

from slicer.i18n import tr as _

READY_TIP = _("Make a CT-like stack from the radiograph. Estimated HU, research use only.")


def reasonNotReady(inputVolume: Any, outputVolume: Any, modelsMissing: str = "", problem: str = "") -> str:
    """An empty string when Translate may be pressed, else one sentence that says what to do.

    Looks only at what is known without reading pixels, since it runs at every change of the panel.

    Args:
        inputVolume: chosen volume node or None.
        outputVolume: chosen volume node or None.
        modelsMissing: why there is no model, or "".
        problem: what a look at the pixels has found to be impossible, or "".
    """
    if inputVolume is None:
        return _("Choose a radiograph, or load the sample.")
    name = inputVolume.GetName()
    image = inputVolume.GetImageData()
    if image is None or 0 in image.GetDimensions():
        return _("{name} has no pixels: choose another volume.").format(name=name)
    if outputVolume is inputVolume:
        return _("The output is the input itself: choose another output, or none.")
    return modelsMissing or problem
