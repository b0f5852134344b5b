"""Input gate: is this radiograph of the kind that the model was trained on?

The network's input is reduced to a thumbnail and held against a Gaussian of ordinary thumbnails: a Mahalanobis distance
(Lee et al., NeurIPS 2018, who take a network's features; the input itself needs no network). Sharper than a distance is
a comparison: if the thumbnail turned by 90 degrees fits better than as it is, the radiograph lies on its side, whoever
the patient is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..models.bundle import Bundle
from ..models.card import ModelCard
from ..models.gate_file import GateParameters
from ..models.registry import find_model
from ..radiograph import IntensityScale, Radiograph
from .gate_statistics import (
    FINER,
    border_shares,
    exposure_statistic,
    fits_of,
    input_statistics,
    inverted,
    physics_residual,
    thumbnail,
    turns,
)
from .harmonise import to_line_integrals
from .resample import network_shape, resample

# A border that takes more than this of the rows and of the columns is a frame about the image.
_FRAME_SHARE = 0.1
# Longer side of a field in windows of the gate, within which a wrong spacing is not thought of.
_USUAL_FIELD = (0.65, 1.6)
_MOST_DIGITS = 9


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """What the gate says of one input.

    Attributes:
        score: of the test that stands out most: 0 for the median ordinary input, 1 at the calibrated limit.
        threshold: from the card; the gate fires above it.
        sentences: what looks wrong and what to do, worst first; empty for an ordinary input.
    """

    score: float
    threshold: float
    sentences: tuple[str, ...]

    @property
    def record(self) -> str:
        """For provenance; ``gate_record`` reads it. Rounding never hides that the gate fires."""
        digits = 2
        while self.score > self.threshold >= round(self.score, digits) and digits < _MOST_DIGITS:
            digits += 1
        return f"score {self.score:.{digits}f}, threshold {self.threshold:g}"


def gate_record(record: str) -> tuple[float, float, bool]:
    """(score, threshold, whether the gate fired) from a provenance's "input_gate"."""
    score, threshold = record.removeprefix("score ").split(", threshold ")
    return float(score), float(threshold), float(score) > float(threshold)


def look_at_input(radiograph: Radiograph, model: str | Path | ModelCard | None = None, *, frame: int = 0) -> list[str]:
    """What a model's gate says of a radiograph before it is translated: some milliseconds, without torch.

    Args:
        radiograph, model, frame: as for ``translate``.

    Returns:
        Sentences; none for an ordinary input, or from a model without a gate.

    Raises:
        XrayToCTError: no such frame or model, or a broken bundle.
    """
    radiograph = radiograph.frame(frame)
    bundle = find_model(model)
    if bundle.gate is None:
        return []
    shape = network_shape(radiograph.shape, radiograph.spacing, bundle.card.grid.spacing_mm)
    pixels = resample(radiograph.pixels[0], shape)
    integrals, _ = to_line_integrals(pixels, radiograph.scale, bundle.card.input.reference_quantiles)
    verdict = judge_input(bundle, integrals, radiograph.scale)
    return list(verdict.sentences) if verdict else []


def judge_input(
    bundle: Bundle, integrals: np.ndarray, scale: IntensityScale, hu: np.ndarray | None = None
) -> GateVerdict | None:
    """The verdict of a bundle's gate; None without one.

    Args:
        bundle: of the model.
        integrals: float32 (rows, cols) on the model's grid, as the network is fed them before the normalisation.
        scale: of the radiograph that they come from.
        hu: (slabs, rows, cols), what the network made of them; None before the translation.
    """
    gate, card = bundle.gate, bundle.card
    if gate is None or card.gate is None:
        return None
    normalised = (integrals - card.input.mean) / card.input.std
    values = input_statistics(gate, normalised, card.grid.spacing_mm, reference_of(card))
    if scale is IntensityScale.LINE_INTEGRAL:
        values["exposure"] = exposure_statistic(integrals)
    if hu is not None and "physics" in gate.limits:
        values["physics"] = physics_residual(hu, integrals, card.slabs.thickness_mm)
    scores = gate_scores(gate, values)
    threshold = card.gate.threshold
    fired = {test: score for test, score in scores.items() if score > threshold}
    sentences = tuple(_sentences(fired, gate, card, normalised, values)) if fired else ()
    return GateVerdict(max(scores.values(), default=0.0), threshold, sentences)


def gate_scores(gate: GateParameters, values: Mapping[str, float]) -> dict[str, float]:
    """Test -> score, for the values that the gate has limits of."""
    scores = {}
    for test, value in values.items():
        if test in gate.limits:
            centre, limit = gate.limits[test]
            scores[test] = (value - centre) / (limit - centre)
    return scores


