"""Presets: the pipelines that come with the library and those that the user keeps."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..document_file import SUFFIX
from ..errors import XrayToCTError
from ..user_folder import user_folder
from .pipeline import Pipeline
from .pipeline_file import read_pipeline, write_pipeline
from .table import FILTERS

PIPELINES_ENVIRONMENT = "XRAYTOCT_PIPELINES"
NONE = "none"
"""The name of the pipeline without a filter."""
_BUNDLED = Path(__file__).resolve().parent.parent / "Resources" / "Pipelines"
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class PresetCatalogue:
    """What a look into the preset folders found.

    Attributes:
        bundled: those that come with the library, by name.
        user: the user's own, by name.
        problems: file -> why it is no preset that can be used.
    """

    bundled: tuple[Pipeline, ...]
    user: tuple[Pipeline, ...]
    problems: dict[Path, XrayToCTError]

    @property
    def all(self) -> tuple[Pipeline, ...]:
        return self.bundled + self.user


def user_pipelines_folder() -> Path:
    """Where the user's presets lie: $XRAYTOCT_PIPELINES, else the platform's data folder. It need not exist."""
    return user_folder("Pipelines", PIPELINES_ENVIRONMENT)


def presets() -> PresetCatalogue:
    """Look into both folders. A broken file is a problem of its own, never the end of the others."""
    problems: dict[Path, XrayToCTError] = {}
    bundled = _read_folder(_BUNDLED, problems, taken=set())
    user = _read_folder(user_pipelines_folder(), problems, taken={_key(pipeline.name) for pipeline in bundled})
    return PresetCatalogue(bundled, user, problems)


def find_pipeline(pipeline: Pipeline | str | Path | dict[str, Any]) -> Pipeline:
    """A pipeline by whatever names it.

    Args:
        pipeline: a pipeline; its JSON as text or parsed; the path of its file; or the name of a preset, of a single
            filter ("clahe", with its defaults), or "none".

    Raises:
        XrayToCTError: there is none (the message lists those that there are), or it is broken.
    """
    if isinstance(pipeline, Pipeline):
        return pipeline
    if isinstance(pipeline, dict):
        return Pipeline.from_record(pipeline)
    if isinstance(pipeline, Path):
        return read_pipeline(pipeline)
    if pipeline.lstrip().startswith(("{", "[")):
        return Pipeline.from_json(pipeline)
    key = _key(pipeline)
    if key == NONE:
        return Pipeline(NONE)
    seen = presets()
    for preset in seen.all:
        if _key(preset.name) == key:
            return preset
    if pipeline in FILTERS:
        return Pipeline.of_filter(pipeline)
    if pipeline.lower().endswith(SUFFIX):
        return read_pipeline(pipeline)
    for file, problem in seen.problems.items():
        if _key(file.stem) == key:
            raise problem  # it is there but broken: say why instead of "unknown"
    raise XrayToCTError(
        f"There is no pipeline {pipeline!r}.",
        hint=f"Choose a preset ({', '.join(preset.name for preset in seen.all)}), a filter ({', '.join(FILTERS)}), "
        "or a .json file.",
    )


def save_preset(pipeline: Pipeline, *, overwrite: bool = False) -> Path:
    """Keep a pipeline as the user's preset under its name; returns its file.

    Raises:
        XrayToCTError: a name that cannot be one, or is taken by a bundled preset or a filter, or by a preset of the
            user's own without ``overwrite``; or a folder that cannot be written.
    """
    _check_name(pipeline.name)
    file = _file_of(pipeline.name)
    if file is not None and not overwrite:
        raise XrayToCTError(
            f"There is a preset {pipeline.name!r} already.", hint="Choose another name, or allow overwriting."
        )
    folder = user_pipelines_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise XrayToCTError(
            f"The folder {folder} cannot be made: {error.strerror or error}.",
            hint=f"Set {PIPELINES_ENVIRONMENT} to a folder that you may write to.",
        ) from error
    return write_pipeline(pipeline, file or folder / f"{_key(pipeline.name)}{SUFFIX}")


def rename_preset(name: str, new_name: str) -> Pipeline:
    """Give one of the user's presets another name; returns it. The old one goes only when the new one is written.

    Raises:
        XrayToCTError: no such preset of the user's, or a name that cannot be one or is taken.
    """
    file = _user_file(name)
    renamed = replace(read_pipeline(file), name=new_name)
    same = _key(name) == _key(new_name)  # only capitals or spaces differ: the file stays
    save_preset(renamed, overwrite=same)
    if not same:
        _remove(file)
    return renamed


def delete_preset(name: str) -> None:
    """Remove one of the user's presets.

    Raises:
        XrayToCTError: no such preset of the user's; a bundled one cannot be removed.
    """
    _remove(_user_file(name))


def import_preset(path: str | Path, *, name: str | None = None, overwrite: bool = False) -> Pipeline:
    """Keep a pipeline file as a preset, under its own name or another; returns it. Raises as reading and saving do."""
    pipeline = read_pipeline(path)
    if name is not None:
        pipeline = replace(pipeline, name=name)
    save_preset(pipeline, overwrite=overwrite)
    return pipeline


def export_preset(name: str, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write any preset, bundled or the user's, to a file; returns it. Raises as finding and writing do."""
    return write_pipeline(find_pipeline(name), path, overwrite=overwrite)


