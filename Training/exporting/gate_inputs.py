"""Ordinary inputs, and lateral views, to fit a gate to: simulated from a run's CTs, and its radiographs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.models.card import ReferenceQuantiles
from XrayToCTLib.projection.geometry import ProjectionGeometry
from XrayToCTLib.projection.opencv_projector import line_integrals
from XrayToCTLib.radiograph import IntensityScale, View
from XrayToCTLib.translation.harmonise import to_line_integrals

from ..data.manifest import PreparedCt
from ..simulation.field import Field, normalised
from ..simulation.settings import SimulationSettings
from ..simulation.stream import SampleStream
from .gate import InputGroup

# The ends of a scan are repeated by so much, so that a field never shows air above the neck.
_REPEATED_MM = 120.0
# Lateral views differ by these: standard deviations of the rotations, half widths of shift and magnification.
_LATERAL_TILT_DEG, _LATERAL_SHIFT_MM, _LATERAL_ZOOM = (6.0, 2.5, 2.5), 30.0, 0.15
# A console's curve between two quantiles; the engine's mapping undoes it, but for the rounding to 8 bits.
_WINDOW = (0.005, 0.995)


def simulated_groups(
    cts: Sequence[PreparedCt],
    field: Field,
    settings: SimulationSettings,
    reference: ReferenceQuantiles,
    *,
    bodies: int = 6,
    seed: int = 0,
) -> list[InputGroup]:
    """Simulated radiographs of each CT, as calibrated line integrals and as display-processed images.

    Args:
        cts: of training patients; leave out scans shorter than a chest, which are no ordinary radiographs.
        field: the model's grid.
        settings: of the run; polarity is always told right here.
        reference: of the card.
        bodies: deformed patients a CT, each in as many poses as ``settings`` says.
        seed: of the simulation.

    Raises:
        XrayToCTError: no CT.
    """
    if not cts:
        raise XrayToCTError("There are no CTs to simulate ordinary inputs from.", hint="Prepare some, or give inputs.")
    groups = []
    for name, calibrated in (("simulated, line integrals", True), ("simulated, display-processed", False)):
        detector = replace(settings.detector, calibrated=float(calibrated), unknown_polarity=0.0)
        still = replace(settings, executor="opencv", workers=0, detector=detector)
        inputs = []
        for ct in cts:
            stream = SampleStream([ct], [1.0], field, still, reference, seed)
            for body in range(bodies):
                first = body * settings.pose.poses * settings.pose.uses
                for step in range(first, first + settings.pose.poses):  # each pose once
                    inputs.append((ct.patient, stream.batch(step, [0]).image[0, 0].numpy()))
            stream.close()
        groups.append(InputGroup(name, inputs, calibrated))
    return groups


def radiograph_group(images: np.ndarray, patients: Sequence[str], reference: ReferenceQuantiles) -> InputGroup:
    """Display-processed radiographs on the model's grid, (n, rows, cols), harmonised as the engine does it.

    Raises:
        XrayToCTError: not one patient for each image.
    """
    if len(images) != len(patients) or len(images) == 0:
        raise XrayToCTError(
            f"{len(images)} radiographs with {len(patients)} patients.", hint="Name the patient of each radiograph."
        )
    inputs = [
        (patient, normalised(to_line_integrals(image.astype(np.float32), IntensityScale.DISPLAY, reference)[0]))
        for image, patient in zip(images, patients, strict=True)
    ]
    return InputGroup("radiographs, display-processed", inputs)


def lateral_inputs(
    cts: Sequence[PreparedCt], field: Field, reference: ReferenceQuantiles, *, views: int = 12, seed: int = 0
) -> list[np.ndarray]:
    """Lateral views of each CT as the network would be fed them: half calibrated, half display-processed."""
    rng = np.random.default_rng(seed)
    found = []
    for ct in cts:
        extra = round(_REPEATED_MM / ct.spacing[0])
        attenuation = np.asarray(ct.attenuation, np.float32).transpose(1, 0, 2)
        attenuation = np.pad(attenuation, ((extra, extra), (0, 0), (0, 0)), mode="edge")
        centre = (ct.centre[0] + extra, ct.centre[1], ct.centre[2])
        for view in range(views):
            pixel = field.spacing * float(rng.uniform(1 - _LATERAL_ZOOM, 1 + _LATERAL_ZOOM))
            tilt = rng.normal(0.0, _LATERAL_TILT_DEG)
            shift = rng.uniform(-_LATERAL_SHIFT_MM, _LATERAL_SHIFT_MM, 2)
            geometry = ProjectionGeometry(
                shape=(field.size, field.size),
                spacing=(pixel, pixel),
                view=View.LATERAL,
                rotation_deg=(float(tilt[0]), float(tilt[1]), float(tilt[2])),
                shift_mm=(float(shift[0]), float(shift[1])),
            )
            integrals = line_integrals(attenuation, ct.spacing, centre, geometry)
            if view % 2:
                integrals, _ = to_line_integrals(_eight_bit(integrals), IntensityScale.DISPLAY, reference)
            found.append(normalised(integrals))
    return found


def _eight_bit(integrals: np.ndarray) -> np.ndarray:
    low, high = np.quantile(integrals, _WINDOW)
    share = np.clip((integrals - low) / max(float(high - low), 1e-6), 0.0, 1.0)
    return np.round(share * 255.0).astype(np.float32)
