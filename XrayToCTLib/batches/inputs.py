"""Inputs: the image files that folders, glob patterns and names stand for."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..errors import XrayToCTError
from ..readers.file_format import detect_format

# Files that call themselves so are reported when they are no images; others are then passed over.
_IMAGE_SUFFIXES = frozenset(
    {".dcm", ".dicom", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".nrrd", ".nhdr", ".nii", ".mha", ".mhd"}
)
_MAGIC = "*?["


@dataclass(frozen=True, slots=True)
class Found:
    """An input file, and where it lies below what was asked for: its place in the output folder."""

    path: Path
    place: PurePosixPath


@dataclass(frozen=True, slots=True)
class Listing:
    """What was found; ``passed_over`` files in folders are no images."""

    files: tuple[Found, ...]
    passed_over: int = 0


def list_inputs(given: Sequence[str | os.PathLike[str]], output: Path) -> Listing:
    """The files of folders (with all below them), glob patterns and single files, each once, in a fixed order.

    One folder is mirrored into the output folder as it is; of several, each under its own name. Hidden files, and the
    output folder where it lies within an input, are left out.

    Raises:
        XrayToCTError: a name or a pattern without any file.
    """
    files: dict[Path, Found] = {}
    passed_over = 0
    several = sum(1 for item in given if Path(item).is_dir()) > 1
    for item in given:
        path = Path(item).expanduser()
        if path.is_dir():
            root = path.absolute()
            prefix = PurePosixPath(root.name) if several else PurePosixPath()
            for file in _walk(root, output):
                if not _is_wanted(file):
                    passed_over += 1
                    continue
                files.setdefault(file, Found(file, prefix / file.relative_to(root).as_posix()))
            continue
        if path.exists() or not any(sign in str(item) for sign in _MAGIC):
            if not path.exists():
                raise XrayToCTError(f"There is no file or folder {path}.", hint="Check the path.")
            files.setdefault(path.absolute(), Found(path.absolute(), PurePosixPath(path.name)))
            continue
        names = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern
        matches = [Path(name).absolute() for name in names]
        matches = _once([file for file in matches if file.is_file() and output not in file.parents])
        if not matches:
            raise XrayToCTError(f"No file matches {item}.", hint="Check the pattern; ** stands for any folders.")
        root = _fixed_part(path)
        for file in matches:
            files.setdefault(file, Found(file, PurePosixPath(file.relative_to(root).as_posix())))
    if not files:
        what = ", ".join(str(item) for item in given)
        raise XrayToCTError(f"There is no image in {what}.", hint="Choose a folder with DICOM, PNG or other images.")
    return Listing(tuple(files.values()), passed_over)


def _once(files: Sequence[Path]) -> list[Path]:
    """Without the files that are met again through a link to a folder above them: ** follows links, round and round."""
    shortest: dict[Path, Path] = {}
    for file in sorted(files, key=lambda file: (len(file.parts), file)):
        shortest.setdefault(file.parent.resolve() / file.name, file)
    return sorted(shortest.values())


def _walk(root: Path, output: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and here / name != output)
        for name in sorted(names):
            if not name.startswith("."):
                yield here / name


def _is_wanted(file: Path) -> bool:
    if file.suffix.lower() in _IMAGE_SUFFIXES or file.name.lower().endswith(".nii.gz"):
        return True
    try:
        detect_format(file)
    except XrayToCTError:
        return False
    return True


def _fixed_part(pattern: Path) -> Path:
    """The folder above the first part of a pattern that is one."""
    parts = pattern.absolute().parts
    first = next(index for index, part in enumerate(parts) if any(sign in part for sign in _MAGIC))
    return Path(*parts[:first])
