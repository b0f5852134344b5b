"""Robustness: how much the error rises over the envelope of inputs, and whether the engine says so."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from Training.simulation import Field
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.fidelity.metrics import body_mask

from .inputs import Patient, Rendered
from .perturbations import PLAIN, Perturbed, perturbations, radiograph_of
from .predictors import WINDOW_HU, Translate

ALLOWED_RISE = 0.10
BLANK = "blank"
NOISE = "noise alone"
WITHIN, FLAGGED, MISSED = "within 10 %", "flagged", "missed"


@dataclass(frozen=True, slots=True)
class Trial:
    """One perturbed radiograph of one patient.

    Attributes:
        mae: body-masked, all slabs, HU; NaN where there is nothing to be held against (a blank image).
        plain_mae: of the unperturbed radiograph fed in the same way, over the same rays.
        flags: sentences of the engine that it does not say of the unperturbed radiograph, or its refusal.
        checked: whether the input checks ran: of a run without a bundle they do not.
    """

    patient: str
    name: str
    fed: str
    mae: float
    plain_mae: float
    flags: tuple[str, ...]
    checked: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """One perturbation over all patients: mean rise of the error (share), share of patients flagged, and the word."""

    name: str
    fed: str
    rise: float
    flagged: float
    word: str
    flags: tuple[str, ...]


def trials(
    patient: Patient, view: Rendered, field: Field, translate: Translate, *, checked: bool, seed: int
) -> Iterator[Trial]:
    """The whole envelope for one patient, then the images that hold no patient at all."""
    plain: dict[str, tuple[np.ndarray, tuple[str, ...]]] = {}
    for one in perturbations(patient, view, field, seed):
        hu, warnings, refusal = _translated(translate, one)
        if one.name == PLAIN:
            if refusal:
                raise XrayToCTError(f"The model refuses the plain radiograph: {refusal}", hint="Use another model.")
            plain[one.fed] = (hu, warnings)
        plain_hu, plain_warnings = plain[one.fed]
        same_view = one.hu is view.hu
        yield Trial(
            patient.name,
            one.name,
            one.fed,
            _body_mae(hu, one.hu, one.valid),
            _body_mae(plain_hu, view.hu, one.valid if same_view else view.valid),
            tuple(w for w in (*warnings, *refusal) if w not in plain_warnings),
            checked,
        )
    nobody = float("nan")
    for fed, (_, plain_warnings) in plain.items():
        for name, pixels in ((BLANK, np.full_like(view.integrals, 2.0)), (NOISE, _noise(view.integrals, seed))):
            flags = _flags_of_nothing(translate, pixels, fed, field)
            yield Trial(
                patient.name, name, fed, nobody, nobody, tuple(f for f in flags if f not in plain_warnings), checked
            )


def verdicts(of: Sequence[Trial]) -> list[Verdict]:
    """One verdict for each perturbation and input, in the order of the trials; the plain ones are left out."""
    groups: dict[tuple[str, str], list[Trial]] = {}
    for trial in of:
        if trial.name != PLAIN:
            groups.setdefault((trial.name, trial.fed), []).append(trial)
    found = []
    for (name, fed), group in groups.items():
        rise = float(np.mean([_rise(trial) for trial in group]))
        flagged = float(np.mean([bool(trial.flags) for trial in group]))
        # NaN compares as false: an image without a patient can only be flagged or missed.
        word = WITHIN if rise <= ALLOWED_RISE else FLAGGED if flagged == 1.0 else MISSED
        flags = tuple(dict.fromkeys(flag for trial in group for flag in trial.flags))
        found.append(Verdict(name, fed, rise, flagged, word, flags))
    return found


def _rise(trial: Trial) -> float:
    if trial.plain_mae == 0:  # a perfect model
        return 0.0 if trial.mae == 0 else math.inf
    return trial.mae / trial.plain_mae - 1.0


def _translated(translate: Translate, one: Perturbed) -> tuple[np.ndarray, tuple[str, ...], tuple[str, ...]]:
    """(slabs, warnings, what the refusal said); a refused radiograph gives slabs of NaN."""
    try:
        hu, warnings = translate(one.radiograph)
    except XrayToCTError as error:
        return np.full(one.hu.shape, np.nan, np.float32), (), (str(error),)
    return hu, warnings, ()


def _flags_of_nothing(translate: Translate, pixels: np.ndarray, fed: str, field: Field) -> tuple[str, ...]:
    try:
        return translate(radiograph_of(pixels, fed, field))[1]
    except XrayToCTError as error:
        return (str(error),)


def _noise(integrals: np.ndarray, seed: int) -> np.ndarray:
    """White noise of the radiograph's own mean and spread."""
    rng = np.random.default_rng(seed)
    return rng.normal(float(integrals.mean()), float(integrals.std()), integrals.shape).astype(np.float32)


def _body_mae(hu: np.ndarray, reference: np.ndarray, valid: np.ndarray) -> float:
    reference = np.clip(reference, *WINDOW_HU)
    mask = body_mask(reference) & valid
    return (
        float(np.abs(np.clip(hu, *WINDOW_HU) - reference)[mask].mean(dtype=np.float64)) if mask.any() else float("nan")
    )
