"""Collect: which images the sources hold, whose they are, and under which licence. No pixel is read here."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

import pydicom
import yaml

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.readers.file_format import FileFormat, detect_format

from .manifest import SkippedImage
from .settings import SourceSettings

_VOLUME_SUFFIXES = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")
_RASTER_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
# Beside images, and none themselves: text, tables, and the data files of .nhdr and .mhd.
_OTHER_SUFFIXES = (
    *(".csv", ".tsv", ".txt", ".md", ".json", ".yaml", ".yml", ".xml", ".html", ".pdf", ".doc", ".docx", ".xls"),
    *(".xlsx", ".zip", ".gz", ".tar", ".raw", ".zraw", ".img", ".py", ".sh", ".log", ".part"),
)


@dataclass(frozen=True, slots=True)
class SourceImage:
    """One image to prepare: a file, or a folder with a DICOM series."""

    name: str
    patient: str
    kind: str
    path: Path
    settings: SourceSettings
    source: str
    licence: str
    credit: str
    url: str
    finding: str = ""


@dataclass(frozen=True, slots=True)
class Collection:
    """Images with unique names, sorted by path within each source, and what was passed over."""

    images: tuple[SourceImage, ...]
    skipped: tuple[SkippedImage, ...]


def collect(sources: Iterable[SourceSettings]) -> Collection:
    """Find the images of all sources.

    Raises:
        XrayToCTError: a source does not exist, holds no image, or its index or catalogue cannot be read.
    """
    images: list[SourceImage] = []
    skipped: list[SkippedImage] = []
    for source in sources:
        found, passed = _collect_one(source)
        images += found
        skipped += passed
    if not images:
        raise XrayToCTError(
            "There is no image to prepare." + "".join(f" {item.reason}" for item in skipped[:3]),
            hint="Name at least one folder with images in the configuration's data.sources.",
        )
    return Collection(tuple(_with_unique_names(images)), tuple(skipped))


def _collect_one(source: SourceSettings) -> tuple[list[SourceImage], list[SkippedImage]]:
    root = Path(source.path)
    if not root.exists():
        raise XrayToCTError(f"There is no folder or file {root}.", hint="Correct data.sources in the configuration.")
    paths = [path for path in _image_paths(root, source.kind) if _wanted(source, path)]
    if not paths:
        raise XrayToCTError(
            f"{root} holds no {source.kind} image"
            + ("." if source.include == ["*"] and not source.exclude else " that include and exclude leave over."),
            hint="Volumes are .nii, .nii.gz, .nrrd, .mha and folders of DICOM files; radiographs also PNG, JPEG, TIFF.",
        )
    catalogue = _read_catalogue(source.catalogue) if source.catalogue else []
    index = _read_index(source, root) if source.patient_from == "csv" else {}
    images, skipped = [], []
    for path in paths:
        row = index.pop(path.resolve(), None) or index.pop(Path(path.name), None)
        try:
            patient = _patient(source, path, row)
        except XrayToCTError as error:
            skipped.append(SkippedImage(stem(path), str(error)))
            continue
        credit = _credit(source, catalogue, root, path)
        finding = (row or {}).get("finding", "")
        images.append(SourceImage(stem(path), patient, source.kind, path, source, *credit, finding))
    if source.include == ["*"] and not source.exclude:
        skipped += [SkippedImage(stem(path), f"{path} is in the index, and there is no such image.") for path in index]
    return images, skipped


def stem(path: Path) -> str:
    """A file's name without its suffix; a series' folder's name."""
    if path.is_dir():
        return path.name
    for suffix in (".nii.gz", *_VOLUME_SUFFIXES, *_RASTER_SUFFIXES, ".dcm", ".dicom", ".ima"):
        if path.name.lower().endswith(suffix):
            return path.name[: -len(suffix)]
    return path.name


def is_dicom(path: Path) -> bool:
    """Whether the file's content is DICOM."""
    try:
        return detect_format(path) is FileFormat.DICOM
    except XrayToCTError:
        return False


def _image_paths(root: Path, kind: str) -> list[Path]:
    if root.is_file():
        return [root]
    folders = [root, *sorted(path for path in root.rglob("*") if path.is_dir())]
    return [path for folder in folders if not folder.name.startswith(".") for path in _in_folder(folder, kind)]


def _in_folder(folder: Path, kind: str) -> Iterator[Path]:
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    series = False
    for path in files:
        name = path.name.lower()
        if name.endswith(_VOLUME_SUFFIXES) or (kind == "radiograph" and name.endswith(_RASTER_SUFFIXES)):
            yield path
        elif name.endswith((*_OTHER_SUFFIXES, *_RASTER_SUFFIXES)) or name == "dicomdir":
            continue
        elif kind == "radiograph":
            if name.endswith((".dcm", ".dicom", ".ima")) or is_dicom(path):
                yield path
        elif not series and is_dicom(path):
            series = True
            yield folder


