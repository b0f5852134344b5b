"""Enhanced meaning: what an enhanced volume's values mean, kept on its node, since no file behind it knows.

Without it, a volume that was enhanced and then translated or written as DICOM would have lost its polarity, its view,
the source of its spacing, and the word that it was enhanced.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.radiograph import IntensityScale, Radiograph, SpacingSource, View

from .provenance import attributeName

_MARK = attributeName("enhanced_history")


def meaningOf(radiograph: Radiograph, *, inverted: bool) -> dict[str, str]:
    """Provenance keys for ``radiographOf``; ``inverted``: bone is dark in the node."""
    return {
        "enhanced_history": json.dumps(list(radiograph.history), ensure_ascii=False),
        "enhanced_warnings": json.dumps(list(radiograph.warnings), ensure_ascii=False),
        "bone": "dark" if inverted else "bright",
        "scale": radiograph.scale.name,
        "view": radiograph.view.name if radiograph.view else "",
        "modality": radiograph.modality,
        "body_part": radiograph.body_part,
        "pixel_spacing": "{!r} {!r}".format(*map(float, radiograph.spacing)),
        "spacing_source": radiograph.spacing_source.name,
        "frame_time_ms": "" if radiograph.frame_time_ms is None else repr(float(radiograph.frame_time_ms)),
        "lossy_ratio": "" if radiograph.lossy_ratio is None else repr(float(radiograph.lossy_ratio)),
        "source_identity": radiograph.identity,
    }


def isEnhanced(attributes: Mapping[str, str]) -> bool:
    """Whether a node with these XrayToCT attributes says what its values mean."""
    return _MARK in attributes


def radiographOf(
    pixels: np.ndarray,
    spacing: tuple[float, float],
    name: str,
    attributes: Mapping[str, str],
    *,
    polarity: str = "auto",
) -> Radiograph:
    """The radiograph of an enhanced node, bone bright.

    Args:
        pixels: (frames, rows, cols) of the node.
        spacing: (row, column) of the node in mm; where it differs from what was known, the user has set it.
        name: of the node.
        attributes: the node's, by their full names.
        polarity: "auto" for what the attributes say, "bone-bright" or "bone-dark".

    Raises:
        XrayToCTError: the attributes were tampered with.
    """
    try:
        return _radiographOf(pixels, spacing, name, attributes, polarity)
    except (KeyError, ValueError, TypeError) as error:
        raise XrayToCTError(
            f"What {name} says of its own values cannot be read ({error}).", hint="Enhance the radiograph again."
        ) from error


def _radiographOf(
    pixels: np.ndarray, spacing: tuple[float, float], name: str, attributes: Mapping[str, str], polarity: str
) -> Radiograph:
    def known(key: str) -> str:
        return attributes.get(attributeName(key), "")

    values = pixels.astype(np.float32)
    if (known("bone") == "dark") if polarity == "auto" else (polarity == "bone-dark"):
        values = values.max() + values.min() - values
    stated = tuple(float(mm) for mm in known("pixel_spacing").split())
    slicerFoundNone = np.allclose(spacing, 1.0)
    isSame = len(stated) == 2 and (np.allclose(spacing, stated, rtol=1e-4) or slicerFoundNone)
    return Radiograph(
        pixels=values,
        spacing=(stated[0], stated[1]) if isSame else spacing,
        spacing_source=SpacingSource[known("spacing_source")] if isSame else SpacingSource.CALLER,
        scale=IntensityScale[known("scale")],
        source=name,
        identity=known("source_identity") or name,
        modality=known("modality"),
        view=View[known("view")] if known("view") else None,
        body_part=known("body_part"),
        frame_time_ms=float(known("frame_time_ms")) if known("frame_time_ms") and len(values) > 1 else None,
        lossy_ratio=float(known("lossy_ratio")) if known("lossy_ratio") else None,
        history=tuple(json.loads(known("enhanced_history"))),
        warnings=tuple(json.loads(known("enhanced_warnings") or "[]")),
    )
