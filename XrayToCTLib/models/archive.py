"""Archive: the files of a model out of a zip that may have come from anywhere."""

from __future__ import annotations

import re
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from ..errors import XrayToCTError
from .card import CARD_FILE

LARGEST_BYTES = 4 * 2**30  # unpacked; the largest networks of this kind have some hundred megabytes
MOST_FILES = 64
_BLOCK = 1 << 20
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_HINT = "Ask for the model again, or unpack the archive and import its folder."


def unpack_model(archive: Path, folder: Path, note: Callable[[float], object] = lambda fraction: None) -> None:
    """Unpack the one folder of an archive that holds a card: the files in it, and those of its variants' folders.

    No path of the archive is ever used: files beside the card and one folder deeper are taken by their plain names.

    Args:
        archive: a zip file.
        folder: an empty folder.
        note: called with the share that is done; what it raises passes through.

    Raises:
        XrayToCTError: not a zip, no card or several, links, encrypted or damaged files, or too much of either.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = _members(opened, archive.name)
            total, done = sum(member.file_size for member, _ in members) or 1, 0
            for member, place in members:
                target = folder.joinpath(*place)
                target.parent.mkdir(exist_ok=True)
                with opened.open(member) as source, target.open("xb") as file:
                    size = 0
                    while block := source.read(_BLOCK):
                        size += len(block)
                        if size > member.file_size:  # the directory of the archive has lied
                            raise zipfile.BadZipFile(f"{member.filename} is longer than stated")
                        file.write(block)
                        note((done + size) / total)
                done += member.file_size
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise XrayToCTError(f"{archive.name} cannot be unpacked ({error}).", hint=_HINT) from error


def _members(opened: zipfile.ZipFile, name: str) -> list[tuple[zipfile.ZipInfo, tuple[str, ...]]]:
    """The files of the one model, each with its place in it."""
    files = [member for member in opened.infolist() if not member.is_dir()]
    cards = [member for member in files if PurePosixPath(member.filename).name == CARD_FILE]
    if len(cards) != 1:
        what = "no" if not cards else f"{len(cards)}"
        raise XrayToCTError(f"{name} holds {what} {CARD_FILE}: it is not one model.", hint="Choose a model's archive.")
    home = PurePosixPath(cards[0].filename).parent.parts
    taken = []
    for member in files:
        parts = PurePosixPath(member.filename).parts
        place = parts[len(home) :]
        if parts[: len(home)] == home and len(place) in (1, 2) and all(_PLAIN.fullmatch(part) for part in place):
            taken.append((member, place))
    size = sum(member.file_size for member, _ in taken)
    if len(taken) > MOST_FILES or size > LARGEST_BYTES:
        raise XrayToCTError(
            f"{name} would unpack to {len(taken)} files of {size / 2**20:.0f} MiB: no model is that large.", hint=_HINT
        )
    for member, _ in taken:
        if stat.S_ISLNK(member.external_attr >> 16):
            raise XrayToCTError(f"{name} holds a link ({member.filename}), which no model needs.", hint=_HINT)
    return taken
