"""Comparison maps: difference and SSIM of a candidate as volumes that lie where the candidate lies."""

from __future__ import annotations

from typing import Any

import numpy as np
from XrayToCTLib.fidelity import FidelityReport
from XrayToCTLib.fidelity.pictures import difference_limit
from XrayToCTLib.trust_map import TrustMap

from .map_volume import volumeFromMap

DIFFERENCE, SIMILARITY = "difference", "ssim"
_GREY = "vtkMRMLColorTableNodeGrey"
_DIFFERENCE_WORDS = "Result minus reference: clear where they agree, red where the result is higher, blue where lower."
_SSIM_WORDS = "Structural similarity with the reference at every pixel: 1 (bright) where the structure is the same."


def mapsOf(report: FidelityReport) -> list[TrustMap]:
    """The difference, with colours symmetric about 0, and the SSIM, where they make sense. Touches no node."""
    made = []
    if report.has_difference:
        limit = difference_limit(report)
        limits = (-limit, limit)
        made.append(_map(DIFFERENCE, "Difference", report.unit, report.difference, report, limits, _DIFFERENCE_WORDS))
    if report.ssim_map is not None:
        made.append(_map(SIMILARITY, "SSIM", "", report.ssim_map, report, (0.0, 1.0), _SSIM_WORDS))
    return made


def showMaps(maps: list[TrustMap], candidate: Any) -> list[Any]:
    """The maps as volume nodes over the candidate; those of an earlier comparison of it are overwritten."""
    nodes = []
    for shown in maps:
        node = volumeFromMap(shown, candidate)
        if shown.name == SIMILARITY:  # nothing in it is clear: it is looked at by itself
            node.GetDisplayNode().SetAndObserveColorNodeID(_GREY)
        nodes.append(node)
    return nodes


def _map(
    name: str,
    title: str,
    unit: str,
    values: np.ndarray,
    report: FidelityReport,
    limits: tuple[float, float],
    explanation: str,
) -> TrustMap:
    finite = np.nan_to_num(np.asarray(values, np.float32), nan=0.0, posinf=limits[1], neginf=limits[0])
    return TrustMap(name, title, unit, finite, report.spacing, limits, explanation)
