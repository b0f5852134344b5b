"""Weights: safetensors to and from a network. No pickle anywhere, so that a downloaded model cannot run code."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..errors import XrayToCTError
from .card import ModelCard

if TYPE_CHECKING:
    import torch

_BUNDLE_HINT = "Export or download the model again."


def require_torch() -> Any:
    """The torch module.

    Raises:
        XrayToCTError: torch is missing or does not load.
    """
    try:
        with _patient_threads():
            import torch
    except (ImportError, OSError) as error:  # OSError: a shared library of torch that does not load
        raise XrayToCTError(
            f"PyTorch is needed for this, and it does not load ({error}).",
            hint="In 3D Slicer install the PyTorch extension; elsewhere: pip install torch.",
        ) from error
    return torch


@contextlib.contextmanager
def _patient_threads() -> Iterator[None]:
    """What is imported in here has OpenMP threads that sleep while they wait for each other, unless the user chose.

    By default they spin, which on a machine that has other work too costs several times the computation itself: for
    one image of the flagship on two busy cores 0.4 to 0.6 CPU seconds instead of 0.08. OpenMP reads the variable once,
    when it is loaded; other programs that are started later do not get it.
    """
    name = "OMP_WAIT_POLICY"
    if "torch" in sys.modules or name in os.environ or "GOMP_SPINCOUNT" in os.environ or "KMP_BLOCKTIME" in os.environ:
        yield
        return
    os.environ[name] = "PASSIVE"
    try:
        yield
    finally:
        os.environ.pop(name, None)


def load_network(card: ModelCard, weights: Path) -> torch.nn.Module:
    """Build the card's network and fill it, in float32 on the CPU and in eval mode.

    Raises:
        XrayToCTError: torch or safetensors is missing, the architecture is unknown, the file is not safetensors, or a
            tensor is missing, too many, or of another shape (named).
    """
    require_torch()
    from ..networks.architectures import build_network

    network = build_network(card.architecture.name, card.architecture.parameters)
    multiple = int(getattr(network, "multiple", 1))
    if card.grid.multiple % multiple:
        raise XrayToCTError(
            f"The card of {card.name} pads to multiples of {card.grid.multiple}, but its network needs {multiple}.",
            hint=_BUNDLE_HINT,
        )
    state = read_tensors(weights)
    expected = network.state_dict()
    missing, extra = sorted(expected.keys() - state.keys()), sorted(state.keys() - expected.keys())
    for what, names in (("lacks the tensor", missing), ("has a tensor that the network does not know:", extra)):
        if names:
            more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
            raise XrayToCTError(f"{weights} {what} {names[0]}{more}.", hint=_BUNDLE_HINT)
    for name, tensor in state.items():
        if tensor.shape != expected[name].shape:
            raise XrayToCTError(
                f"{weights}: tensor {name} has shape {tuple(tensor.shape)}, "
                f"but {card.architecture.name} with the card's parameters needs {tuple(expected[name].shape)}.",
                hint=_BUNDLE_HINT,
            )
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise XrayToCTError(f"{weights}: tensor {name} holds NaN or infinite values.", hint=_BUNDLE_HINT)
    network.load_state_dict({name: tensor.to(expected[name].dtype) for name, tensor in state.items()}, strict=True)
    network.requires_grad_(False)
    return network.eval()


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a safetensors file, on the CPU.

    Raises:
        XrayToCTError: the file is not a safetensors file.
    """
    safetensors = require_safetensors("torch")
    try:
        return dict(safetensors.load_file(str(path)))
    except Exception as error:  # safetensors raises its own SafetensorError, OSError or ValueError
        raise XrayToCTError(f"{path} is not a readable safetensors file ({error}).", hint=_BUNDLE_HINT) from error


def write_tensors(path: Path, state_dict: Mapping[str, torch.Tensor]) -> None:
    """Write tensors as safetensors, floating-point ones as float16.

    Raises:
        XrayToCTError: a value is NaN, infinite, or too large for float16.
    """
    torch = require_torch()
    safetensors = require_safetensors("torch")
    tensors = {}
    for name, tensor in state_dict.items():
        value = tensor.detach().to("cpu")
        if value.is_floating_point():
            value = value.to(torch.float16)
            if not bool(value.isfinite().all()):
                raise XrayToCTError(
                    f"Tensor {name} holds NaN, infinite values, or values beyond float16 (65504).",
                    hint="Train again with a smaller learning rate, or from an earlier checkpoint.",
                )
        tensors[name] = value.clone().contiguous()  # clone: safetensors refuses tensors that share memory
    safetensors.save_file(tensors, str(path))
    path.chmod(0o644)  # safetensors makes it private, a model is not


def require_safetensors(arrays: Literal["torch", "numpy"]) -> Any:
    """safetensors for tensors of torch or arrays of numpy; the latter needs no torch.

    Raises:
        XrayToCTError: safetensors is not installed.
    """
    try:
        return import_module(f"safetensors.{arrays}")
    except ImportError as error:
        raise XrayToCTError(
            "The Python package safetensors, which reads model weights, is not installed.",
            hint="Install it with: pip install safetensors",
        ) from error
