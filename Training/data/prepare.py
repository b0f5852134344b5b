"""Prepare: every image of the sources, once, into arrays that training maps into memory."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
from filelock import FileLock, Timeout
from tqdm import tqdm

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.projection import body, ct_volume

from . import dicom_series, plane_major, radiographs, volumes
from .collect import Collection, SourceImage, collect
from .content_hash import preparation_key
from .leak_check import check_identities, check_leaks
from .manifest import (
    CtEntry,
    Manifest,
    RadiographEntry,
    RadiographSet,
    SkippedImage,
    Triple,
    ct_entry,
    write_manifest,
)
from .prepared_folder import ContentHashes, cannot_write, read_record, write_record, write_volume
from .radiographs import RadiographFile, read_on_grid
from .reference_quantiles import scan_quantiles
from .settings import DataSettings
from .split import make_split, split_entries

_VOLUME_CODE = (volumes, dicom_series, plane_major, ct_volume, body)
_RADIOGRAPH_CODE = (radiographs,)


@dataclass(frozen=True, slots=True)
class _Job:
    """A volume to prepare, and the key of what it is made from."""

    image: SourceImage
    key: str
    folder: Path
    spacing: Triple


def prepare(settings: DataSettings) -> Manifest:
    """Fill the prepared folder, write its manifest, and check the split for leaks.

    What was prepared from the same source, settings and code is not done again. A broken image is reported, skipped
    and counted. Interrupted by Ctrl-C or a full disk, the same call goes on where it stopped.

    Raises:
        XrayToCTError: a source is missing, the disk is full, the folder is being prepared already, or the split leaks.
    """
    folder = Path(settings.prepared)
    collection = collect(settings.sources)
    with _locked(folder):
        try:
            manifest, made = _prepare(settings, folder, collection)
        except KeyboardInterrupt:
            print("Stopped. What is done stays; the same command goes on from there.", file=sys.stderr)
            raise
    for item in manifest.skipped:
        print(f"skipped {item.name}: {item.reason}")
    kinds = ", ".join(
        f"{len(manifest.of_kind(kind))} {kind}"
        for kind in ("ct", "mri", "reformat", "phantom")
        if manifest.of_kind(kind)
    )
    count = len(manifest.radiographs.items)
    print(
        f"{kinds or 'no volumes'}, {count} radiograph{'s' if count != 1 else ''} in {folder}: {made} prepared now, "
        f"{len(manifest.cts) + count - made} unchanged, {len(manifest.skipped)} skipped."
    )
    split = make_split(manifest, settings.split)
    check_leaks(manifest, split)
    print(
        f"Split: {len(split.train)} volumes train, {len(split.test)} test ({', '.join(split.test) or 'none'}); "
        f"{count - len(split.held_out_radiographs)} radiographs train. No leak found."
    )
    return manifest


def _prepare(settings: DataSettings, folder: Path, collection: Collection) -> tuple[Manifest, int]:
    """The manifest, and how many images were prepared in this run."""
    skipped = list(collection.skipped)
    hashes = _hash_all(folder, collection.images, skipped)
    images = [image for image in collection.images if image.name in hashes[image.kind == "radiograph"]]
    volume_images = [image for image in images if image.kind != "radiograph"]
    radiograph_images = [image for image in images if image.kind == "radiograph"]
    _check_before(settings, volume_images, radiograph_images, hashes)
    cts, new_volumes = _prepare_volumes(settings, folder, volume_images, hashes[False], skipped)
    radiograph_set, new_radiographs = _prepare_radiographs(settings, folder, radiograph_images, hashes[True], skipped)
    manifest = Manifest(folder, tuple(cts), radiograph_set, tuple(skipped))
    write_manifest(manifest)
    return manifest, new_volumes + new_radiographs


def _hash_all(folder: Path, images: Sequence[SourceImage], skipped: list[SkippedImage]) -> dict[bool, dict[str, str]]:
    """Name -> SHA-256 of the source, for volumes (False) and radiographs (True)."""
    known = ContentHashes(folder)
    hashes: dict[bool, dict[str, str]] = {False: {}, True: {}}
    for image in tqdm(images, desc="hashing sources", unit="image"):
        try:
            hashes[image.kind == "radiograph"][image.name] = known.of(image.path)
        except OSError as error:
            skipped.append(SkippedImage(image.name, f"{image.path} cannot be read: {error.strerror or error}."))
    return hashes


def _check_before(
    settings: DataSettings,
    volume_images: Sequence[SourceImage],
    radiograph_images: Sequence[SourceImage],
    hashes: dict[bool, dict[str, str]],
) -> None:
    """A split that leaks by identity is refused before hours are spent on rendering."""
    cts = [
        _ct_entry(image, hashes[False][image.name], {"shape": (0, 0, 0), "spacing": (0, 0, 0), "centre": (0, 0, 0)})
        for image in volume_images
    ]
    items = [
        _radiograph_entry(image, hashes[True][image.name], {"row": 0, "field": (0, 0, 0, 0)})
        for image in radiograph_images
    ]
    check_identities(cts, items, split_entries(cts, items, settings.split))


def _prepare_volumes(
    settings: DataSettings,
    folder: Path,
    images: Sequence[SourceImage],
    hashes: dict[str, str],
    skipped: list[SkippedImage],
) -> tuple[list[CtEntry], int]:
    records: dict[str, dict[str, Any]] = {}
    jobs = []
    for image in images:
        what = {
            "kind": image.kind,
            "spacing": settings.prepared_spacing_mm,
            "table": image.settings.remove_table,
            "given": image.settings.spacing_mm,
        }
        key = preparation_key(hashes[image.name], what, _VOLUME_CODE)
        record = read_record(folder, image.name, key)
        if record is None:
            jobs.append(_Job(image, key, folder, settings.prepared_spacing_mm))
        else:
            records[image.name] = record
    made = 0
    with tqdm(total=len(images), initial=len(records), desc="volumes", unit="volume") as bar:
        for job, outcome in _outcomes(jobs, settings.workers):
            if isinstance(outcome, str):
                skipped.append(SkippedImage(job.image.name, outcome))
                bar.write(f"skipped {job.image.name}: {outcome}", file=sys.stderr)
            else:
                records[job.image.name] = outcome
                made += 1
            bar.update()
    entries = [_ct_entry(image, hashes[image.name], records[image.name]) for image in images if image.name in records]
    return entries, made


def _outcomes(jobs: Sequence[_Job], workers: int) -> Iterator[tuple[_Job, dict[str, Any] | str]]:
    """Each job with its record, or with the sentence why it was skipped."""
    if workers <= 1 or len(jobs) <= 1:
        for job in jobs:
            yield job, prepare_volume(job)
        return
    # Spawned, because forking a process whose OpenCV or ITK threads run can hang.
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_start_worker)
    try:
        futures = {pool.submit(prepare_volume, job): job for job in jobs}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except KeyboardInterrupt:
        print("\nStopping when the volumes in hand are done...", file=sys.stderr)
        raise
    except BrokenProcessPool as error:
        raise XrayToCTError(
            "A process that prepared a volume was ended from outside, most likely for want of memory.",
            hint="Lower data.workers and run the same command again: what is done stays.",
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _start_worker() -> None:
    """Ctrl-C reaches every process of the terminal: the workers finish the volume in hand, and the parent stops."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)


