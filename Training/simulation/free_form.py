"""Free-form deformation: displacements between control points, by cubic B-splines (Rueckert et al., IEEE TMI 1999).

Along each axis a displacement is a matrix product, so that all executors evaluate the same field.
"""

from __future__ import annotations

import numpy as np


def intervals(extent_mm: float, node_mm: float) -> int:
    """Intervals between control points along an axis; there are three more control points than intervals."""
    return max(1, round(extent_mm / node_mm))


def basis(count: int, nodes: int) -> np.ndarray:
    """Weights of the control points at ``count`` evenly spaced positions, float32 (count, nodes)."""
    place, part = _places(count, nodes)
    return _spread(
        place,
        nodes,
        ((1 - part) ** 3, 3 * part**3 - 6 * part**2 + 4, -3 * part**3 + 3 * part**2 + 3 * part + 1, part**3),
        6.0,
    )


def slope(count: int, nodes: int) -> np.ndarray:
    """Derivative of ``basis`` by the position, per step from one position to the next, float32 (count, nodes)."""
    place, part = _places(count, nodes)
    weights = _spread(
        place, nodes, (-((1 - part) ** 2), 3 * part**2 - 4 * part, -3 * part**2 + 2 * part + 1, part**2), 2.0
    )
    return weights * np.float32((nodes - 3) / max(1, count - 1))


def node_positions(count: int, nodes: int) -> np.ndarray:
    """Where the control points stand, in positions; the outer two lie outside."""
    return (np.arange(nodes) - 1.0) * ((count - 1) / (nodes - 3))


def _places(count: int, nodes: int) -> tuple[np.ndarray, np.ndarray]:
    at = np.linspace(0.0, nodes - 3, count)
    place = np.minimum(at.astype(int), nodes - 4)
    return place, at - place


def _spread(place: np.ndarray, nodes: int, weights: tuple[np.ndarray, ...], divisor: float) -> np.ndarray:
    matrix = np.zeros((len(place), nodes), np.float32)
    for offset, weight in enumerate(weights):
        matrix[np.arange(len(place)), place + offset] = weight / divisor
    return matrix
