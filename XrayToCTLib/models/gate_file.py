"""Gate file: what the ordinary inputs of a model look like, as small arrays; see translation/input_gate.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import XrayToCTError
from .weights import require_safetensors

GATE_FILE = "gate.safetensors"
GATE_TESTS = ("appearance", "turn", "polarity", "lateral", "structure", "grain", "border", "exposure", "physics")
_HINT = "Export or download the model again."
_ORDINARY, _LATERAL = "ordinary", "lateral"
_PARTS = ("mean", "components", "noise")


@dataclass(frozen=True, slots=True, eq=False)
class Appearance:
    """A Gaussian of thumbnails with covariance ``components.T @ components + diag(noise)``.

    This is probabilistic principal component analysis (Tipping and Bishop, J. R. Statist. Soc. B 61, 1999) with a noise
    of its own for each pixel.

    Attributes:
        mean, noise: float32 (pixels,), of normalised line integrals.
        components: float32 (count, pixels), each scaled by its standard deviation.
    """

    mean: np.ndarray
    components: np.ndarray
    noise: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class GateParameters:
    """All that a gate has learnt.

    Attributes:
        window_mm: side of the square about the image's centre that is looked at.
        ordinary: of the inputs that the model was trained on.
        lateral: of lateral views, or None.
        limits: test -> (value of the median ordinary input, value at which the test fires); tests that are missing are
            not made.
    """

    window_mm: float
    ordinary: Appearance
    lateral: Appearance | None
    limits: Mapping[str, tuple[float, float]]

    @property
    def side(self) -> int:
        """Pixels along a side of a thumbnail."""
        return round(self.ordinary.mean.size**0.5)


def gate_content(gate: GateParameters) -> bytes:
    """The content of a gate file: components as float16, all else as float32.

    Raises:
        XrayToCTError: a value that no gate can have.
    """
    check_gate(gate, GATE_FILE)
    arrays = {"window_mm": np.array([gate.window_mm], np.float32)}
    for name, appearance in ((_ORDINARY, gate.ordinary), (_LATERAL, gate.lateral)):
        if appearance is not None:
            arrays[f"{name}.mean"] = appearance.mean.astype(np.float32)
            arrays[f"{name}.components"] = appearance.components.astype(np.float16)
            arrays[f"{name}.noise"] = appearance.noise.astype(np.float32)
    for test, pair in gate.limits.items():
        arrays[f"limits.{test}"] = np.array(pair, np.float32)
    content: bytes = require_safetensors("numpy").save(
        {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    )
    return content


def read_gate(path: Path) -> GateParameters:
    """Read a gate file.

    Raises:
        XrayToCTError: the file is not safetensors, lacks an array, or holds one that cannot be (named).
    """
    try:
        arrays = {
            name: array.astype(np.float32) for name, array in require_safetensors("numpy").load_file(str(path)).items()
        }
    except XrayToCTError:
        raise
    except Exception as error:  # safetensors raises its own SafetensorError, OSError or ValueError
        raise XrayToCTError(f"{path} is not a readable safetensors file ({error}).", hint=_HINT) from error
    try:
        lateral = _appearance(arrays, _LATERAL) if f"{_LATERAL}.mean" in arrays else None
        limits = {
            name.removeprefix("limits."): (float(pair[0]), float(pair[1]))
            for name, pair in arrays.items()
            if name.startswith("limits.")
        }
        gate = GateParameters(float(arrays["window_mm"][0]), _appearance(arrays, _ORDINARY), lateral, limits)
    except (KeyError, IndexError) as error:
        raise XrayToCTError(f"{path} lacks {error} of an input gate.", hint=_HINT) from error
    check_gate(gate, str(path))
    return gate


def check_gate(gate: GateParameters, source: str) -> None:
    """Raises XrayToCTError, naming ``source`` and the fault, unless the parameters can be those of a gate."""

    def refuse(what: str) -> None:
        raise XrayToCTError(f"{source}: {what}.", hint=_HINT)

    if not (np.isfinite(gate.window_mm) and gate.window_mm > 0):
        refuse(f"the window is {gate.window_mm} mm")
    if gate.side < 2 or gate.side**2 != gate.ordinary.mean.size:
        refuse(f"the thumbnail of {gate.ordinary.mean.size} pixels is not square")
    for name, appearance in ((_ORDINARY, gate.ordinary), (_LATERAL, gate.lateral)):
        if appearance is None:
            continue
        pixels = gate.side**2
        shapes = ((pixels,), (len(appearance.components), pixels), (pixels,))
        for part, shape in zip(_PARTS, shapes, strict=True):
            array = getattr(appearance, part)
            if array.shape != shape:
                refuse(f"{name}.{part} has shape {array.shape} instead of {shape}")
            if not np.isfinite(array).all():
                refuse(f"{name}.{part} holds NaN or infinite values")
        if appearance.noise.min() <= 0:
            refuse(f"{name}.noise is not positive")
    for test, (centre, limit) in gate.limits.items():
        if test not in GATE_TESTS:
            refuse(f"there is no test {test!r}")
        if not (np.isfinite(centre) and np.isfinite(limit) and centre < limit):
            refuse(f"the limit of the test {test!r} is not above the value of an ordinary input")
    if "lateral" in gate.limits and gate.lateral is None:
        refuse("a limit for lateral views, but no arrays of them")


def _appearance(arrays: Mapping[str, np.ndarray], name: str) -> Appearance:
    mean, components, noise = (arrays[f"{name}.{part}"] for part in _PARTS)
    return Appearance(mean, components, noise)
