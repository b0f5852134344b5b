"""Records in words, for the captions of example sheets."""

from __future__ import annotations

from collections import Counter

from .draws import BodyDraw
from .lesions import LungFill, Nodule
from .limbs import Arm, Tube
from .look_draws import LookDraw
from .ribs import RibSegment


def describe_body(draw: BodyDraw) -> str:
    """What was done to the anatomy, beside stretching and bending, which every body undergoes."""
    words = [f"lung x{draw.curve.lung_gain:.2f}", f"bone x{draw.curve.bone_gain:.2f}"]
    if draw.inflation is not None:
        largest = max(float(draw.inflation.min()), float(draw.inflation.max()), key=abs)
        words.append("inspiration" if largest > 0 else "expiration")
    if draw.fat is not None:
        words.append(f"fat {draw.fat.thickness_mm.max():.0f} mm")
    for edit in draw.edits:
        if isinstance(edit, Nodule):
            words.append(f"nodule {2 * sum(edit.radii) / 3:.0f} mm")
        elif isinstance(edit, RibSegment):
            words.append(f"rib {edit.change}")
    counts = Counter(type(edit) for edit in draw.edits)
    for kind, word in ((LungFill, "filled spot"), (Tube, "tube"), (Arm, "arm")):
        if counts[kind]:
            words.append(f"{counts[kind]} {word}{'s' if counts[kind] > 1 else ''}")
    if draw.flip:
        words.append("mirrored")
    return ", ".join(words)


def describe_look(look: LookDraw) -> str:
    """What the detector and the console did."""
    words = ["calibrated" if look.calibrated else "display"]
    parts = (
        (look.scatter_share > 0, f"scatter {look.scatter_share:.2f}"),
        (look.detail_gain > 0, f"detail +{look.detail_gain:.1f}"),
        (look.eight_bit, "8 bit"),
        (look.look_up_table is not None, "curve"),
        (look.marker is not None, "marker"),
        (look.collimation is not None, "collimated"),
        (bool(look.lines), "cables"),
        (look.inverted is not None, "polarity not stated"),
    )
    return ", ".join(words + [word for happened, word in parts if happened])
