"""Leaks: nobody who trains may be tested on, under whatever name.

Of the published X2CT-GAN split, patient LIDC-IDRI-0442 is in both halves: a check costs seconds.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from XrayToCTLib.errors import XrayToCTError

from . import radiograph_likeness, volume_likeness
from .content_hash import preparation_key
from .manifest import CtEntry, Manifest, RadiographEntry, load_cts
from .prepared_folder import Journal
from .radiographs import open_radiographs
from .split import Split

_SHOWN = 10  # leaks that the sentence names


@dataclass(frozen=True, slots=True)
class Leak:
    """Two images on different sides, and why they count as one patient."""

    one: str
    other: str
    reason: str
    names: tuple[str, str]


def check_leaks(manifest: Manifest, split: Split) -> None:
    """Stop when a patient, a file, or a near-duplicate stands on both sides of the split.

    Looked at are patient identities and content hashes across volumes and radiographs, and the likeness of volumes to
    volumes and of radiographs to radiographs. What was found for the same arrays and sides is remembered in the
    folder.

    Raises:
        XrayToCTError: a leak; the sentence names both files and what to do.
    """
    check_identities(manifest.cts, manifest.radiographs.items, split)
    _stop(
        leak
        for leak in (*_alike_volumes(manifest, split), *_alike_radiographs(manifest, split))
        if not split.differ(*leak.names)
    )


def check_identities(cts: Sequence[CtEntry], radiographs: Sequence[RadiographEntry], split: Split) -> None:
    """The part of ``check_leaks`` that needs no pixels: before anything is rendered.

    Raises:
        XrayToCTError: a leak.
    """
    _stop([*_shared(cts, radiographs, split, "patient"), *_shared(cts, radiographs, split, "content")])


def _side(entry: CtEntry | RadiographEntry, split: Split) -> str:
    """ "" for what takes no part."""
    if isinstance(entry, RadiographEntry):
        return "test" if entry.name in split.held_out_radiographs else "training"
    if entry.name in split.train:
        return "training"
    if entry.name in split.validation:
        return "validation"
    if entry.name in split.test:
        return "test"
    # Images without a split of their own, which the unpaired families train on.
    return "training" if entry.kind == "reformat" else ""


def _shared(cts: Sequence[CtEntry], radiographs: Sequence[RadiographEntry], split: Split, what: str) -> Iterable[Leak]:
    """Pairs on different sides with the same patient, or the same bytes before or after preparation."""
    seen: dict[str, dict[str, CtEntry | RadiographEntry]] = defaultdict(dict)
    entries: list[CtEntry | RadiographEntry] = [*cts, *radiographs]
    for entry in entries:
        side = _side(entry, split)
        if not side:
            continue
        prepared = entry.prepared_sha256 if isinstance(entry, CtEntry) else ""
        keys = [entry.patient] if what == "patient" else [entry.sha256, prepared]
        reason = f"the same patient, {entry.patient}" if what == "patient" else "the same content"
        for key in filter(None, keys):
            for other_side, other in seen[key].items():
                if other_side != side:
                    yield _leak(other, other_side, entry, side, reason)
            seen[key].setdefault(side, entry)


def _leak(
    one: CtEntry | RadiographEntry, one_side: str, other: CtEntry | RadiographEntry, other_side: str, reason: str
) -> Leak:
    return Leak(f"{one.file} ({one_side})", f"{other.file} ({other_side})", reason, (one.name, other.name))


def _alike_volumes(manifest: Manifest, split: Split) -> list[Leak]:
    entries = {entry.name: entry for entry in manifest.cts}
    leaks = []
    for one_side, first, other_side, second in _sides(split):
        kinds = {entries[name].kind for name in (*first, *second)}
        for kind in sorted(kinds):
            ours = [name for name in first if entries[name].kind == kind]
            theirs = [name for name in second if entries[name].kind == kind]
            if not ours or not theirs:
                continue
            hashes = [[entries[name].prepared_sha256 for name in names] for names in (ours, theirs)]

            def look(ours: list[str] = ours, theirs: list[str] = theirs) -> list[tuple[str, str, float]]:
                return volume_likeness.alike_volumes(load_cts(manifest.folder, ours), load_cts(manifest.folder, theirs))

            key = preparation_key("volumes", {"train": hashes[0], "held back": hashes[1]}, (volume_likeness,))
            leaks += [
                _leak(entries[a], one_side, entries[b], other_side, _reason(value, volume_likeness.SAME_SCAN))
                for a, b, value in _remembered(manifest, key, look)
            ]
    return leaks


def _alike_radiographs(manifest: Manifest, split: Split) -> list[Leak]:
    by_row = {item.row: item for item in manifest.radiographs.items}
    sides: dict[str, list[int]] = {"training": [], "test": []}
    for row, item in by_row.items():
        sides[_side(item, split)].append(row)
    if not sides["training"] or not sides["test"]:
        return []

    def look() -> list[tuple[int, int, float]]:
        images = open_radiographs(manifest)
        return radiograph_likeness.alike_radiographs(images, sides["training"], sides["test"])

    hashes = {side: _digest(by_row[row].sha256 for row in rows) for side, rows in sides.items()}
    key = preparation_key("radiographs", {**hashes, "side": manifest.radiographs.side}, (radiograph_likeness,))
    return [
        _leak(by_row[a], "training", by_row[b], "test", _reason(value, radiograph_likeness.SAME_EXPOSURE))
        for a, b, value in _remembered(manifest, key, look)
    ]


def _sides(split: Split) -> list[tuple[str, list[str], str, list[str]]]:
    train, test, validation = list(split.train), list(split.test), list(split.validation)
    return [
        ("training", train, "test", test),
        ("training", train, "validation", validation),
        ("validation", validation, "test", test),
    ]


def _digest(hashes: Iterable[str]) -> str:
    return hashlib.sha256("".join(hashes).encode()).hexdigest()


def _reason(value: float, threshold: float) -> str:
    return f"near-duplicates: likeness {value:.2f}, and different patients stay below {threshold:g}"


def _remembered(manifest: Manifest, key: str, look: Callable[[], list]) -> list:
    """The answer of an earlier look at the same arrays, or a new one."""
    journal = Journal(manifest.folder / "leak_checks.jsonl")
    for record in journal.records:
        if record["key"] == key:
            return list(record["found"])
    found = look()
    with contextlib.suppress(XrayToCTError):  # a folder that one may only read is looked at anew each time
        journal.append({"key": key, "found": json.loads(json.dumps(found))})
    return found


def _stop(leaks: Iterable[Leak]) -> None:
    leaks = list(leaks)
    if not leaks:
        return
    lines = "".join(f"\n  {leak.one} and {leak.other}: {leak.reason}" for leak in leaks[:_SHOWN])
    more = f"\n  and {len(leaks) - _SHOWN} more" if len(leaks) > _SHOWN else ""
    raise XrayToCTError(
        f"The split leaks: {len(leaks)} pair{'s' if len(leaks) > 1 else ''} on both sides.{lines}{more}\n",
        hint="Keep each pair on one side (`split.same_patient` with both names), remove one of the two with "
        "`split.leave_out` or the source's `exclude`, or correct the patient in the index. Two patients who only look "
        "alike go into `split.known_different`.",
    )
