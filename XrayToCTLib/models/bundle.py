"""Bundle: a model as a folder of card.json, weights.safetensors, LICENSE.txt, CREDITS.txt and perhaps network.onnx,
gate.safetensors and preview.png; each variant has weights.safetensors and network.onnx in a folder of its name.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import XrayToCTError
from .card import CARD_FILE, GRAPH_FILE, WEIGHTS_FILE, ModelCard
from .gate_file import GateParameters, read_gate
from .weights import load_network, write_tensors

if TYPE_CHECKING:
    import torch

_WEIGHT_SUFFIXES = frozenset(
    {".safetensors", ".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle", ".onnx", ".h5", ".npz"}
)
_HINT = "Export or download the model again."


@dataclass(frozen=True, slots=True)
class Bundle:
    """A folder whose files were checked against its card.

    Attributes:
        folder: absolute path; of a variant its own, within the bundle.
        card: the parsed card.json; of a variant ``ModelCard.of_variant``.
        sha256: of card.json. The card lists the SHA-256 of every other file, so it stands for the whole bundle. Of a
            variant: of that, a colon and the variant's name.
        gate: what ordinary inputs look like; None for a model that does not judge its inputs.
    """

    folder: Path
    card: ModelCard
    sha256: str
    gate: GateParameters | None = None

    def load_network(self) -> torch.nn.Module:
        """The network with its weights, float32, CPU, eval mode. Raises as ``weights.load_network``."""
        return load_network(self.card, self.folder / WEIGHTS_FILE)

    def of_variant(self, name: str) -> Bundle:
        """A variant, as a model of its own.

        Raises:
            XrayToCTError: the model has none of that name.
        """
        if name not in self.card.variants:
            raise XrayToCTError(
                f"The model {self.card.name} has no variant {name!r}.",
                hint=f"It has: {', '.join(self.card.variants) or 'none'}.",
            )
        digest = hashlib.sha256(f"{self.sha256}:{name}".encode()).hexdigest()
        return Bundle(self.folder / name, self.card.of_variant(name), digest, self.gate)


# Hashing 16 MB at every call would cost a tenth of a warm translation: a bundle that was checked is kept until the
# size or the time stamp of one of its files changes.
_checked: dict[Path, tuple[tuple[tuple[str, int, int], ...], Bundle]] = {}


def load_bundle(folder: str | Path) -> Bundle:
    """Open a bundle, or one of its variants by its folder within it, and check every file that the card lists.

    Raises:
        XrayToCTError: no such folder or card, a card that breaks the schema, a file that is missing or whose SHA-256
            differs, weights that the card does not list, or a gate that cannot be one.
    """
    folder = Path(folder).expanduser().absolute()
    if not (folder / CARD_FILE).is_file() and (folder.parent / CARD_FILE).is_file():
        return load_bundle(folder.parent).of_variant(folder.name)
    if not (folder / CARD_FILE).is_file():
        raise XrayToCTError(
            f"{folder} is not a model: it has no {CARD_FILE}.", hint="Choose the folder that holds card.json."
        )
    signature = _signature(folder)
    if folder in _checked and _checked[folder][0] == signature:
        return _checked[folder][1]
    try:
        content = (folder / CARD_FILE).read_bytes()
        text = content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise XrayToCTError(f"{folder / CARD_FILE} cannot be read ({error}).", hint=_HINT) from error
    card = ModelCard.from_json(text, source=str(folder / CARD_FILE))
    if card.variant:
        raise XrayToCTError(f"{folder / CARD_FILE} describes a variant alone.", hint=_HINT)
    _check_files(folder, card.name, card.files)
    for name, variant in card.variants.items():
        _check_files(folder / name, f"{card.name}:{name}", variant.files)
    gate = read_gate(folder / card.gate.file) if card.gate else None
    bundle = Bundle(folder, card, hashlib.sha256(content).hexdigest(), gate)
    _checked[folder] = (signature, bundle)
    return bundle


def write_bundle(
    folder: str | Path,
    card_without_files: ModelCard | Mapping[str, Any],
    state_dict: Mapping[str, torch.Tensor],
    extra_files: Mapping[str, str | bytes | Path],
    *,
    overwrite: bool = False,
) -> Bundle:
    """Write a bundle, all or nothing: into a temporary folder beside ``folder`` that is renamed when it is whole.

    Args:
        folder: where the bundle will be.
        card_without_files: the card; its ``files`` are computed here.
        state_dict: the network's weights; written as float16.
        extra_files: name -> text, bytes, or a file to copy. LICENSE.txt and CREDITS.txt are required.
        overwrite: replace a bundle that is there.

    Raises:
        XrayToCTError: the folder exists, the card breaks the schema, or the weights do not fit its architecture.
    """
    folder = Path(folder).expanduser().absolute()
    if folder.exists() and not overwrite:
        raise XrayToCTError(f"{folder} exists already.", hint="Choose another folder, or allow overwriting.")
    record = card_without_files.to_record() if isinstance(card_without_files, ModelCard) else dict(card_without_files)
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        work.chmod(0o755)  # mkdtemp makes it private, a model is not
        write_tensors(work / WEIGHTS_FILE, state_dict)
        for name, content in extra_files.items():
            _write_file(work, name, content)
        record["files"] = {path.name: _sha256(path) for path in sorted(work.iterdir())}
        card = ModelCard.from_record(record)
        (work / CARD_FILE).write_text(card.to_json(), encoding="utf-8")
        load_bundle(work).load_network()  # nothing that does not load again gets the name
        _checked.pop(work, None)
        _move_into_place(work, folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return load_bundle(folder)


def write_variant(
    folder: str | Path,
    name: str,
    variant_without_files: Mapping[str, Any],
    state_dict: Mapping[str, torch.Tensor],
    graph: bytes | None = None,
) -> Bundle:
    """Add a variant to a bundle, or replace the one of that name, all or nothing.

    Args:
        folder: of the bundle.
        name: of the variant.
        variant_without_files: description, architecture, multiple and fidelity, as the card's schema has them.
        state_dict: the network's weights; written as float16.
        graph: its ONNX graph, which points into those weights.

    Returns:
        The variant.

    Raises:
        XrayToCTError: there is no such bundle, the card would break its schema, or the weights do not fit.
    """
    base = load_bundle(folder)
    record = base.card.to_record()
    work = Path(tempfile.mkdtemp(prefix=f".{base.folder.name}-", dir=base.folder.parent))
    try:
        shutil.copytree(base.folder, work, dirs_exist_ok=True, ignore=_top_folder(base.folder, name))
        own = work / name
        if own.parent != work or name in base.card.files:
            raise XrayToCTError(f"{name!r} cannot be a variant's name.", hint="Use a plain word, such as fast.")
        own.mkdir()
        write_tensors(own / WEIGHTS_FILE, state_dict)
        if graph is not None:
            (own / GRAPH_FILE).write_bytes(graph)
        files = {path.name: _sha256(path) for path in sorted(own.iterdir())}
        variants = {**record.get("variants", {}), name: {**variant_without_files, "files": files}}
        card = ModelCard.from_record({**record, "variants": variants})
        (work / CARD_FILE).write_text(card.to_json(), encoding="utf-8")
        load_bundle(own).load_network()  # nothing that does not load again gets the name
        _checked.pop(work, None)
        _move_into_place(work, base.folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return load_bundle(base.folder).of_variant(name)


def _top_folder(folder: Path, name: str) -> Callable[[str, list[str]], list[str]]:
    """For copytree: leave out the folder ``name`` in ``folder`` itself."""
    return lambda where, names: [name] if Path(where) == folder and name in names else []


def _check_files(folder: Path, model: str, files: Mapping[str, str]) -> None:
    for name, expected in files.items():
        path = folder / name
        if not path.is_file():
            raise XrayToCTError(f"The model {model} lacks the file {path}.", hint=_HINT)
        if _sha256(path) != expected:
            raise XrayToCTError(
                f"{path} is not the file that the card of {model} describes: its SHA-256 differs.", hint=_HINT
            )
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in _WEIGHT_SUFFIXES and path.name not in files:
            raise XrayToCTError(
                f"{path} is a weights file that the card of {model} does not list.",
                hint="Remove it, or export the model again.",
            )


def _signature(folder: Path) -> tuple[tuple[str, int, int], ...]:
    stats = [(path.relative_to(folder).as_posix(), path.stat()) for path in sorted(folder.rglob("*"))]
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _write_file(folder: Path, name: str, content: str | bytes | Path) -> None:
    target = folder / name
    if target.parent != folder or name in (CARD_FILE, WEIGHTS_FILE):
        raise XrayToCTError(
            f"{name!r} cannot be a further file of a model.", hint="Use a plain file name, such as LICENSE.txt."
        )
    if isinstance(content, Path):
        try:
            content = content.read_bytes()
        except OSError as error:
            raise XrayToCTError(f"{name} cannot be copied ({error}).", hint="Check the path.") from error
    target.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


def _move_into_place(work: Path, folder: Path) -> None:
    if not folder.exists():
        work.rename(folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
    folder.replace(old / folder.name)
    try:
        work.rename(folder)
    except OSError:
        (old / folder.name).rename(folder)  # put the old one back: never leave nothing
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)
