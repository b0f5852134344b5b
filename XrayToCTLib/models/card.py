"""ModelCard: what a model is, how to feed it, how to read what it gives, and how far it was measured to be right."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..errors import XrayToCTError
from ..json_document import DocumentKind
from ..radiograph import View
from .card_parts import Architecture, MeasuredFidelity
from .gate_card import InputGate
from .variant_card import ModelVariant, model_name

SCHEMA_VERSION = 1
CARD_FILE = "card.json"
WEIGHTS_FILE, GRAPH_FILE = "weights.safetensors", "network.onnx"
NETWORK_FILES = (WEIGHTS_FILE, GRAPH_FILE)  # what each variant has its own of, under the same names
NO_ENHANCEMENT = "none"
_SHOWN_FIGURES = 4
_CARD_HINT = "Ask the model's author for a corrected card, or export the model again."
_CARD = DocumentKind("model card", Path(__file__).with_name("card.schema.json"), SCHEMA_VERSION, _CARD_HINT)


@dataclass(frozen=True, slots=True)
class Grid:
    """The grid that the network was trained on: spacing (row, column) in mm, shape (rows, cols)."""

    spacing_mm: tuple[float, float]
    trained_shape: tuple[int, int]
    multiple: int


@dataclass(frozen=True, slots=True)
class Slabs:
    """How many slabs the network gives, and how thick each is along the detector's normal (mm)."""

    count: int
    thickness_mm: float


@dataclass(frozen=True, slots=True)
class ReferenceQuantiles:
    """Line integrals of the training radiographs at the given probabilities: what display values are mapped onto."""

    probabilities: tuple[float, ...]
    line_integrals: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class NetworkInput:
    """The network is fed (line integral - mean) / std.

    ``channels``: "line_integral", and for networks that know it "calibrated": 1 where they are those of the exposure,
    0 where grey values were mapped onto the reference quantiles and the patient's thickness is unknown.
    """

    quantity: str
    mean: float
    std: float
    reference_quantiles: ReferenceQuantiles
    channels: tuple[str, ...] = ("line_integral",)


@dataclass(frozen=True, slots=True)
class NetworkOutput:
    """HU = slope_hu * output + intercept_hu, clamped to window_hu (low, high)."""

    slope_hu: float
    intercept_hu: float
    window_hu: tuple[float, float]


@dataclass(frozen=True, slots=True)
class TrainingData:
    """One collection the model was trained on, with its credit."""

    name: str
    patients: int
    licence: str
    credit: str
    url: str


