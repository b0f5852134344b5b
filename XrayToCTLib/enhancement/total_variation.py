"""Total-variation denoising."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .context import FilterContext
from .guard import guarded
from .noise import noise_standard_deviation
from .parameters import FilterParameters, parameter
from .tiles import in_tiles

_ITERATIONS = 40


@dataclass(frozen=True)
class TotalVariationParameters(FilterParameters):
    """Strength 0 changes nothing."""

    strength: float = parameter(
        1.0,
        "Weight of smoothness against faithfulness.",
        unit="noise standard deviations",
        minimum=0.0,
        maximum=20.0,
    )


@guarded
def total_variation(image: np.ndarray, parameters: TotalVariationParameters, context: FilterContext) -> np.ndarray:
    """The image u that makes TV(u) + |u - f|^2 / (2 weight) smallest (Rudin, Osher and Fatemi 1992).

    Solved in the dual by the fast gradient projection of Beck and Teboulle (2009), 40 iterations; isotropic, forward
    differences, free borders. The noise is estimated from the image under the mask.

    Args:
        image: (rows, cols).
    """
    weight = parameters.strength * noise_standard_deviation(image, context) if parameters.strength > 0 else 0.0
    if weight == 0.0:
        return image
    scaled = image * np.float32(1.0 / weight)
    result = in_tiles(lambda tile: denoise(tile, _ITERATIONS), scaled, _ITERATIONS + 1)
    result *= np.float32(weight)
    return result


def denoise(image: np.ndarray, iterations: int) -> np.ndarray:
    """float32 (rows, cols): the minimiser of TV(u) + |u - image|^2 / 2 after so many iterations."""
    rows, cols = image.shape
    down, right = np.zeros((rows + 1, cols), np.float32), np.zeros((rows, cols + 1), np.float32)
    # The flow through each pixel's lower and right side; none through the image's border (first and last line).
    ahead_down, ahead_right = down.copy(), right.copy()
    length = np.empty((rows, cols), np.float32)
    moment = 1.0
    for _ in range(iterations):
        smooth = _primal(image, ahead_down, ahead_right)
        new_down, new_right = np.zeros_like(down), np.zeros_like(right)
        np.subtract(smooth[1:], smooth[:-1], out=new_down[1:-1])
        np.subtract(smooth[:, 1:], smooth[:, :-1], out=new_right[:, 1:-1])
        # 1/8 is one over the Lipschitz constant of the dual gradient.
        new_down *= np.float32(0.125)
        new_right *= np.float32(0.125)
        new_down += ahead_down
        new_right += ahead_right
        np.multiply(new_down[1:], new_down[1:], out=length)
        length += np.square(new_right[:, 1:])
        np.sqrt(length, out=length)
        np.maximum(length, np.float32(1.0), out=length)
        new_down[1:] /= length
        new_right[:, 1:] /= length
        following = (1.0 + (1.0 + 4.0 * moment * moment) ** 0.5) / 2.0
        push = np.float32((moment - 1.0) / following)
        ahead_down = new_down + push * (new_down - down)
        ahead_right = new_right + push * (new_right - right)
        down, right, moment = new_down, new_right, following
    return _primal(image, down, right)


def _primal(image: np.ndarray, down: np.ndarray, right: np.ndarray) -> np.ndarray:
    smooth = image + down[1:]
    smooth -= down[:-1]
    smooth += right[:, 1:]
    smooth -= right[:, :-1]
    return smooth
