"""Device: where the network runs. A device is only called usable after a kernel has run on it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from ..errors import XrayToCTError
from ..models.weights import require_torch


@dataclass(frozen=True, slots=True)
class Device:
    """A device to compute on.

    Attributes:
        name: as torch knows it: "cpu", "cuda", "cuda:1", "mps".
        description: for people and provenance, with the name of the card.
        fallback: why it is not the device that was asked for; "" when it is.
    """

    name: str
    description: str
    fallback: str = ""


def choose_device(wanted: str = "auto") -> Device:
    """The device to use.

    Args:
        wanted: "auto" (a graphics card where one works), "cpu", "cuda", "cuda:N", or "mps".

    Returns:
        The device; the CPU, with the reason in ``fallback``, when the one that was asked for does not work.

    Raises:
        XrayToCTError: torch is missing, or there is no device of that name.
    """
    require_torch()
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", wanted):
        raise XrayToCTError(f"There is no device {wanted!r}.", hint="Choose auto, cpu, cuda, cuda:0 or mps.")
    if wanted == "auto":
        for name in ("cuda", "mps"):
            description, reason = _probe(name)
            if not reason:
                return Device(name, description)
        return Device("cpu", "cpu")
    description, reason = _probe(wanted)
    if reason:
        return Device("cpu", "cpu", fallback=f"The CPU was used instead of {wanted}: {reason}.")
    return Device(wanted, description)


@lru_cache(maxsize=8)
def _probe(name: str) -> tuple[str, str]:
    """(description, "") of a device that works, ("", reason) of one that does not."""
    if name == "cpu":
        return "cpu", ""
    torch = require_torch()
    present = torch.cuda.is_available() if name.startswith("cuda") else torch.backends.mps.is_available()
    if not present:
        return "", "this PyTorch finds no such device"
    try:
        # is_available() is true for cards that this build of torch has no kernels for: run one.
        convolved = torch.nn.functional.conv2d(torch.ones(1, 1, 4, 4, device=name), torch.ones(1, 1, 3, 3, device=name))
        if float(convolved.sum()) != 36.0:
            return "", "a test computation on it gave a wrong result"
    except (RuntimeError, AssertionError) as error:
        return "", f"a test computation on it failed ({str(error).splitlines()[0]})"
    return (f"{name} ({torch.cuda.get_device_name(name)})" if name.startswith("cuda") else name), ""
