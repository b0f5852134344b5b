"""What a model's card says of a variant: another network for the same task, in a folder of its own in the bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .card_parts import Architecture, MeasuredFidelity


@dataclass(frozen=True, slots=True)
class ModelVariant:
    """A variant. What is not here (slabs, input, output, gate, limits, ...) is as on the rest of the card.

    Attributes:
        description: what it is good for.
        architecture: of its network.
        multiple: rows and columns are padded to a multiple of it.
        fidelity: as measured of this variant.
        files: name -> SHA-256 of what lies in the bundle's folder of the variant's name.
    """

    description: str
    architecture: Architecture
    multiple: int
    fidelity: tuple[MeasuredFidelity, ...]
    files: Mapping[str, str]

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> ModelVariant:
        """The variant in a card that was checked against the schema."""
        return cls(
            description=record["description"],
            architecture=Architecture(**record["architecture"]),
            multiple=int(record["multiple"]),
            fidelity=tuple(MeasuredFidelity.from_record(row) for row in record["fidelity"]),
            files=dict(record["files"]),
        )

    def to_record(self) -> dict[str, Any]:
        """As JSON types, in the order of the schema."""
        return {
            "description": self.description,
            "architecture": {"name": self.architecture.name, "parameters": dict(self.architecture.parameters)},
            "multiple": self.multiple,
            "fidelity": [row.to_record() for row in self.fidelity],
            "files": dict(self.files),
        }


def model_name(identity: str, version: str = "", variant: str = "") -> str:
    """ "id@version:variant", as the registry understands it; what is not known is left out."""
    return f"{identity}{'@' if version else ''}{version}{':' if variant else ''}{variant}"