def reference_of(card: ModelCard) -> tuple[np.ndarray, np.ndarray]:
    """(probabilities, normalised line integrals) of a model's reference quantiles."""
    reference = card.input.reference_quantiles
    integrals = (np.asarray(reference.line_integrals) - card.input.mean) / card.input.std
    return np.asarray(reference.probabilities), integrals


def _sentences(
    fired: Mapping[str, float],
    gate: GateParameters,
    card: ModelCard,
    normalised: np.ndarray,
    values: Mapping[str, float],
) -> Iterator[str]:
    """One sentence on what the image shows, then what is wrong besides."""
    if "structure" in fired:
        yield "The radiograph is blank or nearly blank: there is nothing to translate. Check the file and the frame."
    elif "grain" in fired:
        yield (
            f"The radiograph holds fine texture or noise, but hardly the coarse shapes of a {card.anatomy}: "
            "do not trust the result. Check the file and the frame."
        )
    elif looks := [test for test in ("border", "turn", "polarity", "lateral", "appearance") if test in fired]:
        yield _look_sentence(looks, gate, card, normalised, values)
    if "exposure" in fired:
        yield (
            "Line integrals are negative, as if there were less than nothing in the beam: the calibration of the "
            "unattenuated exposure is wrong, and with it the HU. Calibrate the image again."
        )
    if "physics" in fired:
        yield (
            f"The slabs do not add up to the radiograph: they miss its line integrals by {values['physics']:.0%}, "
            f"beyond the {gate.limits['physics'][1]:.0%} of ordinary inputs. Do not trust their HU."
        )


def _look_sentence(
    fired: list[str], gate: GateParameters, card: ModelCard, normalised: np.ndarray, values: Mapping[str, float]
) -> str:
    """What explains the look best; a wrong size and a border first, as either makes the other tests fire."""
    views = ", ".join(view.value for view in card.views)
    start = f"The radiograph does not look like those that the model was trained on ({card.anatomy}, {views})"
    if size := _other_size(gate, card, normalised):
        return f"{start}: what it shows has about {size} the size of a {card.anatomy}. Check the pixel spacing."
    explained = [test for test in fired if test in ("turn", "polarity", "lateral")]
    best = max(explained, key=lambda test: values[test], default="appearance")
    # Air beside a thorax seen from the side is a border, but never above and below it too.
    if "border" in fired and (best != "lateral" or min(border_shares(normalised)) > _FRAME_SHARE):
        return f"{start}: it has a wide border of one value. Crop it to the exposed field and translate again."
    if best == "lateral":
        return f"The radiograph looks like a lateral view, but the model was trained on {views} only."
    if explained and (told := _told_by(best, gate, card, normalised)):
        return told
    return (
        f"{start}: another view or part of the body, another kind of image, or a turned, cropped or badly exposed one. "
        "Check it; do not trust the result."
    )


def _told_by(test: str, gate: GateParameters, card: ModelCard, normalised: np.ndarray) -> str | None:
    """What to do, if the image would then look ordinary; None for one that would fit better, but not well either."""
    finer = thumbnail(normalised, card.grid.spacing_mm, gate.window_mm, FINER * gate.side)
    image = finer.binned(FINER)
    others = turns(image) if test == "turn" else [inverted(finer, reference_of(card)).binned(FINER)]
    distances = [distance for distance, _ in fits_of(gate.ordinary, others)]
    best = int(np.argmin(distances))
    if np.log(distances[best]) > gate.limits["appearance"][1]:
        return None
    if test == "polarity":
        return "The radiograph looks inverted, bone dark instead of bright. Invert it and translate again."
    if best == 1:
        return "The radiograph looks as if it stood upside down. Turn it by 180 degrees and translate again."
    direction = "counter-clockwise" if best == 0 else "clockwise"
    return (
        "The radiograph looks as if it lay on its side (turned by 90 degrees). "
        f"Turn it upright ({direction}) and translate again."
    )


def _other_size(gate: GateParameters, card: ModelCard, normalised: np.ndarray) -> str | None:
    """ "half" or "twice" where the field is unusual and the image would look ordinary at twice or half the spacing."""
    step = card.grid.spacing_mm
    field = max(count * mm for count, mm in zip(normalised.shape, step, strict=True)) / gate.window_mm
    if _USUAL_FIELD[0] <= field <= _USUAL_FIELD[1]:
        return None
    factor, size = (2.0, "half") if field < 1.0 else (0.5, "twice")
    image = thumbnail(normalised, (step[0] * factor, step[1] * factor), gate.window_mm, gate.side)
    ((distance, _),) = fits_of(gate.ordinary, [image])
    return size if np.log(distance) < gate.limits["appearance"][1] else None
