"""Real radiographs on one grid: a file of uint8 rows that grows, and a journal that says what each row is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.radiograph import Radiograph, SpacingSource, View
from XrayToCTLib.readers import read_radiograph

from .collect import SourceImage
from .manifest import Manifest, read_manifest
from .prepared_folder import Journal, cannot_write
from .split import Split

# Of values that are not 8 bit already: the share at either end that is cut, so that a marker does not set the scale.
_CUT = 0.001


def load_radiographs(folder: Path, split: Split) -> np.ndarray:
    """Training radiographs of a split, uint8 (n, rows, cols), bone bright; the spacing is the manifest's.

    A map into the file where the split's rows lie together, a copy in memory (0.08 MB an image at 1.5 mm) elsewhere.

    Raises:
        XrayToCTError: nothing is prepared, or the file is missing.
    """
    manifest = read_manifest(folder)
    rows = [item.row for item in manifest.radiographs.items if item.name not in split.held_out_radiographs]
    images = open_radiographs(manifest)
    if rows and rows == list(range(rows[0], rows[0] + len(rows))):
        return images[rows[0] : rows[0] + len(rows)]
    return images[rows]


def open_radiographs(manifest: Manifest) -> np.ndarray:
    """All rows of the file, mapped into memory; ``RadiographEntry.row`` says which is whose."""
    side = manifest.radiographs.side
    if not manifest.radiographs.items:
        return np.empty((0, side, side), np.uint8)
    path = manifest.folder / "radiographs.u8"
    try:
        images = np.memmap(path, np.uint8, "r")
        return images[: images.size // side**2 * side**2].reshape(-1, side, side)
    except (OSError, ValueError) as error:
        raise XrayToCTError(
            f"The prepared radiographs {path} are missing or damaged.", hint="Run `python -m Training prepare` again."
        ) from error


def read_on_grid(image: SourceImage, side: int, edge_mm: float) -> tuple[np.ndarray, dict[str, Any]]:
    """A radiograph on the square field: uint8 (side, side), and what the journal says of it.

    A longer image is cut about its centre; around a shorter one its rim is repeated.

    Raises:
        XrayToCTError: no radiograph, damaged, in colour, lateral, or a run of several frames.
    """
    given = image.settings.spacing_mm
    radiograph = read_radiograph(image.path, spacing=given, polarity=image.settings.polarity)
    if radiograph.frames > 1:
        raise XrayToCTError(
            f"{image.path.name} is a run of {radiograph.frames} frames.", hint="Save the frame that is meant by itself."
        )
    if radiograph.view is View.LATERAL:
        raise XrayToCTError(
            f"{image.path.name} is a lateral view.", hint="Training takes PA and AP; leave it out with `exclude`."
        )
    rows, cols = radiograph.shape
    spacing = radiograph.spacing
    if radiograph.spacing_source is SpacingSource.ASSUMED:
        spacing = (edge_mm / max(rows, cols),) * 2
    step = edge_mm / side
    size = (max(1, round(rows * spacing[0] / step)), max(1, round(cols * spacing[1] / step)))
    if max(size) > 20 * side or min(size) < side // 8:
        raise XrayToCTError(
            f"{image.path.name} is {rows * spacing[0]:.0f} x {cols * spacing[1]:.0f} mm, which no radiograph of a "
            "trunk is.",
            hint="Correct its pixel spacing, or give spacing_mm for this source.",
        )
    smaller = size[0] <= rows and size[1] <= cols
    resized = cv2.resize(_levels(radiograph), size[::-1], interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
    placed, field = _centred(_eight_bit(resized), side)
    return placed, {"field": list(field), "view": radiograph.view.name if radiograph.view else ""}


def _levels(radiograph: Radiograph) -> np.ndarray:
    """Values that are whole numbers of 8 bits as such, so that nothing is lost or rounded twice."""
    pixels = radiograph.pixels[0]
    levels = pixels.astype(np.uint8) if pixels.min() >= 0 and pixels.max() <= 255 else None
    return levels if levels is not None and np.array_equal(levels, pixels) else pixels


def _eight_bit(image: np.ndarray) -> np.ndarray:
    if image.dtype == np.uint8:
        return image
    low, high = np.quantile(image, (_CUT, 1.0 - _CUT))
    if high <= low:
        low, high = float(image.min()), float(image.max())
    return np.asarray(np.clip((image - low) / max(high - low, 1e-12) * 255.0 + 0.5, 0, 255).astype(np.uint8))


def _centred(image: np.ndarray, side: int) -> tuple[np.ndarray, tuple[int, int, int, int]]:
    """The square about the image's centre, and (top, bottom, left, right) of the image's own pixels in it."""
    ends = []
    for axis in (0, 1):
        surplus = image.shape[axis] - side
        if surplus > 0:
            image = np.take(image, range(surplus // 2, surplus // 2 + side), axis)
        before = max(0, -surplus) // 2
        ends.append((before, before + image.shape[axis]))
    (top, bottom), (left, right) = ends
    border = (top, side - bottom, left, side - right)
    placed = cv2.copyMakeBorder(image, *border, borderType=cv2.BORDER_REPLICATE) if any(border) else image
    return np.ascontiguousarray(placed), (top, bottom, left, right)


class RadiographFile:
    """``radiographs.u8`` and its journal. Rows whose source has changed or gone are left behind, and never listed."""

    def __init__(self, folder: Path, side: int, edge_mm: float) -> None:
        self._path = folder / "radiographs.u8"
        self._side = side
        self._journal = Journal(folder / "radiographs.jsonl")
        grid = {"side": side, "edge_mm": edge_mm}
        stale = bool(self._journal.records) and self._journal.records[0] != grid
        if stale or not self._path.exists():
            self._path.unlink(missing_ok=True)
            (folder / "radiographs.jsonl").unlink(missing_ok=True)
            self._journal = Journal(folder / "radiographs.jsonl")
        if not self._journal.records:
            self._journal.append(grid)
        rows = self._path.stat().st_size // side**2 if self._path.exists() else 0
        self._by_key = {r["key"]: r for r in self._journal.records[1:] if r["row"] < rows}
        self._rows = max((record["row"] + 1 for record in self._by_key.values()), default=0)

    def find(self, key: str) -> dict[str, Any] | None:
        return self._by_key.get(key)

    def append(self, key: str, image: np.ndarray, record: dict[str, Any]) -> dict[str, Any]:
        """Write the row, then the journal's line: an interruption between the two is overwritten by the next row.

        Raises:
            XrayToCTError: the disk is full.
        """
        try:
            with self._path.open("r+b" if self._path.exists() else "wb") as file:
                file.seek(self._rows * self._side**2)
                file.write(np.ascontiguousarray(image).tobytes())
                file.truncate()
        except OSError as error:
            raise cannot_write(self._path, error) from error
        record = {"key": key, "row": self._rows, **record}
        self._journal.append(record)
        self._by_key[key] = record
        self._rows += 1
        return record
