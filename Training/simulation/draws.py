"""Random bodies and poses: everything that chance decides, drawn here and kept in records.

Executors apply the records and draw nothing, so that every executor makes the same sample of the same record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from XrayToCTLib.projection.geometry import ProjectionGeometry

from . import free_form
from .edit_draws import draw_edits
from .field import Field
from .landmarks import Landmarks
from .patches import Edit, Triple
from .settings import Range, SimulationSettings

if TYPE_CHECKING:
    from Training.data.manifest import PreparedCt

# Air around the volume, so that a deformation does not push the body out of it.
_MARGIN_MM = 12.0
_ARM_ROOM_MM = 110.0
_INFLATION_NODE_MM = 35.0
# Below the diaphragm the belly gives way over this length.
_BELLY_MM = 120.0


@dataclass(frozen=True, slots=True)
class TissueCurve:
    """Attenuation to attenuation, continuous and increasing: other lungs, other bones, another calibration.

    Attributes:
        lung_gain: factor on lung (below 0.4); the change fades out towards fat (0.8).
        bone_gain: factor on what exceeds 1.15.
        shift: added to soft tissue and bone, relative attenuation.
    """

    lung_gain: float
    bone_gain: float
    shift: float


@dataclass(frozen=True, slots=True, eq=False)
class Fat:
    """Subcutaneous fat put on the skin: control points of its thickness in mm, float32 (y, z, x)."""

    thickness_mm: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class BodyDraw:
    """One body, made from a prepared CT.

    Attributes:
        spacing: (z, y, x) mm, after stretching.
        margin: air added in front of and behind, and on both sides of the volume, voxels (planes, columns).
        displacement: control points of where a voxel is taken from, in voxels, float32 (3, y, z, x): along planes,
            rows, columns.
        inflation: control points of an additional displacement along the rows, float32 (y, z, x), that keeps the
            lung's mass; or None.
        curve: of the tissues.
        fat: or None.
        edits: in the order in which they are made.
        flip: mirror left to right, after everything else.
    """

    spacing: Triple
    margin: tuple[int, int]
    displacement: np.ndarray
    inflation: np.ndarray | None
    curve: TissueCurve
    fat: Fat | None
    edits: tuple[Edit, ...]
    flip: bool


def draw_body(
    ct: PreparedCt, marks: Landmarks, settings: SimulationSettings, rng: np.random.Generator
) -> BodyDraw:  # fmt: skip
    """Draw a body for a prepared CT with its landmarks."""
    body = settings.body
    stretched = (body.stretch_head_foot, body.stretch_front_back, body.stretch_side)
    spacing = tuple(step * rng.uniform(*by) for step, by in zip(ct.spacing, stretched, strict=True))
    arms, fat = rng.random() < body.arms, rng.random() < body.fat
    room = _MARGIN_MM + (body.fat_mm[1] if fat else 0.0)
    sides = _ARM_ROOM_MM if arms else room
    margin = (int(np.ceil(room / ct.spacing[1])), int(np.ceil(sides / ct.spacing[2])))
    planes, rows, cols = ct.attenuation.shape
    shape = (planes + 2 * margin[0], rows, cols + 2 * margin[1])
    steps = (ct.spacing[1], ct.spacing[0], ct.spacing[2])
    nodes = _nodes(shape, steps, body.deformation_node_mm)
    along, through, across = body.deformation_mm
    displacement = np.stack(
        [rng.normal(0.0, mm / step, nodes) for mm, step in zip((through, along, across), steps, strict=True)]
    )
    inflation = None
    if marks.lung_rows is not None and rng.random() < body.inflation:
        inflation = _inflation(marks, shape, steps, margin, rng.uniform(*body.inflation_mm))
    return BodyDraw(
        spacing=(spacing[0], spacing[1], spacing[2]),
        margin=margin,
        displacement=displacement.astype(np.float32),
        inflation=inflation,
        curve=TissueCurve(
            lung_gain=_log_uniform(body.lung_gain, rng),
            bone_gain=rng.uniform(*body.bone_gain),
            shift=rng.uniform(-1.0, 1.0) * body.soft_shift_hu / 1000.0,
        ),
        fat=_fat(shape, steps, body.fat_mm, rng) if fat else None,
        edits=draw_edits(ct, marks, settings.edits, arms, rng),
        flip=body.allow_flip and rng.random() < 0.5,
    )


def draw_pose(
    length_mm: float, field: Field, settings: SimulationSettings, rng: np.random.Generator
) -> ProjectionGeometry:  # fmt: skip
    """Draw where a body of ``length_mm`` (scanned) stands before the detector."""
    pose = settings.pose
    pixel = field.spacing * rng.uniform(*pose.magnification)
    travel = max(0.0, min(pose.travel_mm, length_mm / 2 - 60.0))
    head, side, turn = (rng.normal(0.0, deviation) for deviation in pose.tilt_deg)
    return ProjectionGeometry(
        shape=(field.size, field.size),
        spacing=(pixel, pixel * rng.uniform(*pose.aspect)),
        source_detector_mm=float(rng.choice(pose.source_mm)),
        isocentre_detector_mm=rng.uniform(*pose.isocentre_mm),
        rotation_deg=(float(np.clip(head, -20.0, 20.0)), float(np.clip(side, -20.0, 20.0)), turn),
        shift_mm=(rng.uniform(-travel, travel), rng.normal(0.0, pose.shift_side_mm)),
    )


def _nodes(shape: tuple[int, int, int], steps: Triple, node_mm: float) -> tuple[int, int, int]:
    y, z, x = (free_form.intervals(n * s, node_mm) + 3 for n, s in zip(shape, steps, strict=True))
    return y, z, x


def _inflation(
    marks: Landmarks, shape: tuple[int, int, int], steps: Triple, margin: tuple[int, int], down_mm: float
) -> np.ndarray:
    """The diaphragm moves by ``down_mm``, the apex stays, and the belly below gives way.

    A row at height z is taken from above (higher z) where tissue has moved down; along the spine and in the chest
    wall, where no lung lies above or below, nothing moves.
    """
    assert marks.lung_rows is not None
    nodes = _nodes(shape, steps, _INFLATION_NODE_MM)
    y, z, x = (free_form.node_positions(n, k) for n, k in zip(shape, nodes, strict=True))
    base, apex = marks.lung_rows
    # The lowest lung lies in the recess behind the dome: most of the diaphragm is higher.
    base += 0.15 * (apex - base)
    lung = np.clip((apex - z) / max(apex - base, 1.0), 0.0, 1.0)
    belly = np.clip(1.0 - (base - z) * steps[1] / _BELLY_MM, 0.0, 1.0)
    plane = np.clip(np.round(y - margin[0]), 0, marks.lung_columns.shape[0] - 1).astype(int)
    column = np.clip(np.round(x - margin[1]), 0, marks.lung_columns.shape[1] - 1).astype(int)
    where = marks.lung_columns[plane][:, column]
    profile = np.minimum(lung, belly) * (down_mm / steps[1])
    return (where[:, None, :] * profile[None, :, None]).astype(np.float32)


def _fat(shape: tuple[int, int, int], steps: Triple, fat_mm: Range, rng: np.random.Generator) -> Fat:
    """Thickness that changes slowly about the body: more in front and at the sides of the belly in some, not in all."""
    nodes = _nodes(shape, steps, 130.0)
    thickness = rng.uniform(*fat_mm) * rng.uniform(0.4, 1.0, nodes)
    return Fat(thickness.astype(np.float32))


def _log_uniform(bounds: Range, rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(*np.log(bounds))))
