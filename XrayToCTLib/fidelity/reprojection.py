"""Re-projection: do the slabs add up to the radiograph they were made from?"""

from __future__ import annotations

import numpy as np

from ..errors import XrayToCTError
from ..projection.geometry import ProjectionGeometry
from ..projection.project import resum


def obliquity(geometry: ProjectionGeometry) -> np.ndarray:
    """Length of each ray per mm along the detector's normal, float32 (rows, cols): 1 on the central ray."""
    if geometry.parallel:
        return np.ones(geometry.shape, np.float32)
    rows, cols = geometry.shape
    down = (np.arange(rows) - (rows - 1) / 2)[:, None] * geometry.spacing[0]
    across = (np.arange(cols) - (cols - 1) / 2)[None] * geometry.spacing[1]
    distance = geometry.source_detector_mm
    return np.sqrt(1.0 + (down**2 + across**2) / distance**2).astype(np.float32)


def reprojection_error(
    hu: np.ndarray, integrals: np.ndarray, ray_obliquity: np.ndarray, slab_thickness: float, mask: np.ndarray
) -> float:
    """Relative L1 between the re-summed slabs and the input's line integrals: sum |resum - input| / sum |input|.

    Args:
        hu: (slabs, rows, cols) HU.
        integrals, ray_obliquity: (rows, cols).
        slab_thickness: mm.
        mask: bool (rows, cols), the rays that count.

    Raises:
        XrayToCTError: the shapes differ, or the mask holds no ray with anything in its way.
    """
    if hu.shape[1:] != integrals.shape or integrals.shape != mask.shape or mask.shape != ray_obliquity.shape:
        raise XrayToCTError(
            f"Slabs {hu.shape}, line integrals {integrals.shape}, rays {ray_obliquity.shape} and mask {mask.shape} do "
            "not belong together.",
            hint="Take them on one grid.",
        )
    again = resum(np.asarray(hu, np.float32), ray_obliquity, slab_thickness)[mask].astype(np.float64)
    given = integrals[mask].astype(np.float64)
    total = float(np.abs(given).sum())
    if total == 0:
        raise XrayToCTError("No ray of the mask meets anything.", hint="Give a mask that covers the body.")
    return float(np.abs(again - given).sum()) / total
