"""Filter help: what a filter does, in words and in a picture of the image before and after it alone."""

from __future__ import annotations

import inspect
from dataclasses import fields
from html import escape
from typing import Any

import numpy as np
from slicer.i18n import tr as _
from XrayToCTLib.enhancement.pipeline import Pipeline, Step
from XrayToCTLib.enhancement.preview import PreviewRunner
from XrayToCTLib.enhancement.shown_picture import beside, display_window, fitted, grey_picture, window_about
from XrayToCTLib.enhancement.table import CATEGORIES, FILTERS
from XrayToCTLib.radiograph import Radiograph

from .parameter_form import parameterTip, parameterTitle

_CROP = 0.6  # share of the image in its middle, where the anatomy is


def filterHelp(name: str) -> str:
    """Rich text: what the filter is for, how it works and by whom, and what each parameter does."""
    entry = FILTERS[name]
    rows = "".join(
        f"<li><b>{escape(parameterTitle(item))}</b>: {escape(parameterTip(item))}</li>"
        for item in fields(entry.parameters_class)
    )
    return (
        f"<p><b>{escape(_(entry.title))}</b> ({escape(_(CATEGORIES[entry.category]))}). {escape(_(entry.help))}</p>"
        f"<p>{escape(_method(entry.function))}</p><ul>{rows}</ul>"
    )


def helpPicture(radiograph: Radiograph, step: Step, width: int) -> np.ndarray:
    """uint8 (rows, cols): the middle of the image as it is, and after this filter alone. Plain numpy: for a thread.

    Args:
        radiograph: its first frame is taken; a preview's reduced one will do.
        step: the filter with its parameters, run even if it is switched off.
        width: of both together, in pixels.
    """
    runner = PreviewRunner(radiograph)
    after = runner.run(Pipeline("help", (Step(step.filter, step.parameters),)))
    images = [_middle(picture.pixels[0]) for picture in (runner.source, after)]
    windows = [display_window(image) for image in images]
    windows[1] = window_about(windows[0], windows[1])
    pictures = [
        grey_picture(fitted(image, after.spacing, (width - 2) // 2, width), window)
        for image, window in zip(images, windows, strict=True)
    ]
    return beside(*pictures)


def _middle(image: np.ndarray) -> np.ndarray:
    rows, cols = image.shape
    top, left = round(rows * (1 - _CROP) / 2), round(cols * (1 - _CROP) / 2)
    return image[top : rows - top, left : cols - left]


def _method(function: Any) -> str:
    """The first paragraphs of the function's documentation: method and source."""
    text = inspect.getdoc(function) or ""
    return " ".join(text.split("\n\nArgs:")[0].split())
