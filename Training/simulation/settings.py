"""What simulation may vary, how far and how often: the ``simulation`` part of a run's configuration.

Probabilities are shares of bodies (``BodySettings``, ``EditSettings``) or of looks (``DetectorSettings``); ranges are
uniform unless said otherwise. Too wild a setting costs accuracy on ordinary patients, so the defaults stay near what
adults in a radiology department look like.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Literal

from XrayToCTLib.errors import XrayToCTError

Range = tuple[float, float]


@dataclass(frozen=True)
class BodySettings:
    """Body habitus: one patient becomes many.

    Attributes:
        stretch_head_foot, stretch_front_back, stretch_side: factors on the voxel spacing.
        deformation_mm: standard deviation of a free-form deformation's control points, (head-foot, front-back, side);
            what tissue moves is about a third of it.
        deformation_node_mm: their distance.
        inflation: how often the lungs are inflated or deflated by moving the diaphragm.
        inflation_mm: how far it moves towards the feet; negative is expiration. Lung mass is kept.
        lung_gain, bone_gain: factors on the attenuation of the lung and on that of bone above soft tissue.
        soft_shift_hu: half width of a common shift of soft tissue and bone.
        fat, fat_mm: how often subcutaneous fat is added, and its greatest thickness.
        arms: how often the arms hang down beside the thorax.
        allow_flip: mirror half of the bodies left to right. Not for the chest: the heart has a side.
    """

    stretch_head_foot: Range = (0.9, 1.12)
    stretch_front_back: Range = (0.85, 1.2)
    stretch_side: Range = (0.88, 1.14)
    deformation_mm: tuple[float, float, float] = (14.0, 18.0, 14.0)
    deformation_node_mm: float = 90.0
    inflation: float = 0.5
    inflation_mm: Range = (-30.0, 15.0)
    lung_gain: Range = (0.7, 1.6)
    bone_gain: Range = (0.8, 1.6)
    soft_shift_hu: float = 20.0
    fat: float = 0.2
    fat_mm: Range = (3.0, 25.0)
    arms: float = 0.1
    allow_flip: bool = False


@dataclass(frozen=True)
class EditSettings:
    """Changes of the anatomy, in input and target alike: what is there must be copied, not averaged away.

    Attributes:
        nodules: how often one to ``nodule_count`` nodules are put into the lungs.
        nodule_mm: their diameter.
        removals: how often dense spots of the lungs (vessels, nodules) are filled with lung from beside them.
        ribs: how often a segment of a rib is removed, thickened or made denser.
        rib_mm: length of the segment.
        tubes: how often a tube or a line lies in the mediastinum or on the chest.
    """

    nodules: float = 0.35
    nodule_count: int = 3
    nodule_mm: Range = (6.0, 30.0)
    removals: float = 0.15
    ribs: float = 0.15
    rib_mm: Range = (20.0, 60.0)
    tubes: float = 0.05


@dataclass(frozen=True)
class PoseSettings:
    """Where the patient stands. ``poses`` share one body, which is the expensive part.

    Attributes:
        poses: of one body.
        uses: of one pose, each with another look.
        magnification: factor on the detector's pixel, which stands for patients of another size.
        aspect: column pixel over row pixel.
        source_mm: distances from source to detector, drawn alike.
        isocentre_mm: distance from the patient's centre to the detector.
        tilt_deg: standard deviations of the rotations about the head-foot axis, the left-right axis, in the image.
        shift_side_mm: standard deviation of the patient's shift to the side.
        travel_mm: largest shift towards head or feet, less where the scan is short.
    """

    poses: int = 4
    uses: int = 3
    magnification: Range = (0.85, 1.18)
    aspect: Range = (0.96, 1.04)
    source_mm: tuple[float, ...] = (1000.0, 1200.0, 1500.0, 1800.0, 1800.0, 2000.0)
    isocentre_mm: Range = (140.0, 220.0)
    tilt_deg: tuple[float, float, float] = (2.5, 2.5, 2.0)
    shift_side_mm: float = 10.0
    travel_mm: float = 60.0


@dataclass(frozen=True)
class DetectorSettings:
    """Looks: detector, console and file.

    Attributes:
        calibrated: share of looks that stay calibrated line integrals; the others go the way of a display-processed
            file, whose values the engine maps onto the reference quantiles. What follows holds for those alone, except
            for the point spread and the noise.
        scatter, scatter_share, scatter_mm: how often, scatter over primary, standard deviation of the veil.
        point_spread, point_spread_px: how often, standard deviation in pixels.
        quanta_log10: decimal logarithm of the quanta of a pixel of the network's grid behind no patient.
        gain: of a calibrated look.
        processing, detail_gain, detail_mm: how often a console enhances detail, how much, below which size.
        look_up_table: how often a random monotone curve comes before the eight bits.
        eight_bit: how often the values are rounded to 256 levels.
        markers: how often a lead letter is on the image.
        collimation, collimation_share: how often borders are hidden (black or white), and how much of each side.
        lines: how often cables or electrodes lie on the skin: in the input alone, as no slab shows them.
        unknown_polarity: how often the file does not say whether bone is bright, half of them inverted. The engine's
            own estimate then decides, so that only what it cannot tell arrives inverted.
    """

    calibrated: float = 0.4
    scatter: float = 0.6
    scatter_share: Range = (0.05, 0.5)
    scatter_mm: Range = (22.0, 60.0)
    point_spread: float = 0.5
    point_spread_px: Range = (0.3, 0.9)
    quanta_log10: Range = (3.8, 6.0)
    gain: Range = (0.95, 1.05)
    processing: float = 0.3
    detail_gain: Range = (0.1, 0.8)
    detail_mm: Range = (8.0, 40.0)
    look_up_table: float = 0.5
    eight_bit: float = 0.3
    markers: float = 0.25
    collimation: float = 0.2
    collimation_share: float = 0.12
    lines: float = 0.08
    unknown_polarity: float = 0.05


@dataclass(frozen=True)
class RadiographSettings:
    """How real radiographs are varied: zoom, standard deviation of the turn, and largest shift."""

    magnification: Range = (0.92, 1.1)
    turn_deg: float = 2.0
    shift_mm: float = 21.0


@dataclass(frozen=True)
class SimulationSettings:
    """Simulation and augmentation.

    Attributes:
        executor: "opencv" (CPU, worker processes) or "torch" (any device).
        workers: processes of the OpenCV executor beside the training process; 0 simulates in it.
    """

    executor: Literal["opencv", "torch"] = "opencv"
    workers: int = 1
    body: BodySettings = field(default_factory=BodySettings)
    edits: EditSettings = field(default_factory=EditSettings)
    pose: PoseSettings = field(default_factory=PoseSettings)
    detector: DetectorSettings = field(default_factory=DetectorSettings)
    radiographs: RadiographSettings = field(default_factory=RadiographSettings)

    def __post_init__(self) -> None:
        if self.executor not in ("opencv", "torch"):
            raise _wrong("executor", self.executor, "Choose opencv or torch.")
        if self.workers < 0 or min(self.pose.poses, self.pose.uses, self.edits.nodule_count) < 1:
            raise _wrong("workers, poses, uses or nodule_count", "too few", "Give at least one, workers at least 0.")
        for part in (self.body, self.edits, self.pose, self.detector, self.radiographs):
            for name, value in ((item.name, getattr(part, item.name)) for item in fields(part)):
                _check(f"{type(part).__name__}.{name}", name, value)


# Settings that are probabilities; everything else of type float is a size.
_PROBABILITIES = {
    "inflation", "fat", "arms", "nodules", "removals", "ribs", "tubes", "calibrated", "scatter", "point_spread",
    "processing", "look_up_table", "eight_bit", "markers", "collimation", "lines", "unknown_polarity",
}  # fmt: skip
# Sequences that are no range.
_LISTS = {"deformation_mm", "tilt_deg", "source_mm"}


def _check(label: str, name: str, value: Any) -> None:
    if name in _PROBABILITIES and not 0.0 <= value <= 1.0:
        raise _wrong(label, value, "Give a probability from 0 to 1.")
    if isinstance(value, tuple | list) and name not in _LISTS and not (len(value) == 2 and value[0] <= value[1]):
        raise _wrong(label, value, "Give a range as [lowest, highest].")
    if name == "collimation_share" and not 0.0 <= value < 0.5:
        raise _wrong(label, value, "Each side may hide less than half of the image.")


def _wrong(label: str, value: object, hint: str) -> XrayToCTError:
    return XrayToCTError(f"The simulation setting {label} is wrong: {value}.", hint=hint)
