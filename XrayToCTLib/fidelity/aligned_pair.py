"""AlignedPair: a result and its reference on one grid, and all that must be said about how they came there."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..alignment.record import AlignmentRecord
from ..errors import XrayToCTError
from .metrics import HU_RANGE, HU_WINDOW

BODY, GIVEN, WHOLE = "body", "given mask", "whole field"


@dataclass(frozen=True, slots=True, eq=False)
class AlignedPair:
    """What metrics are taken of.

    Attributes:
        result, reference: float (slabs, rows, cols), not clipped.
        kind: one of ``metric_spec.HU``, ``GREY``, ``MR``.
        unit: of the values: "HU" or "".
        window: (low, high) that both are clipped to; of an MRI's pair None: the two share no scale.
        region: bool (slabs, rows, cols), or None where no body could be told.
        region_name: ``BODY`` or ``GIVEN``.
        region_text: what that is, in words.
        inside: bool (slabs, rows, cols), where the reference knows anything; None for everywhere.
        spacing: (row, column) in mm; slab_thickness in mm, 0 for a single image.
        modality: of the reference.
        resampled: how the result was brought to the grid (``resampling``), "" where it was on it.
        sentences: further protocol, full sentences.
        warnings, record, candidate: see FidelityReport.
    """

    result: np.ndarray
    reference: np.ndarray
    kind: str
    unit: str
    window: tuple[float, float] | None
    region: np.ndarray | None
    region_name: str
    region_text: str
    spacing: tuple[float, float]
    slab_thickness: float
    modality: str
    inside: np.ndarray | None = None
    resampled: str = ""
    sentences: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    record: AlignmentRecord = field(default_factory=AlignmentRecord)
    candidate: str = ""

    def __post_init__(self) -> None:
        if self.result.shape != self.reference.shape or self.result.ndim != 3:
            raise XrayToCTError(
                f"The result {self.result.shape} and the reference {self.reference.shape} are not on one grid.",
                hint="Bring them onto one grid first.",
            )

    @property
    def slabs(self) -> int:
        return int(self.result.shape[0])

    @property
    def single(self) -> bool:
        """Whether it is one image and no stack."""
        return self.slab_thickness == 0

    def counted(self) -> np.ndarray | None:
        """The region where the reference knows anything, bool (slabs, rows, cols); without a region, all of that."""
        if self.region is None or self.inside is None:
            return self.inside if self.region is None else self.region
        return self.region & self.inside

    def clipped(self) -> tuple[np.ndarray, np.ndarray]:
        """Both within the window, float64."""
        images = (np.asarray(image, np.float64) for image in (self.result, self.reference))
        if self.window is not None:
            images = (np.clip(image, *self.window) for image in images)
        result, reference = images
        return result, reference

    def scaled(self) -> tuple[np.ndarray, np.ndarray]:
        """Both clipped, with the window stretched to [-1024, 1476], which the metrics of a stated range expect."""
        result, reference = self.clipped()
        if self.window is None or self.window == HU_WINDOW:
            return result, reference
        low, high = self.window
        gain = HU_RANGE / (high - low)
        return (result - low) * gain + HU_WINDOW[0], (reference - low) * gain + HU_WINDOW[0]


def check_window(window: tuple[float, float]) -> tuple[float, float]:
    """A (low, high) that spans something.

    Raises:
        XrayToCTError: it does not.
    """
    low, high = (float(value) for value in window)
    if not (np.isfinite(low) and np.isfinite(high) and high > low):
        raise XrayToCTError(f"A window of {tuple(window)} is impossible.", hint="Give (low, high) with low below high.")
    return low, high


def check_finite(name: str, values: np.ndarray) -> None:
    """Raises XrayToCTError where an image holds NaN."""
    if not np.isfinite(values).all():
        raise XrayToCTError(
            f"The {name} holds NaN or infinite values, so nothing can be measured against it.",
            hint="Make it again, or replace the invalid values first.",
        )


def on_grid(stack: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """(slabs, rows, cols) on other rows and columns over the same extent, ``resampling`` says how; float32."""
    from ..translation.resample import resample

    rows, cols = shape
    if stack.shape[1:] == (rows, cols):
        return np.asarray(stack, np.float32)
    return np.stack([resample(slab, (rows, cols)) for slab in stack.astype(np.float32, copy=False)])


def resampling(shape: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    """How ``on_grid`` brings (rows, cols) to others, in words; "" where they are equal."""
    shrinks, grows = (any(sign * a > sign * b for a, b in zip(shape, wanted, strict=True)) for sign in (1, -1))
    ways = (("area averaging", shrinks), ("linear interpolation", grows))
    return " and ".join(f"by {words}" for words, used in ways if used)


def mask_on_grid(mask: np.ndarray, candidate_shape: tuple[int, ...], shape: tuple[int, ...]) -> np.ndarray:
    """The caller's mask as bool of ``shape`` (slabs, rows, cols).

    Args:
        mask: (rows, cols) or (slabs, rows, cols), on the grid of the candidate or on ``shape``.

    Raises:
        XrayToCTError: NaN, or another grid.
    """
    mask = np.asarray(mask)
    if mask.dtype != bool and not np.isfinite(mask).all():
        raise XrayToCTError("The mask holds NaN.", hint="Give a mask of zeros and ones.")
    mask = mask.astype(bool)
    if mask.ndim == 2:
        mask = np.broadcast_to(mask, (shape[0], *mask.shape))
    if mask.shape == tuple(candidate_shape) and mask.shape != tuple(shape):
        mask = on_grid(mask.astype(np.float32), shape[1:]) >= 0.5
    if mask.shape != tuple(shape):
        raise XrayToCTError(
            f"The mask has shape {mask.shape}; the reference has {tuple(shape)}, the translation "
            f"{tuple(candidate_shape)}.",
            hint="Give a mask on the grid of the translation or of the reference.",
        )
    return np.asarray(mask)
