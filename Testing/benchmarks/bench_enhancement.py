"""The filters against OpenCV, scikit-image and SimpleITK: time at full size, and decibels gained at low dose.

    python -m Testing.benchmarks.bench_enhancement [--size 2048] [--runs 3] [--ct CT ...] [--json]

Times are process CPU seconds, medians of runs that are interleaved with the baseline's. The images for the decibels
are simulated: line integrals of the CTs given (default: what is in ../shared/data, else a phantom), quanta drawn from
Poisson's law, the logarithm stored with 16 bits. Baselines are called as their documentation's first example does,
scaled to the range they expect.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import SimpleITK as sitk
from skimage import exposure, filters, restoration

from XrayToCTLib.enhancement.context import FilterContext
from XrayToCTLib.enhancement.table import FILTERS
from XrayToCTLib.projection import ProjectionGeometry, project

_TOP = 65535.0
_STORED = (-0.5, 7.0)  # line integrals that 16 bits span
_CTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "chest_ct"
Filter = Callable[[np.ndarray], np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=2048, help="rows and columns of the timed image")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--ct", type=Path, nargs="*", help="CT volumes of the low-dose simulation")
    parser.add_argument("--quanta", type=float, nargs="*", default=[200.0, 2000.0], help="quanta a pixel in air")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    times = time_filters(options.size, options.runs)
    gains = [row for quanta in options.quanta for row in low_dose(options.ct, quanta)]
    if options.json:
        print(json.dumps({"times": times, "gains": gains}, indent=1))
        return
    for row in times + gains:
        print("  ".join(f"{key}: {value}" for key, value in row.items()))


def time_filters(size: int, runs: int) -> list[dict[str, Any]]:
    """CPU ms of every filter with its defaults at 0.15 mm, and the ratio to its baseline."""
    image = _smooth_and_noisy(size)
    context = FilterContext((0.15, 0.15), None, (0.0, _TOP))
    rows = []
    for name, entry in FILTERS.items():
        parameters = entry.parameters_class()
        ours, baselines = [], {label: [] for label in _BASELINES.get(name, {})}  # type: dict[str, list[float]]
        entry.function(image, parameters, context)  # imports, tables
        result = image
        for _ in range(runs):
            start = time.process_time()
            result = entry.function(image, parameters, context)
            ours.append(time.process_time() - start)
            for label, baseline in _BASELINES.get(name, {}).items():
                if len(baselines[label]) and baselines[label][0] > 1.0:
                    continue  # once is enough of the slow ones
                start = time.process_time()
                baseline(image)
                baselines[label].append(time.process_time() - start)
        median = statistics.median(ours)
        row: dict[str, Any] = {
            "filter": name,
            "cpu_ms": round(median * 1000),
            "levels": int(np.unique(np.rint(np.clip(result, 0, _TOP))).size),
        }
        for label, seconds in baselines.items():
            row[f"ours / {label}"] = round(median / statistics.median(seconds), 3)
        rows.append(row)
    return rows


def _smooth_and_noisy(size: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    image = cv2.GaussianBlur(rng.random((size, size)).astype(np.float32), (0, 0), 20)
    image = (image - image.min()) / np.ptp(image) * _TOP
    return np.clip(np.rint(image + rng.normal(0, 300, image.shape)), 0, _TOP).astype(np.float32)


def _opencv_clahe(size: int) -> Filter:
    tiles = max(1, round(size * 0.15 / 50.0))

    def run(levels: np.ndarray) -> np.ndarray:
        return np.asarray(cv2.createCLAHE(2.0, (tiles, tiles)).apply(levels))

    return run


def _on_levels(function: Filter) -> Filter:
    """A baseline on uint16 whose conversion is not timed: it is made once."""
    kept: dict[int, np.ndarray] = {}

    def run(image: np.ndarray) -> np.ndarray:
        if id(image) not in kept:
            kept[id(image)] = image.astype(np.uint16)
        return function(kept[id(image)])

    return run


_BASELINES: dict[str, dict[str, Filter]] = {
    "histogram_equalisation": {"scikit-image": _on_levels(lambda u: exposure.equalize_hist(u, nbins=65536))},
    "clahe": {
        "OpenCV 16 bit alone": _on_levels(lambda u: _opencv_clahe(u.shape[0])(u)),
        "scikit-image": _on_levels(lambda u: exposure.equalize_adapthist(u, kernel_size=u.shape[0] // 6)),
    },
    "contrast_stretch": {
        "scikit-image": lambda f: exposure.rescale_intensity(f, in_range=tuple(np.percentile(f, (0.5, 99.5))))
    },
    "histogram_matching": {"scikit-image": _on_levels(lambda u: exposure.match_histograms(u, u[::-1]))},
    "median": {"SimpleITK": lambda f: sitk.GetArrayFromImage(sitk.Median(sitk.GetImageFromArray(f), [1, 1]))},
    "total_variation": {"scikit-image": lambda f: restoration.denoise_tv_chambolle(f / np.float32(_TOP))},
    "non_local_means": {
        "OpenCV default windows": _on_levels(lambda u: cv2.fastNlMeansDenoising(u, h=[300.0], normType=cv2.NORM_L1))
    },
    "unsharp_mask": {"scikit-image": lambda f: filters.unsharp_mask(f, radius=6.67, preserve_range=True)},
}


def low_dose(cts: list[Path] | None, quanta: float) -> list[dict[str, Any]]:
    """Mean PSNR gain in dB over the CTs, within the body, of every denoiser and of the plain calls."""
    context = FilterContext((0.75, 0.75), None, (0.0, _TOP))
    gains: dict[str, list[float]] = {}
    for number, integrals in enumerate(_line_integrals(cts)):
        rng = np.random.default_rng(number)
        counts = np.maximum(rng.poisson(quanta * np.exp(-integrals.astype(np.float64))), 0.5)
        clean, noisy = _stored(integrals), np.rint(_stored(-np.log(counts / quanta)))
        body = integrals > 0.05
        before = _psnr(noisy, clean, body)
        gains.setdefault("PSNR of the noisy image", []).append(before)
        for name, denoiser in _denoisers(context).items():
            gains.setdefault(name, []).append(_psnr(denoiser(noisy), clean, body) - before)
    return [
        {"quanta": quanta, "denoiser": name, "dB": round(statistics.mean(values), 2), "images": len(values)}
        for name, values in gains.items()
    ]


def _denoisers(context: FilterContext) -> dict[str, Filter]:
    def ours(name: str, **values: Any) -> Filter:
        entry = FILTERS[name]
        parameters = entry.parameters_class(**values)
        return lambda image: entry.function(image, parameters, context)

    names = ("median", "bilateral", "non_local_means", "total_variation", "wavelet", "anisotropic_diffusion")
    slope = 1.0 / (_STORED[1] - _STORED[0])
    table = {f"XrayToCT {name}": ours(name) for name in names}
    for name in names:
        table[f"XrayToCT {name}, X-ray noise"] = ours("variance_stabilised", denoiser=name, log_slope=slope)
    table |= {
        "OpenCV median 5": lambda f: np.asarray(cv2.medianBlur(f, 5)),
        "OpenCV bilateral 9, 75, 75 (8 bit)": lambda f: _eight(f, lambda u: cv2.bilateralFilter(u, 9, 75, 75)),
        "OpenCV non-local means (8 bit)": lambda f: _eight(f, cv2.fastNlMeansDenoising),
        "scikit-image TV Chambolle": lambda f: _TOP * restoration.denoise_tv_chambolle(f / _TOP),
        "scikit-image non-local means": lambda f: _TOP * restoration.denoise_nl_means(f / _TOP),
        "scikit-image bilateral": lambda f: _TOP * restoration.denoise_bilateral(f / _TOP),
    }
    try:
        import pywt  # noqa: F401 - scikit-image needs it for wavelets
    except ImportError:
        return table
    table["scikit-image wavelet"] = lambda f: _TOP * restoration.denoise_wavelet(f / _TOP)
    table["scikit-image wavelet, BayesShrink, sigma estimated"] = lambda f: (
        _TOP * restoration.denoise_wavelet(f / _TOP, method="BayesShrink", rescale_sigma=True)
    )
    return table


def _eight(image: np.ndarray, function: Filter) -> np.ndarray:
    return np.asarray(function(np.rint(image / 257.0).astype(np.uint8)), np.float32) * 257.0


def _line_integrals(cts: list[Path] | None) -> list[np.ndarray]:
    if cts is None and _CTS.is_dir():
        cts = [_CTS / f"{name}.nii.gz" for name in ("LIDC-IDRI-0001", "LIDC-IDRI-0314", "R01-001")]
    geometry = ProjectionGeometry(shape=(512, 512), spacing=(0.75, 0.75))
    if cts:
        return [project(str(path), geometry=geometry).pixels[0] for path in cts]
    y, x = np.mgrid[-1:1:512j, -1:1:512j]
    body = 5.0 * np.sqrt(np.maximum(1 - (x / 0.9) ** 2 - (y / 1.3) ** 2, 0))
    lungs = np.exp(-(((np.abs(x) - 0.4) / 0.25) ** 2 + (y / 0.5) ** 2))
    return [(body * (1 - 0.6 * lungs)).astype(np.float32)]


def _stored(integrals: np.ndarray) -> np.ndarray:
    share = (np.clip(integrals, *_STORED) - _STORED[0]) / (_STORED[1] - _STORED[0])
    return np.asarray(share * _TOP, np.float32)


def _psnr(image: np.ndarray, truth: np.ndarray, inside: np.ndarray) -> float:
    error = float(np.mean(np.square(image.astype(np.float64) - truth)[inside]))
    return float(10 * np.log10(float(np.ptp(truth)) ** 2 / error))


if __name__ == "__main__":
    main()
