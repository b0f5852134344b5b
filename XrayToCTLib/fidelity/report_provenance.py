"""Report, provenance: from what, with what and by which model the numbers came about."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ..ct_stack import CtStack
from ..errors import XrayToCTError
from ..models.card import MeasuredFidelity, ModelCard, TrainingData
from ..radiograph import Radiograph
from ..version import __version__
from . import page
from .report_trust import is_check

_PACKAGES = ("numpy", "SimpleITK", "opencv-python-headless", "torch", "onnxruntime", "openvino")
_CHUNK = 1 << 20


def files_section(files: Mapping[str, str | Path]) -> str:
    """Role, name, size and SHA-256 of each file, so that a colleague knows that theirs are the same.

    Args:
        files: role -> path. The page shows the names alone: it is sent on, and folders name users, and patients.

    Raises:
        XrayToCTError: a file cannot be read.
    """
    lines = []
    for role, given in files.items():
        path = Path(given)
        try:
            size, digest = _size_and_sha256(path)
        except OSError as error:
            raise XrayToCTError(
                f"{path} could not be read: {error.strerror or error}.",
                hint="The report names the files it is made of.",
            ) from error
        shown = f"{path.name} ({len(_files_of(path))} files)" if path.is_dir() else path.name
        lines.append((role, [shown, f"{size:,} bytes".replace(",", " "), digest], ""))
    return page.table(
        ["file", "size", "SHA-256"], lines, first="role", caption="Files", numbers=[False, True, False], style="files"
    )


def provenance_section(
    radiograph: Radiograph | None, stacks: Sequence[CtStack], names: Sequence[str], files: Mapping[str, str | Path]
) -> str:
    """Files, radiograph, stacks and software."""
    parts = [files_section(files)] if files else []
    if radiograph is not None:
        parts += [page.subheading("Radiograph"), page.facts(_radiograph_facts(radiograph))]
    if len(stacks) == 1:
        parts += [page.subheading("Stack"), page.facts(_stack_facts(stacks[0]))]
    else:
        parts += [
            page.details(f"Stack {number}: {name}" if name else f"Stack {number}", page.facts(_stack_facts(stack)))
            for number, (stack, name) in enumerate(zip(stacks, names, strict=True), 1)
        ]
    if parts:
        parts += [page.subheading("Software"), page.facts(software_facts())]
    return page.section("Provenance", *parts)


def model_sections(cards: Iterable[ModelCard]) -> str:
    """One section a model, each once."""
    return "\n".join(_model(card) for card in {card.name: card for card in cards}.values())


def name_alone(text: str) -> str:
    """A file without its folders: the page is sent on, and folders name users and sometimes patients."""
    return Path(text).name if Path(text).is_absolute() else text


def _files_of(path: Path) -> list[Path]:
    return sorted(item for item in path.rglob("*") if item.is_file()) if path.is_dir() else [path]


def _size_and_sha256(path: Path) -> tuple[int, str]:
    """Of a file; of a folder, the SHA-256 of the SHA-256 (hexadecimal) of its files in the order of their names."""
    digests, size = [], 0
    for file in _files_of(path):
        digest = hashlib.sha256()
        with file.open("rb") as stream:
            while block := stream.read(_CHUNK):
                digest.update(block)
                size += len(block)
        digests.append(digest.hexdigest())
    return size, digests[0] if not path.is_dir() else hashlib.sha256("".join(digests).encode()).hexdigest()


def _radiograph_facts(radiograph: Radiograph) -> dict[str, str]:
    rows, cols = radiograph.shape
    return {
        "radiograph": name_alone(radiograph.source),
        "identity": radiograph.identity,
        "modality": radiograph.modality,
        "view": radiograph.view.value if radiograph.view is not None else "not stated",
        "pixels": f"{rows} x {cols}, {radiograph.frames} frame{'s' if radiograph.frames > 1 else ''}",
        "spacing": f"{radiograph.spacing[0]:.4g} x {radiograph.spacing[1]:.4g} mm ({radiograph.spacing_source.value})",
        "intensities": radiograph.scale.value.lower().replace("_", " "),
        "reading": " ".join(radiograph.history),
    }


def _stack_facts(stack: CtStack) -> dict[str, str]:
    rows, cols = stack.hu.shape[1:]
    facts = {
        "slabs": f"{stack.slabs} slabs of {stack.slab_thickness:g} mm, {stack.view.value} view",
        "pixels": f"{rows} x {cols} at {stack.spacing[0]:.4g} x {stack.spacing[1]:.4g} mm",
    }
    made = {key: value for key, value in stack.provenance.items() if not is_check(key)}
    return facts | {key.replace("_", " "): name_alone(value) for key, value in made.items()}


def software_facts() -> dict[str, str]:
    """Name -> version of what computed the numbers."""
    found = {"XrayToCT": __version__, "Python": platform.python_version(), "system": platform.platform(terse=True)}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _model(card: ModelCard) -> str:
    low, high = card.output.window_hu
    facts = {
        "model": f"{card.id} {card.version}",
        "translates": f"{card.source_modality} to {card.target_modality}, {card.anatomy}, "
        f"{' or '.join(view.value for view in card.views)} view",
        "network": card.architecture.name,
        "grid": f"{card.grid.spacing_mm[0]:g} x {card.grid.spacing_mm[1]:g} mm, {card.slabs.count} slabs of "
        f"{card.slabs.thickness_mm:g} mm",
        "HU window": f"{low:g} to {high:g}",
        "licence": card.licence,
    }
    return page.section(
        f"The model {card.name}",
        page.subheading(card.title),
        page.paragraph(card.description),
        page.facts(facts),
        page.subheading("Limits"),
        page.bullets(card.limits),
        page.table(
            ["value", "protocol"],
            [(row.metric, [_measured(row), row.protocol], "") for row in card.fidelity],
            first="metric",
            caption=f"Measured fidelity of {card.name}, stated by its author",
            numbers=[True, False],
            style="rows",
        ),
        page.subheading("Training data, licences, credits"),
        f"<ul>{''.join(_credit(data) for data in card.training_data)}</ul>",
    )


def _measured(row: MeasuredFidelity) -> str:
    interval = f" [{row.interval95[0]:g}, {row.interval95[1]:g}]" if row.interval95 is not None else ""
    return f"{row.value:g}{interval} {row.unit}".strip()


def _credit(data: TrainingData) -> str:
    name = page.web_link(data.name, data.url)  # the address is the card author's, not ours
    return f"<li>{name}, {data.patients} patients, {page.text(data.licence)}. {page.text(data.credit)}</li>"
