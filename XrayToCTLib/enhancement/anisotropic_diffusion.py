"""Anisotropic diffusion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .context import FilterContext
from .guard import guarded
from .noise import noise_standard_deviation
from .parameters import FilterParameters, parameter
from .tiles import in_tiles

# Largest stable step of the explicit scheme with four neighbours is 1/4.
_STEP = 0.2


@dataclass(frozen=True)
class AnisotropicDiffusionParameters(FilterParameters):
    """Strength 0 changes nothing, and no iterations do neither."""

    strength: float = parameter(
        2.0,
        "Difference between neighbours above which they count as an edge and hardly mix.",
        unit="noise standard deviations",
        minimum=0.0,
        maximum=20.0,
    )
    iterations: int = parameter(8, "Steps of diffusion: more smooth wider.", minimum=0, maximum=50)


@guarded
def anisotropic_diffusion(
    image: np.ndarray, parameters: AnisotropicDiffusionParameters, context: FilterContext
) -> np.ndarray:
    """Grey levels flow between neighbours, less across edges (Perona and Malik 1990, equation 8).

    Four neighbours, flow g(d) = d / (1 + (d / K)^2), explicit steps of 0.2, no flow through the border: the mean
    stays, and no value leaves the range of the values around it. The noise is estimated under the mask.

    Args:
        image: (rows, cols).
    """
    noise = noise_standard_deviation(image, context) if parameters.strength > 0 else 0.0
    if noise == 0.0 or parameters.iterations == 0:
        return image
    edge = parameters.strength * noise
    scaled = image * np.float32(1.0 / edge)
    result = in_tiles(lambda tile: diffuse(tile, parameters.iterations), scaled, parameters.iterations)
    result *= np.float32(edge)
    return result


def diffuse(image: np.ndarray, iterations: int) -> np.ndarray:
    """float32 (rows, cols) after so many steps, for values in units of K."""
    image = image.copy()
    for _ in range(iterations):
        down, right = _flow(image[1:] - image[:-1]), _flow(image[:, 1:] - image[:, :-1])
        image[:-1] += down
        image[1:] -= down
        image[:, :-1] += right
        image[:, 1:] -= right
    return image


def _flow(difference: np.ndarray) -> np.ndarray:
    resistance = np.square(difference)
    resistance += np.float32(1.0)
    difference *= np.float32(_STEP)
    difference /= resistance
    return difference
