"""Hallucination: does a model copy what is there, and leave the rest alone?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from Training.simulation import plain_geometry
from XrayToCTLib.fidelity.reprojection import obliquity
from XrayToCTLib.projection.project import resum

from .inputs import Patient
from .lesion_edits import edits
from .measure import Target
from .predictors import Predictor
from .settings import EvaluationSettings

FOOTPRINT_SHARE = 0.1  # of the largest projected change
ELSEWHERE_MM = 15.0
_NOISE_STEPS = 3.0 / 256.0  # of the window, the perturbation of Chu et al. 2017 (arXiv 1712.02950)


@dataclass(frozen=True, slots=True)
class Response:
    """What one edit of one patient did to one predictor.

    Attributes:
        response: projected contrast of the change in the predicted stack over that of the true change: both summed
            over slabs and over the footprint. 1 = faithful, 0 = ignored.
        depth_response: least-squares factor of the true change, voxel by voxel of the footprint, that best explains the
            predicted one: 1 only when the change also lies in the right slabs.
        elsewhere_hu: mean absolute change of the prediction in the body more than 15 mm from the footprint, HU.
        true_contrast: the largest change of a line integral that the edit makes, dimensionless.
    """

    patient: str
    predictor: str
    kind: str
    size_mm: float
    place: int
    response: float
    depth_response: float
    elsewhere_hu: float
    true_contrast: float


@dataclass(frozen=True, slots=True)
class Consistency:
    """Tests of one predictor on one patient that need no edit.

    Attributes:
        mirror: correlation, in the body of the central slab, of what is not symmetrical in the prediction from the
            mirrored radiograph with what is not symmetrical in the prediction from the radiograph, mirrored: 1 = a
            mirrored heart comes out mirrored, -1 = the heart stays where it usually is.
        cycle, cycle_with_noise: relative L1 in the body between the input and what comes back from the stack (by the
            learned way back of an unpaired CycleGAN, else re-summed), and the same after noise of 3/256 of the window
            was added to the stack, percent. A code hidden in the stack would break.
    """

    patient: str
    predictor: str
    mirror: float
    cycle: float
    cycle_with_noise: float


def responses(
    patient: Patient, target: Target, predictors: Mapping[str, Predictor], settings: EvaluationSettings
) -> Iterator[Response]:
    """Every edit of a patient through every predictor, fed line integrals.

    An edit whose footprint leaves the scanned length or the field is left out.
    """
    field, view = target.field, target.view
    rays = obliquity(plain_geometry(field))
    before = {name: predictor.predict(view.integrals) for name, predictor in predictors.items()}
    body = target.body.any(0)
    for edit in edits(patient, field, settings.diameters_mm, settings.positions, settings.seed):
        footprint = _footprint(edit.change)
        if not footprint.any() or (edit.size_mm > 0 and not target.inside[footprint].all()):
            continue
        footprint &= target.inside
        integrals = resum(view.hu + edit.change, rays, field.slab_thickness)
        elsewhere = body & target.inside & ~_grown(footprint, ELSEWHERE_MM / field.spacing)
        for name, predictor in predictors.items():
            made = predictor.predict(integrals) - before[name]
            response, depth_response = response_ratios(made, edit.change, footprint)
            yield Response(
                target.name, name, edit.kind, edit.size_mm, edit.place, response, depth_response,
                float(np.abs(made[:, elsewhere]).mean()) if elsewhere.any() else float("nan"),
                float(np.abs(integrals - view.integrals).max()),
            )  # fmt: skip


def response_ratios(made: np.ndarray, true: np.ndarray, footprint: np.ndarray) -> tuple[float, float]:
    """(response, depth_response) of a predicted and a true change (slabs, rows, cols) in a footprint (rows, cols)."""
    made, true = made[:, footprint].astype(np.float64), true[:, footprint].astype(np.float64)
    return float(made.sum() / true.sum()), float((made * true).sum() / np.square(true).sum())


def consistency(name: str, predictor: Predictor, target: Target, seed: int) -> Consistency:
    """Mirror and cycle of one predictor on one patient."""
    view, field = target.view, target.field
    rays = obliquity(plain_geometry(field))
    made = predictor.predict(view.integrals)
    mirrored = predictor.predict(np.ascontiguousarray(view.integrals[:, ::-1]))
    centre = len(made) // 2
    body = target.body[centre] & target.body[centre][:, ::-1]
    body = body if body.any() else target.body[centre]
    expected = (made[centre, :, ::-1] - made[centre])[body]
    found = (mirrored[centre] - mirrored[centre, :, ::-1])[body]
    silhouette = target.body.any(0)
    noise = np.random.default_rng(seed).normal(0.0, _NOISE_STEPS * 2500.0, made.shape)

    back = getattr(predictor, "back", None)

    def cycle_error(stack: np.ndarray) -> float:
        again = back(stack, field.spacing) if back else resum(stack, rays, field.slab_thickness)
        return float(np.abs(again - view.integrals)[silhouette].sum() / view.integrals[silhouette].sum())

    return Consistency(
        target.name, name, _correlation(found, expected), 100 * cycle_error(made), 100 * cycle_error(made + noise)
    )


def _footprint(change: np.ndarray) -> np.ndarray:
    """Rays whose projected change exceeds a tenth of the largest: bool (rows, cols)."""
    projected = np.abs(change.sum(0))
    return np.asarray(projected > FOOTPRINT_SHARE * max(float(projected.max()), 1e-6))


def _grown(mask: np.ndarray, pixels: float) -> np.ndarray:
    distance = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(distance <= pixels)


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / scale if scale > 0 else float("nan")
