"""The verbs: a radiograph and a reference stack from a CT."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np

from ..ct_stack import CtStack
from ..errors import XrayToCTError
from ..radiograph import IntensityScale, Radiograph, SpacingSource, View
from .ct_volume import CtVolume, read_ct
from .geometry import ProjectionGeometry
from .opencv_projector import line_integrals, slab_means
from .plane_warps import MU_WATER_PER_MM


def project(
    ct: CtVolume | str | os.PathLike[str],
    *,
    view: View | str = View.PA,
    geometry: ProjectionGeometry | None = None,
) -> Radiograph:
    """A digitally reconstructed radiograph: line integrals of mu = mu_water (1 + HU / 1000), HU clipped at -1000.

    Args:
        ct: a volume, or the path of one, as it is: the commands and ``compare`` take the table away first
            (``projection.remove_table``).
        view: PA, AP or LATERAL; ignored when a geometry is given.
        geometry: source, patient and detector; the default is a 384 mm field at 1.8 m.

    Returns:
        A radiograph whose pixels are line integrals (dimensionless, bone bright). It says that it is simulated.
    """
    volume, geometry = _arguments(ct, view, geometry)
    pixels = line_integrals(volume.relative_attenuation(), volume.spacing, volume.centre, geometry)
    if not pixels.any():
        raise _no_overlap(volume)
    return Radiograph(
        pixels=pixels[None],
        spacing=geometry.spacing,
        spacing_source=SpacingSource.CALLER,
        scale=IntensityScale.LINE_INTEGRAL,
        source=f"simulated from {volume.source}",
        identity="",
        modality="DX",
        view=geometry.view,
        history=(f"Simulated from a CT by projection, {_describe(geometry)}.",),
    )


def reference_stack(
    ct: CtVolume | str | os.PathLike[str],
    *,
    view: View | str = View.PA,
    geometry: ProjectionGeometry | None = None,
    slabs: int = 16,
    slab_thickness: float = 20.0,
) -> CtStack:
    """What a perfect translation of ``project(ct)`` would be: the mean HU along each ray within each slab.

    Args:
        ct, view, geometry: as for ``project``.
        slabs: how many slabs, parallel to the detector and centred on the body.
        slab_thickness: mm.
    """
    volume, geometry = _arguments(ct, view, geometry)
    if slabs < 1 or not slab_thickness > 0:
        raise XrayToCTError(
            f"{slabs} slabs of {slab_thickness} mm are no stack.", hint="Ask for at least one slab thicker than 0 mm."
        )
    means, _ = slab_means(volume.relative_attenuation(), volume.spacing, volume.centre, geometry, slabs, slab_thickness)
    if not means.any():
        raise _no_overlap(volume)
    means -= np.float32(1.0)
    means *= np.float32(1000.0)
    return CtStack(
        hu=means,
        spacing=geometry.spacing,
        slab_thickness=slab_thickness,
        view=geometry.view,
        provenance={"source": volume.source, "made_by": "projection of a CT", "geometry": _describe(geometry)},
    )


def resum(hu: np.ndarray, obliquity: np.ndarray, slab_thickness: float) -> np.ndarray:
    """Line integrals that slabs stand for: the physics check of a stack.

    Args:
        hu: (slabs, rows, cols) HU.
        obliquity: (rows, cols), ray length per mm of depth.
        slab_thickness: mm.

    Returns:
        float32 (rows, cols), dimensionless.
    """
    attenuation = np.maximum(1.0 + hu / 1000.0, 0.0).sum(axis=0)
    return (attenuation * obliquity * (slab_thickness * MU_WATER_PER_MM)).astype(np.float32)


def _arguments(
    ct: CtVolume | str | os.PathLike[str], view: View | str, geometry: ProjectionGeometry | None
) -> tuple[CtVolume, ProjectionGeometry]:
    volume = ct if isinstance(ct, CtVolume) else read_ct(ct)
    if geometry is not None:
        return volume, geometry
    try:
        chosen = view if isinstance(view, View) else View[view.upper()]
    except KeyError:
        names = ", ".join(item.name for item in View)
        raise XrayToCTError(f"There is no view '{view}'.", hint=f"Choose one of {names}.") from None
    return volume, replace(ProjectionGeometry(), view=chosen)


def _describe(geometry: ProjectionGeometry) -> str:
    rays = "parallel rays" if geometry.parallel else f"source at {geometry.source_detector_mm:g} mm"
    return (
        f"{geometry.view.name} view, {rays}, patient's centre {geometry.isocentre_detector_mm:g} mm from the detector"
    )


def _no_overlap(volume: CtVolume) -> XrayToCTError:
    return XrayToCTError(
        f"No ray meets {volume.source}.",
        hint="Move the field (shift_mm) or enlarge the detector so that it sees the body.",
    )
