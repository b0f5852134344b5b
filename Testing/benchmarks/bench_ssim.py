"""SSIM of large images: ours against scikit-image's, interleaved in one run, with the difference of the two values.

    OMP_NUM_THREADS=1 python -m Testing.benchmarks.bench_ssim [--size 2048] [--repeats 5] [--threads 1]

Same definition on both sides: gaussian, sigma 1.5, 11 taps, population covariance, range 2500, float64.
"""

from __future__ import annotations

import argparse

import cv2
import numpy as np
from skimage.metrics import structural_similarity

from Testing.benchmarks.interleaved import time_interleaved
from XrayToCTLib.fidelity.metrics import HU_RANGE, HU_WINDOW, ssim


def pair(size: int) -> tuple[np.ndarray, np.ndarray]:
    """A reference with structure at many scales, and a noisy version of it, HU, float32 as stacks are."""
    rng = np.random.default_rng(7)
    layers = [cv2.GaussianBlur(rng.normal(0, sigma, (size, size)), (0, 0), sigma) for sigma in (2, 8, 32)]
    reference = 400 * np.sum(layers, axis=0)
    return (reference + rng.normal(0, 80, reference.shape)).astype(np.float32), reference.astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1, help="of OpenCV; scikit-image uses one")
    options = parser.parse_args()
    cv2.setNumThreads(options.threads)
    a, b = pair(options.size)

    def ours() -> float:
        return ssim(a, b)

    def theirs() -> float:
        shifted = [image.astype(np.float64) - HU_WINDOW[0] for image in (a, b)]
        return float(
            structural_similarity(
                *shifted, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=HU_RANGE
            )
        )

    print(f"{options.size} x {options.size}: ours {ours():.9f}, difference to scikit-image {ours() - theirs():.1e}")
    times = time_interleaved({"scikit-image": theirs, "ours": ours}, options.repeats)
    for name, took in times.items():
        print(
            f"{name:14s} {took['wall'] * 1000:7.0f} ms wall, {took['cpu'] * 1000:7.0f} ms CPU; scikit-image takes "
            f"{times['scikit-image']['wall'] / took['wall']:.1f} x as long (wall), "
            f"{times['scikit-image']['cpu'] / took['cpu']:.1f} x (CPU)"
        )


if __name__ == "__main__":
    main()
