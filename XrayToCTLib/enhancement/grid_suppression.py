"""Grid-line suppression: the lines of a stationary anti-scatter grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .context import FilterContext
from .guard import guarded
from .parameters import FilterParameters, parameter

# Frequencies of the background around a peak, in samples on each side.
_NEIGHBOURS = 24


@dataclass(frozen=True)
class GridSuppressionParameters(FilterParameters):
    """Strength 0 changes nothing, and an image without grid lines is not changed either."""

    strength: float = parameter(1.0, "Share of the lines that is taken out.", minimum=0.0, maximum=1.0)
    threshold: float = parameter(
        8.0,
        "Height of a peak over its surroundings in the spectrum from which it counts as lines.",
        minimum=2.0,
        maximum=1000.0,
    )
    lowest: float = parameter(
        0.8,
        "Frequency below which nothing counts as lines: anatomy is there.",
        unit="cycles/mm",
        minimum=0.05,
        maximum=50.0,
    )
    length: float = parameter(
        10.0,
        "Standard deviation along which lines are followed: shorter structures stay.",
        unit="mm",
        minimum=0.1,
        maximum=500.0,
    )


@guarded
def grid_suppression(image: np.ndarray, parameters: GridSuppressionParameters, context: FilterContext) -> np.ndarray:
    """A Gaussian notch about each peak of the spectrum across rows and columns, for what runs on along the lines.

    Lines parallel to either axis, at any number of frequencies (the grid's, its multiples, and what sampling folds
    back). Compare Lin, Lin, Lee and Chen, IEEE Trans. Nuclear Science 53 (2006).

    Args:
        image: (rows, cols).
    """
    if parameters.strength == 0.0:
        return image
    result = image
    for axis in (0, 1):
        turned = np.ascontiguousarray(result.T) if axis == 0 else result
        steps = context.spacing if axis == 1 else context.spacing[::-1]
        mask = None if context.mask is None else (context.mask.T if axis == 0 else context.mask)
        lines = _lines(turned, mask, steps, parameters)
        if lines is not None:
            cleaned = turned - np.float32(parameters.strength) * lines
            result = np.ascontiguousarray(cleaned.T) if axis == 0 else cleaned
    return result


def line_frequencies(image: np.ndarray, steps: tuple[float, float], parameters: GridSuppressionParameters) -> list[int]:
    """Indices into the real spectrum along the rows of ``image`` at which there are lines across them."""
    count = image.shape[1]
    if count < 4 * _NEIGHBOURS or image.shape[0] < 4:
        return []
    # Lines run through all rows: their mean spectrum after averaging bands of rows keeps them and drops anatomy.
    bands = np.array([band.mean(axis=0) for band in np.array_split(image, min(32, image.shape[0]))], np.float32)
    bands -= bands.mean(axis=1, keepdims=True)
    spectrum = np.abs(np.fft.rfft(bands * np.hanning(count).astype(np.float32), axis=1)).mean(axis=0)
    first = max(_NEIGHBOURS, int(np.ceil(parameters.lowest * count * steps[1])))
    peaks = []
    for index in range(first, spectrum.size):
        around = spectrum[max(index - _NEIGHBOURS, first // 2) : index + _NEIGHBOURS + 1]
        near = spectrum[max(index - 2, 0) : index + 3]
        if spectrum[index] == near.max() and spectrum[index] > parameters.threshold * np.median(around):
            peaks.append(index)
    return peaks


def _lines(
    image: np.ndarray,
    mask: np.ndarray | None,
    steps: tuple[float, float],
    parameters: GridSuppressionParameters,
) -> np.ndarray | None:
    """float32 (rows, cols): the lines alone; None where there are none."""
    import cv2

    rows, cols = image.shape
    inside = image
    if mask is not None and mask.any():
        held = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        inside = image[held[0][0] : held[0][-1] + 1, held[1][0] : held[1][-1] + 1]
    found = line_frequencies(inside, steps, parameters)
    if not found:
        return None
    # Mirrored, so that the spectrum has no leakage from a jump at the border.
    spectrum = np.fft.rfft(np.concatenate([image, image[:, ::-1]], axis=1), axis=1)
    index = np.arange(spectrum.shape[1])
    notch = np.zeros(spectrum.shape[1], np.float32)
    for peak in found:
        centre = peak * 2.0 * cols / inside.shape[1]
        width = 3.0 * cols / inside.shape[1]
        notch = np.maximum(notch, np.exp(-0.5 * ((index - centre) / width) ** 2).astype(np.float32))
    spectrum *= notch
    lines = np.fft.irfft(spectrum, 2 * cols, axis=1)[:, :cols].astype(np.float32)
    sigma = min(parameters.length / steps[0], rows / 4)
    if sigma > 0.3:
        lines = np.asarray(cv2.GaussianBlur(lines, (1, 2 * round(3 * sigma) + 1), sigmaX=1.0, sigmaY=sigma))
    return lines.reshape(image.shape)