def _wanted(source: SourceSettings, path: Path) -> bool:
    name = stem(path)
    return any(fnmatchcase(name, pattern) for pattern in source.include) and not any(
        fnmatchcase(name, pattern) for pattern in source.exclude
    )


def _patient(source: SourceSettings, path: Path, row: Mapping[str, str] | None) -> str:
    if source.patient_from == "folder":
        return path.parent.name
    if source.patient_from == "csv":
        if row is None or not row["patient"]:
            raise XrayToCTError(f"{path}: the index states no patient.", hint="Add it, or name it in `exclude`.")
        return row["patient"]
    if source.patient_from == "dicom":
        file = path if path.is_file() else next(file for file in sorted(path.iterdir()) if is_dicom(file))
        try:
            header = pydicom.dcmread(file, specific_tags=["PatientID"], stop_before_pixels=True)
            patient = str(header.get("PatientID", "") or "").strip()
        except Exception:  # pydicom raises many kinds; all of them mean that there is no header to read
            patient = ""
        if not patient:
            raise XrayToCTError(f"{path}: no DICOM Patient ID.", hint="Take `patient_from: folder`, csv or file stem.")
        return patient
    return ""  # the unique name, which is not known yet


def _with_unique_names(images: list[SourceImage]) -> Iterator[SourceImage]:
    """Stems where they are unique; else the path from the source's folder, and the source's name before it."""
    for name in (_name_by_path, _name_by_source):
        count = Counter((image.kind == "radiograph", image.name) for image in images)
        images = [
            replace(image, name=name(image)) if count[image.kind == "radiograph", image.name] > 1 else image
            for image in images
        ]
    seen: set[tuple[bool, str]] = set()
    for image in images:
        key = (image.kind == "radiograph", image.name)
        if key in seen:
            raise XrayToCTError(
                f"{image.path} is named twice by the sources, or another image has its name ({image.name}).",
                hint="Remove one of the sources, use `exclude`, or rename the file.",
            )
        seen.add(key)
        yield replace(image, patient=image.patient or image.name)


def _name_by_path(image: SourceImage) -> str:
    if not image.path.is_relative_to(image.settings.path) or image.path == image.settings.path:
        return image.name
    return "-".join([*image.path.parent.relative_to(image.settings.path).parts, image.name])


def _name_by_source(image: SourceImage) -> str:
    return f"{image.source.replace(' ', '-').replace('/', '-')}-{image.name}"


def _credit(
    source: SourceSettings, catalogue: list[dict[str, str]], root: Path, path: Path
) -> tuple[str, str, str, str]:
    """(name, licence, credit, url)"""
    for entry in catalogue:
        if stem(path).startswith(entry["match"]) or entry["match"] == f"{source.kind}s":
            return entry["name"], entry["licence"], entry.get("credit", ""), entry.get("url", "")
    folder = root if root.is_dir() else root.parent
    return source.name or folder.resolve().name, source.licence, source.credit, source.url


def _read_catalogue(path: Path) -> list[dict[str, str]]:
    try:
        entries = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        return [
            {**entry, "match": str(entry["match"]), "name": entry["name"], "licence": entry["licence"]}
            for entry in entries
        ]
    except (OSError, yaml.YAMLError, TypeError, KeyError) as error:
        raise XrayToCTError(
            f"The catalogue {path} cannot be read ({error}).",
            hint="It is a YAML list of {match, name, licence, credit, url}.",
        ) from error


def _read_index(source: SourceSettings, root: Path) -> dict[Path, dict[str, str]]:
    """Resolved image path, or the bare name when the index does not say where the image is -> {patient, finding}."""
    path = Path(source.index) if source.index else (root if root.is_dir() else root.parent) / "index.csv"
    columns = {"file": "file", "patient": "patient", "finding": "finding", **source.columns}
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise XrayToCTError(f"The index {path} cannot be read ({error}).", hint="Give a CSV with a header.") from error
    missing = [columns[key] for key in ("file", "patient") if rows and columns[key] not in rows[0]]
    if missing or not rows:
        raise XrayToCTError(
            f"The index {path} has no column {' and no '.join(missing)}." if missing else f"The index {path} is empty.",
            hint="Its header needs `file` and `patient`; `columns` in the configuration gives them other names.",
        )
    index: dict[Path, dict[str, str]] = {}
    for row in rows:
        name = Path((row[columns["file"]] or "").strip())
        beside = (path.parent / name).resolve()
        index[beside if beside.exists() else Path(name.name)] = {
            "patient": (row[columns["patient"]] or "").strip(),
            "finding": (row.get(columns["finding"]) or "").strip(),
        }
    return index
