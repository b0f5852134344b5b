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
    FilterEntry(
        "variance_stabilised",
        "X-ray noise (Anscombe)",
        "denoise",
        "Makes quantum noise the same in thick and thin parts, denoises by any of the others, and goes back.",
        "VarianceStabilisedParameters",
    ),
    FilterEntry(
        "unsharp_mask",
        "Unsharp mask",
        "edges",
        "Adds what a blurred copy lacks: edges of one size.",
        "UnsharpMaskParameters",
    ),
    FilterEntry(
        "laplacian_sharpening",
        "Laplacian sharpening",
        "edges",
        "Adds the second derivative: the finest edges, and noise with them.",
        "LaplacianSharpeningParameters",
    ),
    FilterEntry(
        "multiscale_contrast",
        "Multi-scale contrast",
        "edges",
        "Lifts faint structures of every size and keeps strong ones, as radiography consoles do.",
        "MultiscaleContrastParameters",
    ),
    FilterEntry(
        "local_contrast_normalisation",
        "Local-contrast normalisation",
        "edges",
        "Gives every neighbourhood the same brightness and contrast, as far as wanted.",
        "LocalContrastNormalisationParameters",
    ),
    FilterEntry(
        "bone_emphasis",
        "Bone or soft tissue",
        "edges",
        "Strengthens narrow bright structures as bones are, or weakens them to show soft tissue.",
        "BoneEmphasisParameters",
    ),
    FilterEntry(
        "grid_suppression",
        "Grid lines",
        "background",
        "Finds the lines of an anti-scatter grid in the spectrum and takes them out.",
        "GridSuppressionParameters",
    ),
    FilterEntry(
        "scatter_suppression",
        "Scatter",
        "background",
        "Gives back contrast that scattered radiation took, most where the patient is thick.",
        "ScatterSuppressionParameters",
    ),
    FilterEntry(
        "background_compression",
        "Background compression",
        "background",
        "Takes out part of what varies slowly, so that lungs and mediastinum fit one window.",
        "BackgroundCompressionParameters",
    ),
)
FILTERS: dict[str, FilterEntry] = {entry.name: entry for entry in _ENTRIES}
