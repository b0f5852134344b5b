"""CT windows: the levels and widths in HU that stacks are looked at with, under the names that radiologists use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class CtWindow:
    """Level and width, HU."""

    level: float
    width: float

    @property
    def limits(self) -> tuple[float, float]:
        """The HU that are black and white."""
        return self.level - self.width / 2, self.level + self.width / 2


# -1050..450 shows lung vessels, fat, muscle and blood at once; slabs of 20 mm average bone with what lies beside it, so
# little is left to see above. The others are the customary ones of CT.
CT_WINDOWS: Mapping[str, CtWindow] = MappingProxyType(
    {
        "Whole": CtWindow(-300.0, 1500.0),
        "Lung": CtWindow(-600.0, 1500.0),
        "Soft tissue": CtWindow(40.0, 400.0),
        "Bone": CtWindow(300.0, 1500.0),
    }
)
