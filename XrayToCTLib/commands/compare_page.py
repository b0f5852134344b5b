"""The page of ``xray-to-ct compare --report``: pictures, trust and model card beside the numbers."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import XrayToCTError
from .console import say

if TYPE_CHECKING:
    from ..ct_stack import CtStack
    from ..fidelity import FidelityReport
    from ..fidelity.report_trust import TrustFindings
    from ..models.card import ModelCard
    from ..radiograph import Radiograph


def write_page(
    path: Path,
    reports: Sequence[FidelityReport],
    stacks: Sequence[CtStack],
    *,
    title: str,
    files: Mapping[str, Path],
    reference: CtStack | None = None,
    radiograph: Radiograph | None = None,
) -> None:
    """Write the page of one or several candidates.

    Args:
        reports, stacks: of the candidates, in the same order.
        files: role -> path, listed with their hashes.
        reference: shown slab by slab where there is one on slabs.
        radiograph: the input of all candidates; with it, their re-projection is checked.
    """
    from ..fidelity.pictures import save_montage, save_radiograph
    from ..fidelity.report import write_report

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        pictures = []
        if radiograph is not None:
            pictures.append(("Radiograph", save_radiograph(folder / "radiograph.png", radiograph)))
        for number, (stack, report) in enumerate(zip(stacks, reports, strict=True)):
            name = report.candidate or "the stack"
            picture = save_montage(folder / f"{number}.png", stack, title=name)
            pictures.append((f"All slabs of {name}", picture))
        if reference is not None:
            picture = save_montage(folder / "reference.png", reference, title="Reference")
            pictures.append(("All slabs of the reference", picture))
        write_report(
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
    from ..models.registry import find_model

    cards = []
    for stack in stacks:
        if stack.card is not None:
            cards.append(stack.card)
            continue
        made = stack.provenance
        with contextlib.suppress(XrayToCTError):  # a model of another installation
            bundle = find_model(f"{made['model_id']}@{made['model_version']}") if "model_version" in made else None
            if bundle is not None and made.get("model_sha256") in (None, bundle.sha256):
                cards.append(bundle.card)
    return cards


def _findings(stack: CtStack, radiograph: Radiograph | None) -> TrustFindings | None:
    from ..trust.check import trust

    if radiograph is None:
        return None
    try:
        return trust(stack, radiograph, perturb=False)
    except XrayToCTError as error:
        say(f"Trust was not checked: {error}")
        return None
