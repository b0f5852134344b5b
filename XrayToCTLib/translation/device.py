"""Device: where a network runs, and what runs it there. A device is only called usable after it has computed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ..errors import XrayToCTError
from ..models.bundle import Bundle
from .backends.choice import Choice, choose_backends
from .backends.protocol import Backend, backend_key, lacks_graph
from .backends.table import candidates, check_name


@dataclass(frozen=True, slots=True)
class Device:
    """A device to compute on.

    Attributes:
        name: "cpu", "cuda", "cuda:1", "mps".
        description: for people and provenance, with the name of the card.
        fallback: why it is not the device that was asked for; "" when it is.
        backends: what may run the network, the first that can.
        choice: how they were found, to be forgotten when one of them turns out not to work; None without a model.
    """

    name: str
    description: str
    fallback: str = ""
    backends: tuple[Backend, ...] = field(default=(), compare=False, repr=False)
    choice: Choice | None = field(default=None, compare=False, repr=False)


def choose_device(wanted: str = "auto", bundle: Bundle | None = None) -> Device:
    """The device and the backends to use.

    Args:
        wanted: "auto" (the fastest that works here), "cpu" (the fastest on the CPU), "cuda", "cuda:N", "mps",
            "openvino", "onnxruntime" or "torch-cpu"; a precision may follow: "cpu/fp32". Where none does, the
            environment variable XRAYTOCT_PRECISION=fp32 leaves single precision.
        bundle: of the model to run; None checks the name, and what there is to run a model, without measuring.

    Returns:
        The device; the CPU, with the reason in ``fallback``, when the one that was asked for does not work.

    Raises:
        XrayToCTError: there is no device of that name, or nothing that could run the model.
    """
    check_name(wanted)
    if bundle is None:
        return _device(_working(wanted), wanted) if not _first_fault(wanted) else _instead(wanted, None)
    choice = choose_backends(bundle, wanted)
    return replace(_device(choice.order, wanted), choice=choice) if choice.order else _instead(wanted, bundle)


def used_instead(used: Backend, failed: Backend, reason: str) -> str:
    """The sentence on a backend that failed and the one that took its work over."""
    if used.device != failed.device:
        return f"The CPU was used instead of {failed.device}: {reason}."
    return f"{backend_key(used)} was used instead of {backend_key(failed)}: {reason}."


def _device(backends: tuple[Backend, ...], wanted: str, fallback: str = "") -> Device:
    first = backends[0]
    # Further ones for the day that the chosen ones fail: on the CPU, in single precision, as they come.
    spare = tuple(b for b in candidates("cpu/fp32") if b not in backends and b.version()) if wanted != "auto" else ()
    return Device(first.device, first.describe(), fallback, (*backends, *spare))


def _working(wanted: str) -> tuple[Backend, ...]:
    """The first of those that work, which is enough to say where."""
    return next(((backend,) for backend in candidates(wanted) if not backend.unusable()), ())


def _first_fault(wanted: str) -> str:
    """Why nothing of that name works; "" when something does."""
    if _working(wanted):
        return ""
    return next((backend.unusable() for backend in candidates(wanted)), "there is nothing of that name")


def _instead(wanted: str, bundle: Bundle | None) -> Device:
    """What runs on the CPU, in place of what was asked for and does not work."""
    if not wanted.startswith(("auto", "cpu")):
        reason = _reason(wanted, bundle)
        backends = _working("cpu") if bundle is None else choose_backends(bundle, "cpu").order
        if backends:
            what = "The CPU" if candidates(wanted)[0].device != "cpu" else backend_key(backends[0])
            return _device(backends, wanted, f"{what} was used instead of {wanted}: {reason}.")
    raise _nothing_runs(bundle)


def _reason(wanted: str, bundle: Bundle | None) -> str:
    if bundle is None:
        return _first_fault(wanted)
    reasons = [trial.reason for trial in choose_backends(bundle, wanted).trials if trial.reason]
    return reasons[0] if reasons else "it does not work here"


def _nothing_runs(bundle: Bundle | None) -> XrayToCTError:
    if bundle is not None and lacks_graph(bundle):
        # Only PyTorch can run such a model: say how to get it, or what else is wrong with it.
        trials = choose_backends(bundle, "torch-cpu/fp32").trials
        reason = trials[0].reason if trials and trials[0].reason else "PyTorch does not work here"
        return XrayToCTError(
            f"Only PyTorch can run {bundle.card.name} ({lacks_graph(bundle)}), and it does not: {reason}.",
            hint="In 3D Slicer install the PyTorch extension; elsewhere: pip install torch.",
        )
    faults = "; ".join(f"{backend_key(backend)}: {backend.unusable()}" for backend in candidates("cpu/fp32"))
    return XrayToCTError(
        f"There is nothing here that can run a network ({faults}).",
        hint="Install one of: pip install openvino, pip install onnxruntime, pip install torch.",
    )
