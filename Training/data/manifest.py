"""The manifest: what lies in a prepared folder, and where it came from."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.whole_file import write_whole

MANIFEST_FORMAT = 2
# Of the quantile function of a simulated radiograph, see reference_quantiles.
PROBABILITIES = tuple(float(p) for p in np.linspace(0.0, 1.0, 65))

Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class PreparedCt:
    """A table-free volume in a plane-major layout, mapped into memory.

    Attributes:
        name: as in the manifest.
        patient: identity of the patient.
        attenuation: float16 (y, z, x): relative attenuation mu / mu_water for CT, see ``CtEntry.units`` for others.
            y runs to the back, z to the head, x to the patient's left.
        spacing: (z, y, x) in mm.
        centre: index (z, y, x) of the body's centre.
    """

    name: str
    patient: str
    attenuation: np.ndarray
    spacing: Triple
    centre: Triple


@dataclass(frozen=True, slots=True)
class CtEntry:
    """A prepared volume.

    Attributes:
        name: unique in the folder; the array is ``ct/<name>.npy``.
        patient: identity of the patient.
        kind: "ct", "mri", "phantom" or "reformat" (one plane).
        source, licence, credit, url: the data set's.
        file: where it was read from.
        sha256: of the source's content.
        prepared_sha256: of the prepared array's file.
        shape: (y, z, x) of the array.
        spacing, centre: (z, y, x), in mm and as an index.
        units: what the array's values mean.
        training_only: never to be tested on.
        quantiles: of a simulated PA radiograph at ``PROBABILITIES``, line integrals; None for a scan shorter than
            200 mm, and for whatever is no CT.
    """

    name: str
    patient: str
    kind: str
    source: str
    licence: str
    credit: str
    url: str
    file: str
    sha256: str
    prepared_sha256: str
    shape: tuple[int, int, int]
    spacing: Triple
    centre: Triple
    units: str
    training_only: bool = False
    quantiles: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class RadiographEntry:
    """A prepared radiograph: row ``row`` of the array; ``field`` is (top, bottom, left, right) of its own pixels."""

    name: str
    patient: str
    source: str
    licence: str
    credit: str
    url: str
    file: str
    sha256: str
    row: int
    field: tuple[int, int, int, int]
    finding: str = ""
    view: str = ""
    training_only: bool = False


@dataclass(frozen=True, slots=True)
class RadiographSet:
    """Radiographs on one square grid: uint8 (rows of the file, side, side), bone bright, spacing in mm."""

    spacing_mm: float = 0.0
    side: int = 0
    items: tuple[RadiographEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class SkippedImage:
    """What could not be prepared, and the sentence that says why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a prepared folder holds. It knows no split: folds share the folder.

    Attributes:
        folder: the prepared folder.
        cts: volumes of every kind.
        radiographs: all radiographs.
        skipped: what could not be prepared.
    """

    folder: Path
    cts: tuple[CtEntry, ...] = ()
    radiographs: RadiographSet = field(default_factory=RadiographSet)
    skipped: tuple[SkippedImage, ...] = ()

    def ct(self, name: str) -> CtEntry:
        """The volume of that name.

        Raises:
            XrayToCTError: there is none.
        """
        for entry in self.cts:
            if entry.name == name:
                return entry
        raise XrayToCTError(
            f"{self.folder} holds no prepared volume {name}.",
            hint="Run `python -m Training prepare`, or correct the name in the configuration.",
        )

    def of_kind(self, kind: str) -> tuple[CtEntry, ...]:
        return tuple(entry for entry in self.cts if entry.kind == kind)


def read_manifest(folder: Path) -> Manifest:
    """Read ``manifest.json`` of a prepared folder.

    Raises:
        XrayToCTError: nothing is prepared there, by an older version, or the file is damaged.
    """
    path = Path(folder) / "manifest.json"
    again = "Run `python -m Training prepare` with this configuration."
    if not path.exists():
        raise XrayToCTError(f"{folder} holds no prepared data.", hint=again)
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if record.get("format") != MANIFEST_FORMAT:
            raise XrayToCTError(f"{path} was written by another version of the preparation.", hint=again)
        radiographs = record["radiographs"]
        return Manifest(
            folder=Path(folder),
            cts=tuple(ct_entry(item) for item in record["cts"]),
            radiographs=RadiographSet(
                radiographs["spacing_mm"],
                radiographs["side"],
                tuple(radiograph_entry(item) for item in radiographs["items"]),
            ),
            skipped=tuple(SkippedImage(**item) for item in record["skipped"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise XrayToCTError(f"{path} is damaged ({type(error).__name__}: {error}).", hint=again) from error


def write_manifest(manifest: Manifest) -> Path:
    """Write ``manifest.json`` whole or not at all."""
    record = asdict(manifest)
    del record["folder"]
    text = json.dumps({"format": MANIFEST_FORMAT, **record}, indent=1, ensure_ascii=False)
    return write_whole(manifest.folder / "manifest.json", text.encode())


def ct_entry(record: dict[str, Any]) -> CtEntry:
    """From JSON, whose lists become tuples."""
    return CtEntry(**_with_tuples(record))


def radiograph_entry(record: dict[str, Any]) -> RadiographEntry:
    """From JSON, whose lists become tuples."""
    return RadiographEntry(**_with_tuples(record))


def _with_tuples(record: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in record.items()}


def load_cts(folder: Path, names: Iterable[str]) -> list[PreparedCt]:
    """Map prepared volumes into memory, in the order of ``names``.

    Raises:
        XrayToCTError: a name is not prepared, or its array is missing or damaged.
    """
    manifest = read_manifest(folder)
    loaded = []
    for name in names:
        entry = manifest.ct(name)
        path = array_path(manifest.folder, name)
        try:
            attenuation = np.load(path, mmap_mode="r")
        except (OSError, ValueError, EOFError) as error:
            raise XrayToCTError(
                f"The prepared array {path} is missing or damaged.", hint="Run `python -m Training prepare` again."
            ) from error
        loaded.append(PreparedCt(name, entry.patient, attenuation, entry.spacing, entry.centre))
    return loaded


def array_path(folder: Path, name: str) -> Path:
    return folder / "ct" / f"{name}.npy"
