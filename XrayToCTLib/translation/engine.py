"""Engine: one radiograph in, one stack of slabs in estimated HU out, on the radiograph's own pixels."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

from ..ct_stack import CtStack
from ..errors import XrayToCTError
from ..models.bundle import Bundle
from ..models.card import ModelCard
from ..models.registry import find_model
from ..models.weights import require_torch
from ..radiograph import IntensityScale, Radiograph
from ..version import __version__
from .device import Device, choose_device
from .harmonise import to_line_integrals
from .input_gate import GateVerdict, judge_input
from .network_input import network_input
from .progress import ProgressCallback, report
from .resample import network_shape, resample
from .sanity import check_field, input_warnings

NOT_FOR_DIAGNOSTIC_USE = "Research use only. Not for diagnostic use."

_KEPT_NETWORKS = 2  # a session goes back and forth between two models at most; each holds its weights in memory
_networks: OrderedDict[tuple[str, str], Any] = OrderedDict()
_lock = threading.Lock()


def translate(
    radiograph: Radiograph,
    *,
    model: str | Path | ModelCard | None = None,
    device: str = "auto",
    frame: int = 0,
    progress: ProgressCallback | None = None,
) -> CtStack:
    """Translate one frame of a radiograph into a stack of slabs in estimated HU.

    The frame is resampled to the model's grid, turned into line integrals, passed through the network as a whole (no
    tiles: they would show seams), mapped to HU, clamped to the model's window, and each slab is resampled back.

    Args:
        radiograph: of any size and spacing.
        model: None for the default, an id, "id@version", a card, or the folder of a bundle.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps"; falls back to the CPU with a warning in the result.
        frame: index of the frame, from 0.
        progress: called with (fraction, phase); returning False cancels.

    Returns:
        (slabs, rows, cols) with the radiograph's rows, cols and spacing.

    Raises:
        TranslationCancelled: ``progress`` returned False.
        XrayToCTError: no such frame or model, a broken bundle, no torch, an impossible field, or too little memory.
    """
    report(progress, 0.0, "loading the model")
    radiograph = radiograph.frame(frame)
    check_field(radiograph)
    bundle = find_model(model)
    card = bundle.card
    warnings = radiograph.warnings + input_warnings(radiograph, card)
    chosen = choose_device(device)
    try:
        chosen, slabs, harmonisation, verdict = _slabs_on_network_grid(radiograph, bundle, chosen, progress)
        report(progress, 0.6, "resampling to the radiograph's pixels")
        hu = _on_radiograph_grid(slabs, radiograph.shape, progress)
    except MemoryError as error:
        raise XrayToCTError(
            f"There is not enough memory for {card.slabs.count} slabs of "
            f"{radiograph.shape[0]} x {radiograph.shape[1]} pixels.",
            hint="Close other data, or reduce the radiograph first.",
        ) from error
    if chosen.fallback:
        warnings += (chosen.fallback,)
    provenance = {
        "model_id": card.id,
        "model_version": card.version,
        "model_sha256": bundle.sha256,
        "device": chosen.description,
        "source": radiograph.source,
        "source_identity": radiograph.identity,
        "source_frame": str(frame),
        "software_version": f"XrayToCT {__version__}",
        "harmonisation": harmonisation,
        "not_for_diagnostic_use": NOT_FOR_DIAGNOSTIC_USE,
    }
    if verdict:
        warnings += verdict.sentences
        provenance["input_gate"] = verdict.record
    report(progress, 1.0, "done")
    return CtStack(
        hu=hu,
        spacing=radiograph.spacing,
        slab_thickness=card.slabs.thickness_mm,
        view=radiograph.view or card.views[0],
        card=card,
        provenance=provenance,
        warnings=tuple(dict.fromkeys(warnings)),
    )


def forget_networks() -> None:
    """Free the memory of the networks that are kept for the next call."""
    with _lock:
        _networks.clear()


def _slabs_on_network_grid(
    radiograph: Radiograph, bundle: Bundle, device: Device, progress: ProgressCallback | None
) -> tuple[Device, np.ndarray, str, GateVerdict | None]:
    """(device that was used, HU float32 (slabs, rows, cols) on the network's grid, what the harmonisation did, what the
    model's gate says of the input)."""
    card = bundle.card
    shape = network_shape(radiograph.shape, radiograph.spacing, card.grid.spacing_mm)
    pixels = resample(radiograph.pixels[0], shape)
    integrals, harmonisation = to_line_integrals(pixels, radiograph.scale, card.input.reference_quantiles)
    calibrated = radiograph.scale is IntensityScale.LINE_INTEGRAL
    image = network_input(integrals, card.input, card.grid.multiple, calibrated=calibrated)
    device, output = _forward(bundle, image, device, progress)
    if output.ndim != 3 or output.shape[0] != card.slabs.count or output.shape[1:] != image.shape[1:]:
        raise XrayToCTError(
            f"The network of {card.name} gave {output.shape}, but its card promises {card.slabs.count} slabs of "
            f"{image.shape[1:]}.",
            hint="Export or download the model again.",
        )
    if not np.isfinite(output).all():
        raise XrayToCTError(
            f"The network of {card.name} gave NaN or infinite values for {radiograph.source}.",
            hint="Check the image's values, or choose another model.",
        )
    hu = output[:, : shape[0], : shape[1]] * np.float32(card.output.slope_hu) + np.float32(card.output.intercept_hu)
    # Clamped here, on the small grid: linear interpolation cannot leave the window again.
    np.clip(hu, *card.output.window_hu, out=hu)
    return device, hu, harmonisation, judge_input(bundle, integrals, radiograph.scale, hu)


def _forward(
    bundle: Bundle, image: np.ndarray, device: Device, progress: ProgressCallback | None
) -> tuple[Device, np.ndarray]:
    """Run the network, on the CPU if the device fails: float32 (channels, rows, cols) in, (slabs, rows, cols) out."""
    try:
        network = _network(bundle, device)
        report(progress, 0.2, "translating")
        return device, _run(network, image, device)
    except _DeviceFailure as failure:
        fallback = Device("cpu", "cpu", fallback=f"The CPU was used instead of {device.name}: {failure}.")
        network = _network(bundle, fallback)
        return fallback, _run(network, image, fallback)


class _DeviceFailure(Exception):  # noqa: N818 - never leaves this module
    """A device other than the CPU could not do its work: too little memory, a driver that went away."""


def _run(network: Any, image: np.ndarray, device: Device) -> np.ndarray:
    torch = require_torch()
    try:
        with torch.inference_mode():
            batch = torch.from_numpy(image)[None].to(device.name, memory_format=torch.channels_last)
            output: np.ndarray = network(batch)[0].float().contiguous().cpu().numpy()
            return output
    except RuntimeError as error:
        raise _explained(error, device) from error


def _explained(error: RuntimeError, device: Device) -> Exception:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if device.name != "cpu":
        return _DeviceFailure(reason)
    if "allocate" in reason or "memory" in reason:  # torch has no class of its own for a full main memory
        return MemoryError(reason)
    return XrayToCTError(f"The network failed: {reason}.", hint="Export or download the model again.")


def _network(bundle: Bundle, device: Device) -> Any:
    """The bundle's network on the device; kept, so that a second translation starts at once."""
    torch = require_torch()
    key = (bundle.sha256, device.name)
    with _lock:
        if key not in _networks:
            network: Any = bundle.load_network()
            try:
                # channels_last: the same numbers to rounding, a fifth faster on CPUs
                _networks[key] = network.to(device=device.name, memory_format=torch.channels_last)
            except RuntimeError as error:
                raise _explained(error, device) from error
            while len(_networks) > _KEPT_NETWORKS:
                _networks.popitem(last=False)
        _networks.move_to_end(key)
        return _networks[key]


def _on_radiograph_grid(slabs: np.ndarray, shape: tuple[int, int], progress: ProgressCallback | None) -> np.ndarray:
    hu = np.empty((len(slabs), *shape), np.float32)
    for index, slab in enumerate(slabs):
        resample(slab, shape, out=hu[index])
        report(progress, 0.6 + 0.4 * (index + 1) / (len(slabs) + 1), "resampling to the radiograph's pixels")
    return hu
