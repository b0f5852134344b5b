"""The public reader: any supported file -> Radiograph."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import XrayToCTError
from ..radiograph import IntensityScale, Radiograph, SpacingSource, View
from ..radiograph_header import RadiographHeader
from .dicom_file import read_dicom_file
from .file_format import FileFormat, detect_format
from .identity import file_sha256
from .polarity import checked_polarity, decide_polarity
from .raster_file import read_raster_file
from .spacing import assumed_before, assumed_spacing, checked_spacing

_ITK_FORMATS = (FileFormat.NRRD, FileFormat.NIFTI, FileFormat.META_IMAGE)


def read_radiograph(
    path: str | os.PathLike[str],
    *,
    spacing: float | Sequence[float] | None = None,
    polarity: str = "auto",
    view: View | str | None = None,
    voi: str | int = "auto",
) -> Radiograph:
    """Read a radiograph; bone is bright afterwards, and everything that was done is in its ``history``.

    Args:
        path: DICOM (CR, DX, XA, RF), PNG, TIFF, JPEG, BMP, NRRD, NIfTI or MetaImage; its content tells which, not
            its name.
        spacing: (row, column) in mm, or one number for both; overrides the file. Without it, and without one in the
            file, the long edge is taken as 430 mm, with a warning.
        polarity: "auto" trusts a DICOM header or one of XrayToCT's own, and looks at the image in other files;
            "bone-bright" and "bone-dark" say how the image looks when shown as its file says.
        view: PA, AP or LATERAL; overrides the file.
        voi: for DICOM display values: "auto" applies the VOI look-up table or window, "none" does not, a number
            chooses one of several (from 0).

    Returns:
        Radiograph with float32 pixels (frames, rows, cols). Identity is the SOP Instance UID, or the file's SHA-256.

    Raises:
        XrayToCTError: no such file, no radiograph, damaged, constant, NaN, wrong arguments; its hint says what to do.
    """
    given = checked_spacing(spacing)
    polarity = checked_polarity(polarity)
    direction = _checked_view(view)
    voi = _checked_voi(voi)
    path = Path(path)
    file_format = detect_format(path)
    if file_format is FileFormat.DICOM:
        return read_dicom_file(path, spacing=given, polarity=polarity, view=direction, voi=voi)
    if file_format in _ITK_FORMATS:
        from .itk_file import read_itk_file  # with all of SimpleITK, 100 MB, which the other formats need not have

        raw = read_itk_file(path, file_format)
    else:
        raw = read_raster_file(path, file_format)

    header = raw.header or RadiographHeader()
    history, warnings = list(raw.history), list(raw.warnings)
    pixels = np.ascontiguousarray(raw.pixels, dtype=np.float32)
    scale = IntensityScale.DISPLAY
    if raw.header is not None and polarity != "bone-dark":
        scale = header.scale
        history.append("Kept the values: XrayToCT wrote this file, with bone bright.")
    elif np.isfinite(pixels).all():  # else the Radiograph refuses it below, in its own words
        decision = decide_polarity(pixels[0], polarity)
        if decision.invert:
            low, high = float(pixels.min()), float(pixels.max())
            pixels = np.subtract(low + high, pixels, out=None if pixels is raw.pixels else pixels, dtype=np.float32)
        history.append(decision.history)
        warnings += [decision.warning] if decision.warning else []
    if given is not None:
        value, spacing_source = given, SpacingSource.CALLER
    elif raw.spacing is not None:
        value, spacing_source = raw.spacing, header.source_of(raw.spacing)
        warnings += [assumed_before(value)] if spacing_source is SpacingSource.ASSUMED else []
    else:
        value, warning = assumed_spacing((pixels.shape[1], pixels.shape[2]))
        spacing_source = SpacingSource.ASSUMED
        warnings.append(warning)
    history.append(f"Spacing {value[0]:.6g} x {value[1]:.6g} mm (row x column), {spacing_source.value}.")
    return Radiograph(
        pixels=pixels,
        spacing=value,
        spacing_source=spacing_source,
        scale=scale,
        source=str(path),
        identity=file_sha256(path),
        modality=header.modality,
        view=direction or header.view,
        body_part=header.body_part,
        frame_time_ms=header.frame_time_ms,
        lossy_ratio=header.lossy_ratio,
        history=(*history, *header.enhancement),
        warnings=tuple(warnings),
    )


def _checked_view(view: View | str | None) -> View | None:
    if view is None or isinstance(view, View):
        return view
    try:
        return View[str(view).upper()]
    except KeyError:
        raise XrayToCTError(
            f"There is no view {view!r}.", hint=f"Choose one of: {', '.join(each.name for each in View)}."
        ) from None


def _checked_voi(voi: str | int) -> str | int:
    if voi in ("auto", "none") or (isinstance(voi, int) and not isinstance(voi, bool) and voi >= 0):
        return voi
    raise XrayToCTError(f"There is no VOI {voi!r}.", hint='Choose "auto", "none", or an index counted from 0.')
