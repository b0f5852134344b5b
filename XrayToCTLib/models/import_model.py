"""Importing a model: a bundle from a folder, an archive or an address into the user's own models."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from ..errors import XrayToCTError
from ..progress import ImportCancelled, ProgressCallback, report
from ..readers.identity import file_sha256
from .archive import LARGEST_BYTES, unpack_model
from .bundle import Bundle, _move_into_place, load_bundle
from .card import CARD_FILE, ModelCard
from .download import check_url, download, forget, is_url
from .registry import catalogue, user_models_folder

_DOWNLOADS = ".downloads"  # hidden: the registry passes over it
_KEPT_S = 7 * 24 * 3600.0
_WHERE = "Give a model's folder, its .zip file, or an https address of that file."


def import_model(
    path_or_url: str | Path,
    *,
    sha256: str | None = None,
    overwrite: bool = False,
    try_weights: bool = True,
    progress: ProgressCallback | None = None,
) -> ModelCard:
    """Install a model, all or nothing. Everything in it is checked against the hashes on its card, and no code of it
    is ever run.

    Args:
        path_or_url: a bundle's folder, a .zip of one, or an https address of such a .zip.
        sha256: that the .zip, or the folder's card.json, must have; hexadecimal.
        overwrite: replace another model of the same id and version among the user's own.
        try_weights: also fill the network with the weights, where torch is installed.
        progress: called with (fraction, phase); returning False cancels. A download is kept to be gone on with.

    Returns:
        The card of the model, which ``models`` lists from now on. A model that is there already is left as it is.

    Raises:
        ImportCancelled: ``progress`` returned False.
        XrayToCTError: nothing there, no https, a SHA-256 that differs, an archive or a bundle that is broken, another
            model of that name, or a folder that cannot be written.
    """
    if sha256 is not None and (len(sha256) != 64 or set(sha256.lower()) - set("0123456789abcdef")):
        raise XrayToCTError(f"{sha256!r} is no SHA-256.", hint="Give its 64 hexadecimal digits, or none.")
    report(progress, 0.0, "looking for the model", cancelled=ImportCancelled)
    root = user_models_folder()
    text = str(path_or_url)
    if is_url(text):
        check_url(text)
    elif not Path(text).expanduser().exists():
        raise XrayToCTError(f"There is no {text}.", hint=_WHERE)
    try:
        root.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".import-", dir=root))
    except OSError as error:
        raise _unwritable(root, error) from error
    try:
        if is_url(text):
            _from_address(text, work, sha256, progress)
        elif Path(text).expanduser().is_dir():
            _from_folder(Path(text).expanduser(), work, sha256, progress)
        else:
            _from_archive(Path(text).expanduser(), work, sha256, _share(progress, 0.0, 0.9, "unpacking"))
        report(progress, 0.9, "checking the model", cancelled=ImportCancelled)
        return _install(_checked(work, try_weights=try_weights), root, overwrite=overwrite)
    except OSError as error:
        raise _unwritable(root, error) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _from_address(url: str, work: Path, sha256: str | None, progress: ProgressCallback | None) -> None:
    downloads = work.parent / _DOWNLOADS
    downloads.mkdir(exist_ok=True)
    for old in downloads.iterdir():
        if time.time() - old.stat().st_mtime > _KEPT_S:
            old.unlink(missing_ok=True)

    def note(there: int, total: int | None) -> None:
        fraction = there / total if total else 0.5
        size = f"{there / 2**20:.1f}" + (f" of {total / 2**20:.1f}" if total else "")
        report(progress, 0.8 * fraction, f"downloading, {size} MiB", cancelled=ImportCancelled)

    archive = download(url, downloads, note)
    try:
        _from_archive(archive, work, sha256, _share(progress, 0.8, 0.9, "unpacking"))
    except ImportCancelled:
        raise
    except XrayToCTError:
        forget(archive)  # whole, and wrong: nothing to go on with
        raise
    forget(archive)


def _from_archive(archive: Path, work: Path, sha256: str | None, note: Callable[[float], None]) -> None:
    _check_sha256(archive, sha256)
    unpack_model(archive, work, note)


def _from_folder(folder: Path, work: Path, sha256: str | None, progress: ProgressCallback | None) -> None:
    if not (folder / CARD_FILE).is_file():
        raise XrayToCTError(f"{folder} is not a model: it has no {CARD_FILE}.", hint=_WHERE)
    _check_sha256(folder / CARD_FILE, sha256)
    card = load_bundle(folder).card
    names = sorted(_own_files(card))  # what else lies there is none of the model's
    if sum((folder / name).stat().st_size for name in names) > LARGEST_BYTES:
        raise XrayToCTError(f"{folder} holds more than 4 GiB: no model is that large.", hint=_WHERE)
    for index, name in enumerate(names):
        report(progress, 0.9 * index / len(names), f"copying {name}", cancelled=ImportCancelled)
        (work / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(folder / name, work / name)


def _check_sha256(path: Path, expected: str | None) -> None:
    if expected is not None and file_sha256(path) != expected.lower():
        raise XrayToCTError(
            f"{path.name} is not the file that was asked for: its SHA-256 differs.",
            hint="Download it again, or check the SHA-256 that you gave.",
        )


def _checked(work: Path, *, try_weights: bool) -> Bundle:
    """The bundle in the working folder, whose files are those of its card and no others."""
    card = load_bundle(work).card
    own = _own_files(card)
    for path in [path for path in work.rglob("*") if path.is_file()]:
        if path.relative_to(work).as_posix() not in own:
            path.unlink()
    for folder in [path for path in work.iterdir() if path.is_dir() and not any(path.iterdir())]:
        folder.rmdir()
    bundle = load_bundle(work)
    if not try_weights:
        return bundle
    try:
        import torch  # noqa: F401 - only to know whether the weights can be tried
    except (ImportError, OSError):
        return bundle
    bundle.load_network()
    return bundle


def _own_files(card: ModelCard) -> set[str]:
    """The files of a bundle, as paths within it."""
    variants = {f"{name}/{file}" for name, variant in card.variants.items() for file in variant.files}
    return {CARD_FILE, *card.files, *variants}


def _install(bundle: Bundle, root: Path, *, overwrite: bool) -> ModelCard:
    card = bundle.card
    folder = root / f"{card.id}-{card.version}"
    for other in catalogue().bundles:
        if other.card.name != card.name:
            continue
        if other.sha256 == bundle.sha256:
            return other.card
        if not overwrite or other.folder.parent != root:
            own = other.folder.parent == root
            hint = "Allow overwriting to replace it." if own else "It came with XrayToCT and is not replaced."
            raise XrayToCTError(f"There is another model called {card.name} in {other.folder}.", hint=hint)
        folder = other.folder
    bundle.folder.chmod(0o755)  # mkdtemp makes it private, a model is not
    _move_into_place(bundle.folder, folder)
    return load_bundle(folder).card


def _share(progress: ProgressCallback | None, start: float, end: float, phase: str) -> Callable[[float], None]:
    return lambda fraction: report(progress, start + (end - start) * fraction, phase, cancelled=ImportCancelled)


def _unwritable(root: Path, error: OSError) -> XrayToCTError:
    return XrayToCTError(
        f"The model cannot be put into {root} ({error.strerror or error}).",
        hint="Check free space and permissions, or set XRAYTOCT_MODELS to another folder.",
    )
