"""Denoising that knows X-ray noise: a variance-stabilising transform around any denoiser."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace

import numpy as np

from .anscombe import estimate_noise, exact_unbiased_inverse, forward
from .context import FilterContext
from .guard import guarded
from .parameters import FilterParameters, parameter

_DENOISERS = {
    "wavelet": "WaveletParameters",
    "non_local_means": "NonLocalMeansParameters",
    "total_variation": "TotalVariationParameters",
    "bilateral": "BilateralParameters",
    "anisotropic_diffusion": "AnisotropicDiffusionParameters",
    "median": "MedianParameters",
}
# More decades than a detector has: where an image in logarithmic units spans more, its slope is wrong.
_MOST_E_FOLDS = 20.0


@dataclass(frozen=True)
class VarianceStabilisedParameters(FilterParameters):
    """Strength 0 changes nothing."""

    denoiser: str = parameter("wavelet", "The filter within.", choices=tuple(_DENOISERS))
    strength: float = parameter(
        1.0,
        "Strength of the filter within, as a multiple of its default; of the median, share of its result.",
        minimum=0.0,
        maximum=10.0,
    )
    log_slope: float = parameter(
        0.0,
        "Value units for one unit of line integral, where values are a logarithm of the exposure; 0 where they are "
        "linear in it, in either direction.",
        unit="share of the value range",
        minimum=0.0,
        maximum=100.0,
    )
    gain: float = parameter(
        0.0,
        "Share of the exposure's span that one quantum makes; 0 to estimate it, and the other noise, from the image.",
        minimum=0.0,
        maximum=1.0,
    )
    electronic: float = parameter(
        0.0,
        "Standard deviation of the noise that is there without quanta, where the gain is given.",
        unit="share of the exposure's span",
        minimum=0.0,
        maximum=1.0,
    )


@guarded
def variance_stabilised(
    image: np.ndarray, parameters: VarianceStabilisedParameters, context: FilterContext
) -> np.ndarray:
    """Generalised Anscombe transform, a denoiser for white noise, exact unbiased inverse (Makitalo and Foi 2013).

    Quantum noise of a radiograph depends on the exposure: strong behind bone, weak in the lungs. The transform makes
    it the same everywhere. Values linear in exposure may rise or fall with it: the noise tells. For values that are
    a logarithm, ``log_slope`` leads back to the exposure first.

    Args:
        image: (rows, cols).
    """
    if parameters.strength == 0.0:
        return image
    low, span = context.value_range[0], context.span
    slope = parameters.log_slope * span
    if slope > 0.0:
        slope = max(slope, float(np.ptp(image)) / _MOST_E_FOLDS)
        exposure = np.exp((np.float32(low) - image) * np.float32(1.0 / slope))
        result = _denoised_exposure(exposure, parameters, replace(context, value_range=_range(exposure)))
        # Half a quantum of the darkest pixel stands for none: a logarithm needs something.
        np.maximum(result, exposure.min() * np.float32(0.5), out=result)
        np.log(result, out=result)
        result *= np.float32(-slope)
        result += np.float32(low)
        return result
    return _denoised_exposure(image, parameters, context)


def _denoised_exposure(
    image: np.ndarray, parameters: VarianceStabilisedParameters, context: FilterContext
) -> np.ndarray:
    low, span = context.value_range[0], context.span
    if parameters.gain > 0.0:
        gain, sigma, sign, zero = parameters.gain * span, parameters.electronic * span, 1.0, low
        if parameters.log_slope > 0.0:
            zero = 0.0
    else:
        noise = estimate_noise(image, context)
        least, most = float(image.min()), float(image.max())
        change = noise.gain * (most - least)
        if abs(change) <= 0.05 * max(noise.gain * least, noise.gain * most, noise.variance, 0.0) or change == 0.0:
            return _within(image, parameters, context)  # the same noise everywhere
        sign, gain = (1.0, noise.gain) if noise.gain > 0 else (-1.0, -noise.gain)
        # Where the line meets no noise there are no quanta, unless darker values exist: the rest is electronic.
        zero = min(sign * noise.zero, sign * least if sign > 0 else -most)
        sigma = float(np.sqrt(max(gain * (zero - sign * noise.zero), 0.0)))
    quanta = image * np.float32(sign)
    quanta -= np.float32(zero)
    stable = forward(quanta, gain, sigma)
    smooth = _within(stable, parameters, replace(context, value_range=_range(stable)))
    result = exact_unbiased_inverse(smooth, gain, sigma)
    result += np.float32(zero)
    result *= np.float32(sign)
    return result


def _within(image: np.ndarray, parameters: VarianceStabilisedParameters, context: FilterContext) -> np.ndarray:
    module = importlib.import_module(f".{parameters.denoiser}", __package__)
    defaults = getattr(module, _DENOISERS[parameters.denoiser])()
    function = getattr(module, parameters.denoiser)
    if hasattr(defaults, "strength"):
        chosen = replace(defaults, strength=defaults.strength * parameters.strength)
        return np.array(function(image, chosen, context), np.float32)
    filtered = np.asarray(function(image, defaults, context))
    return np.asarray(image + np.float32(min(parameters.strength, 1.0)) * (filtered - image))


def _range(image: np.ndarray) -> tuple[float, float]:
    return float(image.min()), float(image.max())
