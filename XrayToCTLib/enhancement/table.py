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
    FilterEntry(
        "contrast_stretch",
        "Contrast stretch",
        "contrast",
        "Stretches the grey levels between two percentiles over the whole range.",
        "ContrastStretchParameters",
    ),
    FilterEntry(
        "histogram_matching",
        "Histogram matching",
        "contrast",
        "Gives the image the grey levels of a reference, by rank: the default is an ordinary chest radiograph.",
        "HistogramMatchingParameters",
    ),
    FilterEntry(
        "median",
        "Median",
        "denoise",
        "Takes out single bad pixels and leaves edges.",
        "MedianParameters",
    ),
    FilterEntry(
        "bilateral",
        "Bilateral",
        "denoise",
        "Averages neighbours that are alike; fast, for light noise.",
        "BilateralParameters",
    ),
    FilterEntry(
        "non_local_means",
        "Non-local means",
        "denoise",
        "Averages pixels whose surroundings look alike, near and far; slow and careful.",
        "NonLocalMeansParameters",
    ),
    FilterEntry(
        "total_variation",
        "Total variation",
        "denoise",
        "Flattens noise between edges; too much of it looks painted.",
        "TotalVariationParameters",
    ),
    FilterEntry(
        "wavelet",
        "Wavelet",
        "denoise",
        "Weighs the detail of each scale against the noise of that scale.",
        "WaveletParameters",
    ),
    FilterEntry(
        "anisotropic_diffusion",
        "Anisotropic diffusion",
        "denoise",
        "Lets grey levels flow together between edges, step by step.",
        "AnisotropicDiffusionParameters",
    ),
)
FILTERS: dict[str, FilterEntry] = {entry.name: entry for entry in _ENTRIES}
