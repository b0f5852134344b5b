"""Engine: one radiograph in, one stack of slabs in estimated HU out, on the radiograph's own pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..ct_stack import CtStack
from ..enhancement.history import enhancement_sentences
from ..errors import XrayToCTError
from ..models.bundle import Bundle
from ..models.card import ModelCard
from ..models.registry import find_model
from ..progress import ProgressCallback, report
from ..radiograph import IntensityScale, Radiograph, require_radiograph
from ..version import __version__
from .backends.choice import forget_choice
from .backends.memory import available_bytes, check_memory, return_freed_memory, stack_bytes
from .backends.protocol import BackendOutOfMemory
from .backends.run import Output, forget_networks, run_network
from .device import Device, choose_device, used_instead
from .harmonise import to_line_integrals
from .input_gate import GateVerdict, judge_input
from .network_input import network_input
from .resample import network_shape, resample
from .sanity import check_field, input_warnings

# From here on the stack sets the peak, and what the next run takes to get freed memory back is lost beside its time.
_LARGE_BYTES = 512 * 2**20
NOT_FOR_DIAGNOSTIC_USE = "Research use only. Not for diagnostic use."

__all__ = ["NOT_FOR_DIAGNOSTIC_USE", "forget_networks", "translate"]


def translate(
    radiograph: Radiograph,
    *,
    model: str | Path | ModelCard | None = None,
    device: str = "auto",
    frame: int = 0,
    progress: ProgressCallback | None = None,
    allocate: Callable[[tuple[int, int, int]], np.ndarray] | None = None,
) -> CtStack:
    """Translate one frame of a radiograph into a stack of slabs in estimated HU.

    The frame is resampled to the model's grid, turned into line integrals, passed through the network as a whole (no
    tiles: they would show seams), mapped to HU, clamped to the model's window, and each slab is resampled back.

    Args:
        radiograph: of any size and spacing.
        model: None for the default, an id, "id@version", either with ":variant" after it, a card, or the folder of a
            bundle.
        device: "auto" (the fastest that works here), "cpu", "cuda", "cuda:N", "mps", "openvino", "onnxruntime" or
            "torch-cpu"; "/fp32" after it keeps single precision. What fails hands over, with a warning in the result.
        frame: index of the frame, from 0.
        progress: called with (fraction, phase); returning False cancels.
        allocate: gives the float32 array of a shape that the HU are written to: memory that another process sees,
            say. Default: new memory.

    Returns:
        (slabs, rows, cols) with the radiograph's rows, cols and spacing.

    Raises:
        TranslationCancelled: ``progress`` returned False.
        XrayToCTError: no such frame or model, a broken bundle, nothing that can run it, an impossible field, or too
            little memory.
    """
    require_radiograph(radiograph)
    report(progress, 0.0, "loading the model")
    radiograph = radiograph.frame(frame)
    check_field(radiograph)
    bundle = find_model(model)
    card = bundle.card
    warnings = radiograph.warnings + input_warnings(radiograph, card)
    shape, spacing, view = radiograph.shape, radiograph.spacing, radiograph.view or card.views[0]
    source, identity, ran = radiograph.source, radiograph.identity, enhancement_sentences(radiograph.history)
    chosen = choose_device(device, bundle)
    try:
        needed = stack_bytes(card, shape[0] * shape[1])
        check_memory(needed, available_bytes(), "main memory")
        output, harmonisation, verdict = _slabs_on_network_grid(radiograph, bundle, chosen, progress)
        del radiograph  # a caller that does not hold it has its memory back before the stack is made
        if needed >= _LARGE_BYTES:
            return_freed_memory()
        report(progress, 0.6, "resampling to the radiograph's pixels")
        hu = _on_radiograph_grid(output.values, shape, progress, allocate)
    except (MemoryError, BackendOutOfMemory) as error:
        why = f" ({error})" if str(error) else ""
        raise XrayToCTError(
            f"There is not enough memory for {card.slabs.count} slabs of {shape[0]} x {shape[1]} pixels{why}.",
            hint="Close other data, or reduce the radiograph first.",
        ) from error
    if output.broken and chosen.choice is not None:
        forget_choice(chosen.choice)
    if chosen.fallback:
        warnings += (chosen.fallback,)
    warnings += tuple(used_instead(output.backend, failed, reason) for failed, reason in output.failures)
    provenance = {
        "model_id": card.id,
        "model_version": card.version,
        "model_sha256": bundle.sha256,
        "device": output.backend.describe(),
        "backend": f"{output.backend.version()} {output.backend.precision}",
        "source": source,
        "source_identity": identity,
        "source_frame": str(frame),
        "software_version": f"XrayToCT {__version__}",
        "harmonisation": harmonisation,
        "not_for_diagnostic_use": NOT_FOR_DIAGNOSTIC_USE,
    }
    if card.variant:
        provenance["model_variant"] = card.variant
    if ran:
        provenance["enhancement"] = " ".join(ran)
    if verdict:
        warnings += verdict.sentences
        provenance["input_gate"] = verdict.record
    report(progress, 1.0, "done")
    return CtStack(
        hu=hu,
        spacing=spacing,
        slab_thickness=card.slabs.thickness_mm,
        view=view,
        card=card,
        provenance=provenance,
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _slabs_on_network_grid(
    radiograph: Radiograph, bundle: Bundle, device: Device, progress: ProgressCallback | None
) -> tuple[Output, str, GateVerdict | None]:
    """(HU float32 (slabs, rows, cols) on the network's grid and what gave them, what the harmonisation did, what the
    model's gate says of the input)."""
    card = bundle.card
    shape = network_shape(radiograph.shape, radiograph.spacing, card.grid.spacing_mm)
    pixels = resample(radiograph.pixels[0], shape)
    integrals, harmonisation = to_line_integrals(pixels, radiograph.scale, card.input.reference_quantiles)
    calibrated = radiograph.scale is IntensityScale.LINE_INTEGRAL
    image = network_input(integrals, card.input, card.grid.multiple, calibrated=calibrated)
    made = run_network(bundle, image, device.backends, ready=lambda: report(progress, 0.2, "translating"))
    output = made.values
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
    return replace(made, values=hu), harmonisation, judge_input(bundle, integrals, radiograph.scale, hu)


def _on_radiograph_grid(
    slabs: np.ndarray,
    shape: tuple[int, int],
    progress: ProgressCallback | None,
    allocate: Callable[[tuple[int, int, int]], np.ndarray] | None,
) -> np.ndarray:
    whole = (len(slabs), *shape)
    hu = allocate(whole) if allocate else np.empty(whole, np.float32)
    for index, slab in enumerate(slabs):
        resample(slab, shape, out=hu[index])
        report(progress, 0.6 + 0.4 * (index + 1) / (len(slabs) + 1), "resampling to the radiograph's pixels")
    return hu
