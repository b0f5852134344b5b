"""TrustReport: what a trust check found, in flags with their sentences and in maps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from ..errors import XrayToCTError
from ..trust_map import TrustMap


class TrustLevel(Enum):
    """What a flag says. Stored by name: keep names stable."""

    FINE = "fine"  # as of the ordinary inputs that the limit was measured on; no promise that the result is right
    DOUBTFUL = "doubtful"  # beyond the limit
    UNKNOWN = "unknown"  # this could not be checked


@dataclass(frozen=True, slots=True)
class TrustFlag:
    """The outcome of one check.

    Attributes:
        name: for programs, such as "reprojection"; keep names stable.
        level: the verdict.
        sentence: what was found and what to do about it.
        value: what was measured; None where nothing could be.
        limit: beyond which ``value`` is doubtful.
        limit_source: why the limit is where it is.
    """

    name: str
    level: TrustLevel
    sentence: str
    value: float | None = None
    limit: float | None = None
    limit_source: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class TrustReport:
    """All flags, doubtful ones first, and all maps of one stack."""

    flags: tuple[TrustFlag, ...]
    maps: tuple[TrustMap, ...]

    @property
    def doubtful(self) -> bool:
        """Whether any flag is."""
        return any(flag.level is TrustLevel.DOUBTFUL for flag in self.flags)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The flags in words, doubtful ones first."""
        return tuple(flag.sentence for flag in self.flags)

    def map(self, name: str) -> TrustMap:
        """The map of a name.

        Raises:
            XrayToCTError: there is none.
        """
        for candidate in self.maps:
            if candidate.name == name:
                return candidate
        names = ", ".join(candidate.name for candidate in self.maps) or "none"
        raise XrayToCTError(f"There is no trust map {name!r}.", hint=f"The maps of this report: {names}.")

    def to_record(self) -> dict[str, Any]:
        """The flags as JSON types, and what each map is."""
        return {
            "doubtful": self.doubtful,
            "flags": [
                {
                    "name": flag.name,
                    "level": flag.level.name,
                    "sentence": flag.sentence,
                    "value": flag.value,
                    "limit": flag.limit,
                    "limit_source": flag.limit_source,
                }
                for flag in self.flags
            ],
            "maps": [
                {"name": item.name, "title": item.title, "unit": item.unit, "explanation": item.explanation}
                for item in self.maps
            ],
        }


def sorted_flags(flags: list[TrustFlag]) -> tuple[TrustFlag, ...]:
    """Doubtful ones first, then those that could not be checked; otherwise in their order."""
    order = (TrustLevel.DOUBTFUL, TrustLevel.UNKNOWN, TrustLevel.FINE)
    return tuple(sorted(flags, key=lambda flag: order.index(flag.level)))
