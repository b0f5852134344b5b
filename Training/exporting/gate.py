"""Gate: fit the input gate of a model to its ordinary inputs, with limits that unseen patients pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from tqdm import tqdm

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.models.card import ReferenceQuantiles
from XrayToCTLib.models.gate_file import GATE_FILE, GateParameters, gate_content
from XrayToCTLib.translation.gate_statistics import (
    FINER,
    Thumbnail,
    exposure_statistic,
    input_statistics,
    physics_residual,
    thumbnail,
)
from XrayToCTLib.translation.input_gate import gate_scores

from ..simulation.field import INPUT_MEAN, INPUT_STD
from .gate_limits import limits_of, patient_weights
from .gate_moments import Moments, appearance_of, moved


@dataclass(frozen=True)
class GateSettings:
    """How a gate is fitted.

    Attributes:
        window_mm: side of the square about the image's centre that is looked at.
        side: pixels along a side of the thumbnail.
        components: of ordinary inputs.
        lateral_components: of lateral views.
        copies: of each image, moved at random, beside itself.
        false_alarms: share of unseen ordinary inputs that may be flagged.
        seed: of the moves.
    """

    window_mm: float = 384.0
    side: int = 24
    components: int = 40
    lateral_components: int = 25
    copies: int = 3
    false_alarms: float = 0.02
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class InputGroup:
    """Ordinary inputs of one kind.

    Attributes:
        name: for the card, such as "simulated, line integrals".
        inputs: (patient, image): the image as the network is fed it, normalised line integrals (rows, cols).
        calibrated: whether they are line integrals as they are, and not harmonised grey values.
    """

    name: str
    inputs: Sequence[tuple[str, np.ndarray]]
    calibrated: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class FittedGate:
    """A gate, and what goes into the bundle: ``card_block`` as the card's ``gate``, ``content`` as the file."""

    parameters: GateParameters
    rates: dict[str, float]
    card_block: dict[str, Any]

    @property
    def file(self) -> str:
        return GATE_FILE

    @property
    def content(self) -> bytes:
        return gate_content(self.parameters)


def fit_gate(
    groups: Sequence[InputGroup],
    *,
    spacing_mm: float,
    reference: ReferenceQuantiles,
    laterals: Sequence[np.ndarray] = (),
    predict: Callable[[np.ndarray], np.ndarray] | None = None,
    slab_thickness: float = 0.0,
    settings: GateSettings | None = None,
) -> FittedGate:
    """Fit a gate and calibrate its limits on patients that are left out, one after the other.

    In the fit each group weighs the same, in the limits each patient. All limits lie at one quantile of the values
    of left-out patients (but see ``gate_limits``), chosen so that the share of them that raises any flag is
    ``settings.false_alarms``.

    Args:
        groups: ordinary inputs; a patient of the same name in two groups is left out of both at once.
        spacing_mm: of all images, the model's grid.
        reference: of the card.
        laterals: lateral views as the network would be fed them, all facing the same way.
        predict: image (rows, cols) -> slabs in HU (slabs, rows, cols); None leaves out the physics test. The
            residual is calibrated on the network's own training patients unless others are given, and then optimistic.
        slab_thickness: mm; needed with ``predict``.

    Raises:
        XrayToCTError: fewer than three patients, an image that is not finite, or no slab thickness.
    """
    settings = settings or GateSettings()
    patients = _checked(groups, predict, slab_thickness)
    rng = np.random.default_rng(settings.seed)
    look = _Look(settings, (spacing_mm, spacing_mm), _normalised(reference))
    rows = list(_rows(groups, look, rng, settings.copies))
    lateral = None
    if len(laterals):
        moments = Moments.of(np.stack([look(image).values.ravel() for image in laterals]), np.ones(len(laterals)))
        lateral = appearance_of(moments, min(settings.lateral_components, len(laterals) - 1))
    total = _moments(rows)
    values: list[dict[str, float]] = []
    owners: list[tuple[int, str]] = []
    for patient in tqdm(patients, desc="calibrating the input gate", unit="patient"):
        own = [row for row in rows if row.patient == patient]
        left = appearance_of(total - _moments(own), settings.components)
        gate = GateParameters(settings.window_mm, left, lateral, {})
        for row in own:
            if row.image is not None:
                values.append(_values(gate, row, look, groups[row.group].calibrated, predict, slab_thickness))
                owners.append((row.group, patient))
    weights = patient_weights(owners)
    limits = limits_of(values, weights, settings.false_alarms)
    parameters = GateParameters(settings.window_mm, appearance_of(total, settings.components), lateral, limits)
    flagged = np.array([_flagged(parameters, value) for value in values])
    rates = {
        group.name: float(flagged[mine].mean())
        for index, group in enumerate(groups)
        if (mine := np.array([owner[0] == index for owner in owners])).any()
    }
    return FittedGate(parameters, rates, _card_block(groups, rates, len(patients)))


