"""The table of filters, in the order in which they are offered."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .guard import Filter
    from .parameters import FilterParameters

CATEGORIES = {"contrast": "Contrast", "denoise": "Denoise", "edges": "Edges", "background": "Background"}


@dataclass(frozen=True, slots=True)
class FilterEntry:
    """A filter and where it is.

    Attributes:
        name: of the module and its function; what pipelines store, so it stays.
        title: for people.
        category: a key of ``CATEGORIES``.
        help: one or two sentences for people.
        parameters_name: of the parameter record in the module.
    """

    name: str
    title: str
    category: str
    help: str
    parameters_name: str

    @property
    def module(self) -> Any:
        return importlib.import_module(f".{self.name}", __package__)

    @property
    def parameters_class(self) -> type[FilterParameters]:
        found: type[FilterParameters] = getattr(self.module, self.parameters_name)
        return found

    @property
    def function(self) -> Filter[Any]:
        found: Filter[Any] = getattr(self.module, self.name)
        return found


_ENTRIES = (
    FilterEntry(
        "window_level",
        "Window, level and gamma",
        "contrast",
        "Stretches a window of grey levels over the whole range; gamma bends the curve.",
        "WindowLevelParameters",
    ),
    FilterEntry(
        "histogram_equalisation",
        "Histogram equalisation",
        "contrast",
        "Spreads the grey levels so that all are used equally often. Strong, and the same over the whole image.",
        "HistogramEqualisationParameters",
    ),
    FilterEntry(
        "clahe",
        "Adaptive equalisation (CLAHE)",
        "contrast",
        "Equalises each neighbourhood by itself, with a limit on how much contrast (and noise) may grow.",
        "ClaheParameters",
    ),
)
FILTERS: dict[str, FilterEntry] = {entry.name: entry for entry in _ENTRIES}
