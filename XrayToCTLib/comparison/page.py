"""The page of a comparison: pictures, trust and model cards beside the numbers."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..alignment.reference_volume import ReferenceVolume
from ..ct_stack import CtStack
from ..errors import XrayToCTError
from ..fidelity import FidelityReport
from ..fidelity.pictures import save_montage, save_radiograph
from ..fidelity.report import write_report
from ..fidelity.report_trust import TrustFindings
from ..models.card import ModelCard, model_name
from ..models.registry import find_model
from ..radiograph import Radiograph
from ..trust.check import trust
from .request import VolumeReference


def write_page(
    path: Path,
    reports: Sequence[FidelityReport],
    candidates: Sequence[CtStack | Radiograph],
    *,
    title: str,
    files: Mapping[str, Path] | None = None,
    reference: CtStack | Radiograph | VolumeReference | ReferenceVolume | None = None,
    radiograph: Radiograph | None = None,
) -> Path:
    """Write the page of one or several candidates; returns its path.

    Args:
        reports, candidates: in the same order.
        files: role -> path, listed with their hashes.
        reference: shown slab by slab where it has slabs.
        radiograph: the input of all candidates; with it, their re-projection is checked.

    Raises:
        XrayToCTError: as ``write_report``.
    """
    stacks = [image for image in candidates if isinstance(image, CtStack)]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        pictures = []
        if radiograph is not None:
            pictures.append(("Radiograph", save_radiograph(folder / "radiograph.png", radiograph)))
        for number, (image, report) in enumerate(zip(candidates, reports, strict=True)):
            name = report.candidate or "the stack"
            if isinstance(image, CtStack):
                picture = save_montage(folder / f"{number}.png", image, title=name)
                pictures.append((f"All slabs of {name}", picture))
        if isinstance(reference, CtStack):
            picture = save_montage(folder / "reference.png", reference, title="Reference")
            pictures.append(("All slabs of the reference", picture))
        return write_report(
            path,
            title=title,
            pictures=pictures,
            report=reports,
            radiograph=radiograph,
            stack=stacks,
            card=_cards(stacks),
            files=files,
            trust=[_findings(stack, radiograph) for stack in stacks],
        )


def _cards(stacks: Sequence[CtStack]) -> list[ModelCard]:
    """The cards of the models that made the stacks, as far as they are installed here as they were then."""
    cards = []
    for stack in stacks:
        if stack.card is not None:
            cards.append(stack.card)
            continue
        made = stack.provenance
        with contextlib.suppress(XrayToCTError):  # a model of another installation
            name = model_name(*(made.get(f"model_{part}", "") for part in ("id", "version", "variant")))
            bundle = find_model(name) if "model_version" in made else None
            if bundle is not None and made.get("model_sha256") in (None, bundle.sha256):
                cards.append(bundle.card)
    return cards


def _findings(stack: CtStack, radiograph: Radiograph | None) -> TrustFindings | None:
    if radiograph is None:
        return None
    try:
        return trust(stack, radiograph, perturb=False)
    except XrayToCTError:  # the stack is not this radiograph's: then there is nothing to say about trust
        return None
