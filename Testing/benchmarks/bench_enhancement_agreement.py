"""How far each filter is from the same method in scikit-image, SimpleITK or OpenCV, and why.

    python -m Testing.benchmarks.bench_enhancement_agreement [--size 512] [--json]

One simulated 16-bit chest radiograph (bench_enhancement_pipelines) goes through both. Differences are in per cent of
the 16-bit range: the largest, and the mean. Filters without such a line have no counterpart in these libraries; their
known answers are in Testing/tests/test_enhancement_filters_known_answers.py.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import SimpleITK as sitk
from skimage import exposure, filters, restoration

from Testing.benchmarks.bench_enhancement_pipelines import simulated
from XrayToCTLib.enhancement.context import FilterContext
from XrayToCTLib.enhancement.histogram_matching import reference_quantiles
from XrayToCTLib.enhancement.noise import noise_standard_deviation
from XrayToCTLib.enhancement.smoothing import gaussian
from XrayToCTLib.enhancement.table import FILTERS
from XrayToCTLib.enhancement.total_variation import denoise

_TOP = 65535.0
_STEP = 0.8  # mm a pixel
_EDGE = 12  # pixels at the border where libraries continue an image differently


@dataclass(frozen=True)
class Reference:
    """A filter of ours beside another library's: both of (image, context) -> image."""

    filter: str
    library: str
    ours: Callable[[np.ndarray, FilterContext], np.ndarray]
    theirs: Callable[[np.ndarray, FilterContext], np.ndarray]
    why: str


def ours(name: str, **values: Any) -> Callable[[np.ndarray, FilterContext], np.ndarray]:
    entry = FILTERS[name]
    return lambda image, context: entry.function(image, entry.parameters_class(**values), context)


def _median(image: np.ndarray, _context: FilterContext) -> np.ndarray:
    return np.asarray(sitk.GetArrayFromImage(sitk.Median(sitk.GetImageFromArray(image), [1, 1])))


def _laplacian(image: np.ndarray, context: FilterContext) -> np.ndarray:
    smooth = sitk.GetImageFromArray(gaussian(image, 0.8, context))
    smooth.SetSpacing((_STEP, _STEP))
    return np.asarray(image - 0.5 * _STEP**2 * sitk.GetArrayFromImage(sitk.Laplacian(smooth)))


def _equalised(image: np.ndarray, _context: FilterContext) -> np.ndarray:
    return np.asarray(exposure.equalize_hist(image.astype(np.uint16), nbins=65536) * _TOP)


def _clahe(image: np.ndarray, _context: FilterContext) -> np.ndarray:
    tiles = round(image.shape[0] * _STEP / 100.0)
    return np.asarray(cv2.createCLAHE(40.0, (tiles, tiles)).apply(image.astype(np.uint16)), np.float32)


def _other(image: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(image * 0.5 + 20000.0, 0, _TOP), np.float32)


def _matched(image: np.ndarray, context: FilterContext) -> np.ndarray:
    return ours("histogram_matching", reference=reference_quantiles(_other(image), context, 4097))(image, context)


def _bilateral(image: np.ndarray, context: FilterContext) -> np.ndarray:
    return np.asarray(cv2.bilateralFilter(image, 5, 3.0 * noise_standard_deviation(image, context), 1.0))


def _variation(image: np.ndarray, _context: FilterContext) -> np.ndarray:
    exact = restoration.denoise_tv_chambolle(image.astype(np.float64) / 400, weight=1.0, eps=1e-9, max_num_iter=3000)
    return np.asarray(exact * 400)


REFERENCES = (
    Reference(
        "window_level",
        "scikit-image rescale_intensity, adjust_gamma",
        ours("window_level", level=0.5, window=0.6, gamma=1.4),
        lambda image, _: (
            exposure.adjust_gamma(
                exposure.rescale_intensity(image, (0.2 * _TOP, 0.8 * _TOP), (0.0, 1.0)).clip(0, 1), 1.4
            )
            * _TOP
        ),
        "float32 rounding",
    ),
    Reference(
        "histogram_equalisation",
        "scikit-image equalize_hist",
        ours("histogram_equalisation"),
        _equalised,
        "theirs sends the darkest level to its share of the pixels, ours to black",
    ),
    Reference(
        "clahe",
        "OpenCV CLAHE, 16 bit",
        ours("clahe", clip_limit=40.0, tile=100.0),
        _clahe,
        "it is OpenCV's where levels and tiles are enough for it",
    ),
    Reference(
        "contrast_stretch",
        "scikit-image rescale_intensity",
        ours("contrast_stretch", low_percentile=2.0, high_percentile=98.0),
        lambda image, _: exposure.rescale_intensity(
            image, tuple(np.percentile(image, [2, 98], method="inverted_cdf")), (0.0, _TOP)
        ),
        "percentiles to one level of 65,536",
    ),
    Reference(
        "histogram_matching",
        "scikit-image match_histograms",
        _matched,
        lambda image, _: exposure.match_histograms(image, _other(image)),
        "the reference is kept as quantiles, not as pixels: tails",
    ),
    Reference("median", "SimpleITK Median", ours("median", size=3 * _STEP), _median, "equal"),
    Reference("bilateral", "OpenCV bilateralFilter", ours("bilateral", radius=_STEP), _bilateral, "it is OpenCV's"),
    Reference(
        "total_variation",
        "scikit-image denoise_tv_chambolle, 3000 iterations",
        lambda image, _: denoise(image / np.float32(400), 2000) * 400,
        _variation,
        "both near one minimiser",
    ),
    Reference(
        "unsharp_mask",
        "scikit-image unsharp_mask",
        ours("unsharp_mask", radius=1.5 * _STEP, amount=1.2),
        lambda image, _: filters.unsharp_mask(image, radius=1.5, amount=1.2, preserve_range=True),
        "length of the Gaussian kernel",
    ),
    Reference(
        "laplacian_sharpening",
        "SimpleITK Laplacian",
        ours("laplacian_sharpening", scale=_STEP, amount=0.5),
        _laplacian,
        "float32 rounding",
    ),
)


def measure(size: int) -> list[dict[str, Any]]:
    image = simulated(size).pixels[0]
    context = FilterContext((_STEP, _STEP), None, (0.0, _TOP))
    inner = np.s_[_EDGE:-_EDGE, _EDGE:-_EDGE]
    rows = []
    for reference in REFERENCES:
        difference = np.abs(reference.ours(image, context).astype(np.float64) - reference.theirs(image, context))[inner]
        rows.append(
            {
                "filter": reference.filter,
                "library": reference.library,
                "largest_percent": round(100 * float(difference.max()) / _TOP, 4),
                "mean_percent": round(100 * float(difference.mean()) / _TOP, 4),
                "why": reference.why,
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = measure(options.size)
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    for row in rows:
        print("  ".join(f"{key}: {value}" for key, value in row.items()))


if __name__ == "__main__":
    main()
