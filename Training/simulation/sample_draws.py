"""All draws of a stream: (seed, lane, place) -> records. Executors ask here, so that they make the same samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.projection.geometry import ProjectionGeometry

from .descriptions import describe_body, describe_look
from .draws import BodyDraw, draw_body, draw_pose
from .field import Field
from .landmarks import Landmarks, landmarks
from .look_draws import LookDraw, draw_look
from .settings import SimulationSettings
from .skin import skin_distance
from .stateless import Place, generator, place

if TYPE_CHECKING:
    from Training.data.manifest import PreparedCt


class SampleDraws:
    """The records of every sample of a stream.

    Args:
        cts: prepared CTs.
        shares: how often each is chosen; sum 1.
        field: the network's grid.
        settings: what may vary.
        seed: of everything.
    """

    def __init__(
        self, cts: Sequence[PreparedCt], shares: np.ndarray, field: Field, settings: SimulationSettings, seed: int
    ) -> None:  # fmt: skip
        self.cts, self.field, self.settings = cts, field, settings
        self._shares, self._seed = shares, seed
        self._marks: dict[int, Landmarks] = {}
        self._skins: dict[tuple[int, tuple[int, int]], np.ndarray] = {}

    def place(self, step: int, lane: int) -> Place:
        """Which body, pose and look a lane shows at a step."""
        return place(step, lane, self.settings.pose.poses, self.settings.pose.uses)

    def body(self, lane: int, group: int) -> tuple[int, BodyDraw]:
        """The number of the CT, and what is made of it."""
        rng = generator(self._seed, "body", lane, group)
        index = int(rng.choice(len(self.cts), p=self._shares))
        if index not in self._marks:
            self._marks[index] = landmarks(self.cts[index])
        return index, draw_body(self.cts[index], self._marks[index], self.settings, rng)

    def pose(self, lane: int, group: int, pose: int, length_mm: float) -> ProjectionGeometry:
        """Where a body of ``length_mm`` stands."""
        return draw_pose(length_mm, self.field, self.settings, generator(self._seed, "pose", lane, group, pose))

    def look(self, lane: int, at: Place) -> LookDraw:
        """What the detector does."""
        rng = generator(self._seed, "look", lane, at.group, at.pose, at.use)
        return draw_look(self.settings.detector, self.field, rng)

    def skin(self, index: int, draw: BodyDraw) -> np.ndarray | None:
        """``skin.skin_distance`` of a CT where the record needs it."""
        if draw.fat is None:
            return None
        key = (index, draw.margin)
        if key not in self._skins:
            ct = self.cts[index]
            self._skins[key] = skin_distance(ct.attenuation, ct.spacing, draw.margin)
        return self._skins[key]

    def caption(self, step: int, lane: int) -> str:
        """Who a sample shows, and what was done to them."""
        at = self.place(step, lane)
        index, draw = self.body(lane, at.group)
        return f"{self.cts[index].name}: {describe_body(draw)}; {describe_look(self.look(lane, at))}"


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