def is_bundled(name: str) -> bool:
    """Whether a preset of this name comes with the library."""
    return any(_key(preset.name) == _key(name) for preset in _read_folder(_BUNDLED, {}, taken=set()))


def _key(name: str) -> str:
    """What names are compared by, and files named by: "Chest  Clarity" and "chest-clarity" are one preset."""
    return re.sub(r"\W+", "-", name.strip().casefold().replace("_", "-")).strip("-")


def _check_name(name: str) -> None:
    key = _key(name)
    if not key or len(name) > _LONGEST_NAME or name != name.strip() or not name.isprintable():
        raise XrayToCTError(
            f"{name!r} cannot be a preset's name.", hint=f"Use 1 to {_LONGEST_NAME} characters, one of them a letter."
        )
    if is_bundled(name):
        raise XrayToCTError(
            f"{name!r} is a preset that comes with XrayToCT: it cannot be replaced.", hint="Choose another name."
        )
    if key == NONE or key in {_key(filter) for filter in FILTERS}:
        raise XrayToCTError(f"{name!r} is the name of a filter, or of none.", hint="Choose another name.")
    if re.fullmatch(r"con|prn|aux|nul|com\d|lpt\d", key):  # Windows has no files of these names
        raise XrayToCTError(f"{name!r} cannot be a preset's name on every system.", hint="Choose another name.")


def _read_folder(folder: Path, problems: dict[Path, XrayToCTError], *, taken: set[str]) -> tuple[Pipeline, ...]:
    found: dict[str, Pipeline] = {}
    for file in _files(folder):
        try:
            pipeline = read_pipeline(file)
        except XrayToCTError as error:
            problems[file] = error
            continue
        key = _key(pipeline.name)
        if key in taken or key in found:
            problems[file] = XrayToCTError(
                f"{file} is a second preset called {pipeline.name!r}; the first is used.", hint="Rename one of them."
            )
        else:
            found[key] = pipeline
    return tuple(found[key] for key in sorted(found))


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix.lower() == SUFFIX and path.name[0] != ".")
    except OSError:  # the user's folder need not exist, nor be readable
        return []


def _file_of(name: str) -> Path | None:
    """The file of one of the user's presets, whatever it is called."""
    for file in _files(user_pipelines_folder()):
        try:
            if _key(read_pipeline(file).name) == _key(name):
                return file
        except XrayToCTError:
            continue
    return None


def _user_file(name: str) -> Path:
    file = _file_of(name)
    if file is None:
        own = ", ".join(preset.name for preset in presets().user) or "none"
        why = "comes with XrayToCT and stays as it is" if is_bundled(name) else "is not there"
        raise XrayToCTError(f"The preset {name!r} {why}.", hint=f"Presets of your own: {own}.")
    return file


def _remove(file: Path) -> None:
    try:
        file.unlink()
    except OSError as error:
        raise XrayToCTError(
            f"{file} cannot be removed: {error.strerror or error}.", hint="Check the folder."
        ) from error
