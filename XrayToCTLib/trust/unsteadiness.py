"""Unsteadiness: by how much the network's answer changes when the radiograph is moved a little.

The standard deviation over test-time augmentations (Wang et al., Neurocomputing 338, 2019). It is no error bar: it
sees where the network is of two minds, not where it is wrong every time alike, and the depth that no radiograph shows
is guessed much the same each time. High means doubt; low means nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..trust_map import TrustMap
from .trust_report import TrustFlag, TrustLevel

# Mean over the body: 7 to 16 HU for a bundled model on two inputs each of four patients that it was not trained on, 24
# for a hip.
USUAL_SPREAD_HU = 20.0
_MEASURED = "a quarter above the largest of eight held-out simulated radiographs"
_SHOWN_HU = 60.0


def unsteadiness_map(answers: Sequence[np.ndarray], spacing: tuple[float, float]) -> TrustMap:
    """Standard deviation of the answers, voxel by voxel.

    Args:
        answers: HU (slabs, rows, cols) of the unperturbed radiograph and of each perturbed one, moved back.
        spacing: (row, column) in mm.
    """
    total = np.zeros(answers[0].shape, np.float32)
    squares = np.zeros_like(total)
    for answer in answers:  # about the first answer, or float32 would lose the small differences in the square
        apart = answer - answers[0]
        total += apart
        squares += apart * apart
    mean = total / np.float32(len(answers))
    spread = np.sqrt(np.maximum(squares / np.float32(len(answers)) - mean * mean, 0.0))
    return TrustMap(
        name="unsteadiness",
        title="Unsteadiness of the network",
        unit="HU",
        values=spread.astype(np.float32),
        spacing=spacing,
        limits=(0.0, _SHOWN_HU),
        explanation=(
            "Standard deviation of the HU when the radiograph is shifted and turned a little. High: do not rely on "
            "this place. Low is no proof: what is wrong every time alike does not show."
        ),
    )


def unsteadiness_flag(shown: TrustMap, body: np.ndarray) -> TrustFlag:
    """The mean over the rays (rows, cols) of the body."""
    if not body.any():
        sentence = "No ray of the radiograph meets anything: the unsteadiness could not be judged."
        return TrustFlag("unsteadiness", TrustLevel.UNKNOWN, sentence)
    inside = shown.values[:, body]
    mean, top = float(inside.mean()), float(np.quantile(inside, 0.95))
    doubtful = mean > USUAL_SPREAD_HU
    found = f"Small shifts and turns of the radiograph change the HU by {mean:.0f} in the mean (limit "
    found += f"{USUAL_SPREAD_HU:.0f}) and by more than {top:.0f} in one voxel of twenty."
    advice = " The network is guessing: do not trust details." if doubtful else ""
    level = TrustLevel.DOUBTFUL if doubtful else TrustLevel.FINE
    return TrustFlag("unsteadiness", level, found + advice, mean, USUAL_SPREAD_HU, _MEASURED)
