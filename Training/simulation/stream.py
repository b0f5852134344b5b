"""Streams: (seed, step, lane) -> sample. A stream has no state that matters, so that a resumed run, or one spread over
more processes, sees the very same samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import TYPE_CHECKING

import cv2
import numpy as np
import SimpleITK as sitk
import torch
from torch import Tensor

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.models.card import ReferenceQuantiles

from .ahead import Ahead, Tensors
from .draws import draw_body, draw_pose
from .field import TARGET_HIGH, TARGET_LOW, Field, PairedBatch, Sample, normalised
from .landmarks import Landmarks, landmarks
from .look_draws import draw_look
from .opencv_body import Body, make_body
from .opencv_look import apply_look
from .opencv_render import render_body
from .settings import SimulationSettings
from .skin import skin_distance
from .stateless import Place, generator, place

if TYPE_CHECKING:
    from Training.data.manifest import PreparedCt


class SampleStream:
    """Paired samples of simulated patients.

    Args:
        cts: prepared CTs, of training patients only.
        weights: how often each is chosen, in the order of ``cts`` or by name.
        field: the network's grid.
        settings: what may vary; also which executor, and how many worker processes.
        reference_quantiles: onto which the engine maps display-processed files.
        seed: of everything.
        device: where batches are wanted; the torch executor simulates there.

    Raises:
        XrayToCTError: no CT, or weights that fit none.
    """

    def __init__(
        self,
        cts: Sequence[PreparedCt],
        weights: Sequence[float] | Mapping[str, float],
        field: Field,
        settings: SimulationSettings,
        reference_quantiles: ReferenceQuantiles,
        seed: int,
        device: torch.device | str = "cpu",
    ) -> None:
        self._device = torch.device(device)
        shares = checked_weights(cts, weights)
        maker = PairedMaker(cts, shares, field, settings, reference_quantiles, seed)
        self._ahead = Ahead(maker, settings.workers, one_thread)

    def batch(self, step: int, lanes: Sequence[int]) -> PairedBatch:
        """The samples of ``lanes`` (positions in the global batch) at ``step``.

        Ask for all lanes of a process in one call and for one step after the other: then workers are ahead. Any other
        order gives the same samples, more slowly.
        """
        image, target, valid = self._ahead.batch(step, lanes)
        return PairedBatch(*(_moved(part, self._device) for part in (image, target, valid)))

    def close(self) -> None:
        """End the worker processes."""
        self._ahead.close()


class PairedMaker:
    """Samples of some lanes at a step, with the OpenCV executor."""

    def __init__(
        self,
        cts: Sequence[PreparedCt],
        shares: np.ndarray,
        field: Field,
        settings: SimulationSettings,
        reference: ReferenceQuantiles,
        seed: int,
    ) -> None:
        self._cts, self._shares, self._field = cts, shares, field
        self._settings, self._reference, self._seed = settings, reference, seed
        self._marks: dict[int, Landmarks] = {}
        self._skins: dict[tuple[int, tuple[int, int]], np.ndarray] = {}
        self._lanes: dict[int, _Lane] = {}

    def __call__(self, step: int, lanes: Sequence[int]) -> Tensors:
        made = [self._one(step, lane) for lane in lanes]
        image, target, valid = (torch.from_numpy(np.stack(parts)) for parts in zip(*made, strict=True))
        return image, target, valid

    def sample(self, step: int, lane: int) -> Sample:
        """The pair behind a lane's sample, before its look."""
        settings = self._settings.pose
        at = place(step, lane, settings.poses, settings.uses)
        kept = self._lanes.get(lane)
        if kept is None or kept.group != at.group:
            kept = self._lanes[lane] = _Lane(at.group)
        if at.pose not in kept.samples:
            if kept.body is None:
                kept.body = self._body(lane, at.group)
            kept.samples[at.pose] = self._pose(kept.body, lane, at)
            if len(kept.samples) == settings.poses:
                kept.body = None
        return kept.samples[at.pose]

    def _one(self, step: int, lane: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        sample = self.sample(step, lane)
        at = place(step, lane, self._settings.pose.poses, self._settings.pose.uses)
        rng = generator(self._seed, "look", lane, at.group, at.pose, at.use)
        look = draw_look(self._settings.detector, self._field, rng)
        image, valid = apply_look(sample.integrals, sample.valid, look, self._reference)
        target = sample.hu.astype(np.float32)
        target *= np.float32(0.001)
        np.clip(target, TARGET_LOW, TARGET_HIGH, out=target)
        return normalised(image)[None], target, valid[None].astype(np.float32)

    def _pose(self, body: Body, lane: int, at: Place) -> Sample:
        rng = generator(self._seed, "pose", lane, at.group, at.pose)
        geometry = draw_pose(body.length_mm, self._field, self._settings, rng)
        return render_body(body, geometry, self._field)

    def _body(self, lane: int, group: int) -> Body:
        rng = generator(self._seed, "body", lane, group)
        index = int(rng.choice(len(self._cts), p=self._shares))
        ct = self._cts[index]
        if index not in self._marks:
            self._marks[index] = landmarks(ct)
        draw = draw_body(ct, self._marks[index], self._settings, rng)
        skin = None
        if draw.fat is not None:
            key = (index, draw.margin)
            if key not in self._skins:
                self._skins[key] = skin_distance(ct.attenuation, ct.spacing, draw.margin)
            skin = self._skins[key]
        return make_body(ct, draw, skin)


@dataclass(slots=True)
class _Lane:
    """What a lane keeps: its body until all poses are rendered, and its poses."""

    group: int
    body: Body | None = None
    samples: dict[int, Sample] = dataclass_field(default_factory=dict)


def checked_weights(cts: Sequence[PreparedCt], weights: Sequence[float] | Mapping[str, float]) -> np.ndarray:
    """Shares of the CTs, float64, sum 1.

    Raises:
        XrayToCTError: no CT, one without weight, a negative weight, or all zero.
    """
    if isinstance(weights, Mapping):
        missing = [ct.name for ct in cts if ct.name not in weights]
        if missing:
            raise XrayToCTError(f"No sampling weight for {', '.join(missing)}.", hint="Give every CT a weight.")
        weights = [weights[ct.name] for ct in cts]
    shares = np.array(weights, np.float64)
    if len(cts) == 0 or len(shares) != len(cts) or not np.isfinite(shares).all():
        raise XrayToCTError(f"{len(shares)} sampling weights for {len(cts)} CTs.", hint="Give every CT a weight.")
    if shares.min() < 0 or shares.sum() <= 0:
        raise XrayToCTError("Sampling weights must not be negative, nor all zero.", hint="Correct the weights.")
    return shares / shares.sum()


def one_thread() -> None:
    """For workers: threads of their own would only get into each other's way, and a pool of threads that a library
    made before the fork does not exist in the worker, which would wait for it for ever. Of OpenCV's numbers, 0 leaves
    the pool alone (1 waits for its threads to end); ITK is told not to use its pool."""
    cv2.setNumThreads(0)
    sitk.ProcessObject.SetGlobalDefaultThreader("Platform")
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)


def _moved(part: Tensor, device: torch.device) -> Tensor:
    if device.type == "cuda":
        return part.pin_memory().to(device, non_blocking=True)
    return part.to(device)