def flagged_share(fitted: FittedGate, group: InputGroup, *, spacing_mm: float, reference: ReferenceQuantiles) -> float:
    """Share of a group's inputs that the gate flags without looking at their translation: for held-out patients."""
    quantiles, flags = _normalised(reference), []
    for _, image in group.inputs:
        value = input_statistics(fitted.parameters, image, (spacing_mm, spacing_mm), quantiles)
        if group.calibrated:
            value["exposure"] = exposure_statistic(image * INPUT_STD + INPUT_MEAN)
        flags.append(_flagged(fitted.parameters, value))
    return float(np.mean(flags))


def with_measured(fitted: FittedGate, rate: float, protocol: str) -> FittedGate:
    """The gate with one more measured false-alarm rate on its card, before those of its calibration."""
    block = fitted.card_block
    row = {"rate": round(rate, 4), "protocol": protocol}
    return replace(fitted, card_block={**block, "false_alarms": [row, *block["false_alarms"]]})


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """A thumbnail with its weight; the image, for those that are calibrated on."""

    group: int
    patient: str
    weight: float
    small: Thumbnail
    image: np.ndarray | None


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    settings: GateSettings
    pixel_mm: tuple[float, float]
    quantiles: tuple[np.ndarray, np.ndarray]

    def __call__(self, image: np.ndarray) -> Thumbnail:
        side = self.settings.side
        return thumbnail(image, self.pixel_mm, self.settings.window_mm, FINER * side).binned(FINER)


def _rows(groups: Sequence[InputGroup], look: _Look, rng: np.random.Generator, copies: int) -> Iterator[_Row]:
    for index, group in enumerate(groups):
        count: dict[str, int] = {}
        for patient, _ in group.inputs:
            count[patient] = count.get(patient, 0) + 1
        for patient, image in group.inputs:
            weight = 1.0 / (len(groups) * len(count) * count[patient] * (copies + 1))
            yield _Row(index, patient, weight, look(image), image)
            for _ in range(copies):
                yield _Row(index, patient, weight, look(moved(image, look.pixel_mm[0], rng)), None)


def _moments(rows: Sequence[_Row]) -> Moments:
    """Pixels that an image does not cover take the mean of those that do: they then say nothing about variation."""
    values = np.stack([row.small.values.ravel() for row in rows])
    seen = np.stack([row.small.seen.ravel() for row in rows])
    if not seen.all():
        count = np.maximum(seen.sum(0), 1)
        values = np.where(seen, values, np.where(seen, values, 0).sum(0) / count)
    return Moments.of(values, np.array([row.weight for row in rows]))


def _values(
    gate: GateParameters,
    row: _Row,
    look: _Look,
    calibrated: bool,
    predict: Callable[[np.ndarray], np.ndarray] | None,
    slab_thickness: float,
) -> dict[str, float]:
    assert row.image is not None
    image = np.asarray(row.image, np.float32)
    values = input_statistics(gate, image, look.pixel_mm, look.quantiles)
    integrals = image * np.float32(INPUT_STD) + np.float32(INPUT_MEAN)
    if calibrated:
        values["exposure"] = exposure_statistic(integrals)
    if predict is not None:
        values["physics"] = physics_residual(predict(image), integrals, slab_thickness)
    return values


def _flagged(gate: GateParameters, values: dict[str, float]) -> bool:
    return max(gate_scores(gate, values).values()) > 1.0


def _normalised(reference: ReferenceQuantiles) -> tuple[np.ndarray, np.ndarray]:
    integrals = (np.asarray(reference.line_integrals) - INPUT_MEAN) / INPUT_STD
    return np.asarray(reference.probabilities), integrals


def _card_block(groups: Sequence[InputGroup], rates: dict[str, float], patients: int) -> dict[str, Any]:
    kinds = "; ".join(
        f"{group.name}: {len(group.inputs)} of {len({patient for patient, _ in group.inputs})} patients"
        for group in groups
    )
    rows = [
        {
            "rate": round(rate, 4),
            "protocol": f"{name}; every patient judged by a gate fitted without that patient, the limits set on all "
            f"{patients} patients together.",
        }
        for name, rate in rates.items()
    ]
    return {"file": GATE_FILE, "threshold": 1.0, "fitted_on": f"Training inputs; {kinds}.", "false_alarms": rows}


def _checked(groups: Sequence[InputGroup], predict: object, slab_thickness: float) -> list[str]:
    """The patients of all groups, sorted. Raises as ``fit_gate``."""
    patients = sorted({patient for group in groups for patient, _ in group.inputs})
    if len(patients) < 3 or any(len(group.inputs) == 0 for group in groups):
        raise XrayToCTError(
            f"An input gate cannot be fitted to {len(patients)} patients.",
            hint="Give inputs of at least three patients, and of some in each group.",
        )
    for group in groups:
        for patient, image in group.inputs:
            if image.ndim != 2 or not np.isfinite(image).all():
                raise XrayToCTError(
                    f"An input of {patient} ({group.name}) is not an image of finite values.",
                    hint="Give normalised line integrals, (rows, cols).",
                )
    if predict is not None and not slab_thickness > 0:
        raise XrayToCTError("The physics test needs the slabs' thickness.", hint="Pass slab_thickness in mm.")
    return patients
