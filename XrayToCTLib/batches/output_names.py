"""Output names: where each result lies in the output folder, so that no two of them want the same place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from ..readers.file_format import input_stem
from .task import ALL_FRAMES, FORMATS

_ENDING = "-ct-stack"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a result is wanted: the input's place below what was asked for, or a name that was given.

    Attributes:
        path: relative; an input's with its suffix.
        named: the path is a given name, without a suffix.
        frame: that is translated, or "all".
    """

    path: PurePosixPath
    named: bool = False
    frame: int | str = 0


def output_names(places: Sequence[Place], format: str) -> list[str]:
    """The name of each result, relative, with "/"; a ``*`` is where the number of a frame goes.

    Results that would be called the same keep their inputs' suffixes in their names; those that still would are
    numbered. Upper and lower case are no difference: on many disks they are none.
    """
    names = [_name(place, _stem(place), format) for place in places]
    crowded = Counter(name.casefold() for name in names)
    names = [
        _name(place, place.path.name, format) if crowded[name.casefold()] > 1 and not place.named else name
        for place, name in zip(places, names, strict=True)
    ]
    # Names that were never doubled stay with their owners.
    once = {name for name, count in Counter(name.casefold() for name in names).items() if count == 1}
    taken = set(once)
    for index, (place, name) in enumerate(zip(places, names, strict=True)):
        if name.casefold() in once:
            continue
        stem = _stem(place) if place.named else place.path.name
        number = 1
        while name.casefold() in taken:
            number += 1
            name = _name(place, f"{stem}-{number}", format)
        taken.add(name.casefold())
        names[index] = name
    return names


def _stem(place: Place) -> str:
    return place.path.name if place.named else input_stem(place.path)


def _name(place: Place, stem: str, format: str) -> str:
    frame = "-frame*" if place.frame == ALL_FRAMES else ""
    ending = "" if place.named else _ENDING
    # An asterisk in a file's own name must not be taken for the frame's place.
    parent = PurePosixPath(place.path.parent.as_posix().replace("*", "_"))
    return (parent / f"{stem.replace('*', '_')}{frame}{ending}{FORMATS[format]}").as_posix()