def prepare_volume(job: _Job) -> dict[str, Any] | str:
    """Read, bring to the grid and write one volume; a sentence instead of the record when it cannot be used.

    Raises:
        XrayToCTError: the prepared folder cannot be written.
    """
    image = job.image
    try:
        volume = volumes.read_volume(image)
        attenuation, spacing, centre = plane_major.to_plane_major(volume, job.spacing)
        quantiles = scan_quantiles(volume) if image.kind == "ct" else None
    except XrayToCTError as error:
        return str(error)
    except Exception as error:  # one strange file must not end the preparation of a thousand others; it is reported
        return f"{image.path} cannot be prepared ({type(error).__name__}: {error})."
    record = {
        "key": job.key,
        "prepared_sha256": write_volume(job.folder, image.name, attenuation),
        "shape": attenuation.shape,
        "spacing": spacing,
        "centre": centre,
        "quantiles": quantiles,
    }
    write_record(job.folder, image.name, record)
    return record


def _prepare_radiographs(
    settings: DataSettings,
    folder: Path,
    images: Sequence[SourceImage],
    hashes: dict[str, str],
    skipped: list[SkippedImage],
) -> tuple[RadiographSet, int]:
    side = round(settings.radiograph_edge_mm / settings.radiograph_spacing_mm)
    if not images:
        return RadiographSet(settings.radiograph_edge_mm / side, side), 0
    file = RadiographFile(folder, side, settings.radiograph_edge_mm)
    entries = []
    made = 0
    for image in (bar := tqdm(images, desc="radiographs", unit="image")):
        what = {"polarity": image.settings.polarity, "given": image.settings.spacing_mm}
        key = preparation_key(hashes[image.name], what, _RADIOGRAPH_CODE)
        record = file.find(key)
        if record is None:
            try:
                pixels, facts = read_on_grid(image, side, settings.radiograph_edge_mm)
            except Exception as error:  # as for volumes
                known = isinstance(error, XrayToCTError)
                reason = str(error) if known else f"{image.path} cannot be prepared ({type(error).__name__}: {error})."
                skipped.append(SkippedImage(image.name, reason))
                bar.write(f"skipped {image.name}: {reason}", file=sys.stderr)
                continue
            record = file.append(key, pixels, facts)
            made += 1
        entries.append(_radiograph_entry(image, hashes[image.name], record))
    return RadiographSet(settings.radiograph_edge_mm / side, side, tuple(entries)), made


def _ct_entry(image: SourceImage, sha256: str, record: dict[str, Any]) -> CtEntry:
    return ct_entry(
        {
            **_origin(image),
            "kind": image.kind,
            "sha256": sha256,
            "prepared_sha256": "",
            "units": volumes.UNITS[image.kind],
            # Images of one patient are not marked in collections of single slices.
            "training_only": image.settings.training_only or image.kind == "reformat",
            **{name: value for name, value in record.items() if name != "key"},
        }
    )


def _radiograph_entry(image: SourceImage, sha256: str, record: dict[str, Any]) -> RadiographEntry:
    return RadiographEntry(
        **_origin(image),
        sha256=sha256,
        row=record["row"],
        field=tuple(record["field"]),
        finding=image.finding,
        view=record.get("view", ""),
        training_only=image.settings.training_only,
    )


def _origin(image: SourceImage) -> dict[str, Any]:
    fields = ("name", "patient", "source", "licence", "credit", "url")
    return {**{name: getattr(image, name) for name in fields}, "file": str(image.path)}


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Two runs that append to one file would tear it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".preparing.lock", timeout=0)
        lock.acquire()
    except Timeout:
        raise XrayToCTError(
            f"{folder} is being prepared by another process.", hint="Wait until it is done, or stop it."
        ) from None
    except OSError as error:
        raise cannot_write(folder / "manifest.json", error) from error
    try:
        yield
    finally:
        lock.release()