@dataclass(frozen=True, slots=True)
class ModelCard:
    """The whole card, as ``card.schema.json`` describes it.

    ``files`` maps a file's name to its SHA-256; ``gate`` is None for a model that does not judge its inputs;
    ``enhancement`` is the name of the pipeline that the model's radiographs had run through, "none" as a rule;
    ``variants`` are further networks for the same task; ``variant`` is the name of the one that this card describes,
    "" for the model itself (see ``of_variant``).
    """

    id: str
    version: str
    title: str
    description: str
    source_modality: str
    target_modality: str
    anatomy: str
    views: tuple[View, ...]
    architecture: Architecture
    grid: Grid
    slabs: Slabs
    input: NetworkInput
    output: NetworkOutput
    training_data: tuple[TrainingData, ...]
    fidelity: tuple[MeasuredFidelity, ...]
    limits: tuple[str, ...]
    licence: str
    files: Mapping[str, str]
    schema_version: int = SCHEMA_VERSION
    gate: InputGate | None = None
    enhancement: str = NO_ENHANCEMENT
    variants: Mapping[str, ModelVariant] = field(default_factory=dict)
    variant: str = ""

    @property
    def primary_fidelity(self) -> tuple[MeasuredFidelity, ...]:
        """The figures that are shown to people: a card lists its primary ones first."""
        return self.fidelity[:_SHOWN_FIGURES]

    @property
    def name(self) -> str:
        """ "id@version", or "id@version:variant", as the registry understands it."""
        return model_name(self.id, self.version, self.variant)

    def of_variant(self, name: str) -> ModelCard:
        """The card of one of the ``variants``: as this one, but for what the variant has of its own."""
        own = self.variants[name]
        shared = {file: digest for file, digest in self.files.items() if file not in NETWORK_FILES}
        return replace(
            self,
            title=f"{self.title}, {name}",
            description=own.description,
            architecture=own.architecture,
            grid=replace(self.grid, multiple=own.multiple),
            fidelity=own.fidelity,
            files={**shared, **own.files},
            variants={},
            variant=name,
        )

    @classmethod
    def from_json(cls, text: str, source: str = CARD_FILE) -> ModelCard:
        """Read a card.

        Args:
            text: JSON.
            source: where the text came from, for messages.

        Raises:
            XrayToCTError: broken JSON, an unsupported schema version, or a field that breaks the schema (named).
        """
        return cls.from_record(_CARD.parse(text, source), source)

    @classmethod
    def from_record(cls, record: Any, source: str = CARD_FILE) -> ModelCard:
        """The card in a parsed JSON document. Raises as ``from_json``."""
        check_record(record, source)
        given = record["input"]
        return cls(
            id=record["id"],
            version=record["version"],
            title=record["title"],
            description=record["description"],
            source_modality=record["source_modality"],
            target_modality=record["target_modality"],
            anatomy=record["anatomy"],
            views=tuple(View(name) for name in record["views"]),
            architecture=Architecture(**record["architecture"]),
            grid=Grid(
                spacing_mm=_pair(record["grid"]["spacing_mm"]),
                trained_shape=(int(record["grid"]["trained_shape"][0]), int(record["grid"]["trained_shape"][1])),
                multiple=int(record["grid"]["multiple"]),
            ),
            slabs=Slabs(int(record["slabs"]["count"]), float(record["slabs"]["thickness_mm"])),
            input=NetworkInput(
                quantity=given["quantity"],
                mean=float(given["mean"]),
                std=float(given["std"]),
                reference_quantiles=ReferenceQuantiles(
                    tuple(float(p) for p in given["reference_quantiles"]["probabilities"]),
                    tuple(float(q) for q in given["reference_quantiles"]["line_integrals"]),
                ),
                channels=tuple(given.get("channels", ("line_integral",))),
            ),
            output=NetworkOutput(
                slope_hu=float(record["output"]["slope_hu"]),
                intercept_hu=float(record["output"]["intercept_hu"]),
                window_hu=_pair(record["output"]["window_hu"]),
            ),
            training_data=tuple(TrainingData(**data) for data in record["training_data"]),
            fidelity=tuple(MeasuredFidelity.from_record(row) for row in record["fidelity"]),
            limits=tuple(record["limits"]),
            licence=record["licence"],
            files=dict(record["files"]),
            gate=InputGate.from_record(record["gate"]) if "gate" in record else None,
            enhancement=record.get("enhancement", NO_ENHANCEMENT),
            variants={name: ModelVariant.from_record(own) for name, own in record.get("variants", {}).items()},
            variant=record.get("variant", ""),
        )

    def to_record(self) -> dict[str, Any]:
        """The card as JSON types, in the order of the schema."""
        record: dict[str, Any] = {"schema_version": self.schema_version, **asdict(self)}
        record["views"] = [view.value for view in self.views]
        record["fidelity"] = [row.to_record() for row in self.fidelity]
        record["variants"] = {name: own.to_record() for name, own in self.variants.items()}
        for optional in ("variants", "variant"):
            if not record[optional]:
                del record[optional]
        if record["gate"] is None:
            del record["gate"]
        if self.enhancement == NO_ENHANCEMENT:
            del record["enhancement"]
        if self.input.channels == ("line_integral",):
            del record["input"]["channels"]
        return json.loads(json.dumps(record))  # tuples become lists

    def to_json(self) -> str:
        """The card as the text of card.json."""
        return json.dumps(self.to_record(), indent=2, ensure_ascii=False) + "\n"


def check_record(record: Any, source: str = CARD_FILE) -> None:
    """Check a parsed card against the schema and the rules that a schema cannot say.

    Raises:
        XrayToCTError: naming the first field that is wrong; or jsonschema is not installed.
    """
    _CARD.check(record, source)
    quantiles = record["input"]["reference_quantiles"]
    probabilities, integrals = quantiles["probabilities"], quantiles["line_integrals"]
    low, high = record["output"]["window_hu"]
    for name, holds, rule in (
        ("output.window_hu", low < high, "the low end must lie below the high end"),
        (
            "input.reference_quantiles.probabilities",
            all(a < b for a, b in pairwise(probabilities)),
            "must be strictly increasing",
        ),
        (
            "input.reference_quantiles.line_integrals",
            len(integrals) == len(probabilities),
            f"needs one value for each of the {len(probabilities)} probabilities",
        ),
        (
            "input.reference_quantiles.line_integrals",
            all(a <= b for a, b in pairwise(integrals)) and integrals[0] < integrals[-1],
            "must not decrease, and must not be constant",
        ),
        (
            "gate.file",
            "gate" not in record or record["gate"]["file"] in record["files"],
            "the card must list it among its files",
        ),
    ):
        if not holds:
            raise XrayToCTError(f"{source}: field {name} is wrong: {rule}.", hint=_CARD_HINT)


def _pair(values: Any) -> tuple[float, float]:
    return float(values[0]), float(values[1])
