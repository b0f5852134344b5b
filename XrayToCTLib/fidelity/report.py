"""report: one self-contained HTML page, to look at and to send on; a colleague can repeat the comparison from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..ct_stack import CtStack
from ..models.card import ModelCard
from ..radiograph import Radiograph
from ..version import __version__
from ..whole_file import write_whole
from . import page
from .candidate_table import candidate_names
from .comparison_pictures import comparison_pictures
from .comparison_plots import comparison_plots
from .fidelity_report import FidelityReport
from .illustration import Illustration
from .report_alignment import alignment_section
from .report_metrics import metrics_section
from .report_provenance import model_sections, provenance_section
from .report_trust import TrustFindings, trust_section


def write_report(
    path: str | Path,
    *,
    title: str,
    pictures: Sequence[tuple[str, str | Path]] = (),
    report: FidelityReport | Sequence[FidelityReport] | None = None,
    radiograph: Radiograph | None = None,
    stack: CtStack | Sequence[CtStack] | None = None,
    card: ModelCard | Sequence[ModelCard] | None = None,
    extra: Mapping[str, str] | None = None,
    files: Mapping[str, str | Path] | None = None,
    trust: Sequence[TrustFindings | None] = (),
) -> Path:
    """Write the page; returns its path.

    Args:
        path: ends in .html.
        title: heading of the page.
        pictures: (caption, PNG file), in the order of the page.
        report: the metrics, shown with their protocol; several are candidates against one reference, side by side. Of
            reports that hold their images, difference and SSIM maps and plots are shown.
        radiograph, stack: the provenance and warnings of each are shown; a stack a report where there are several.
        card: the models; those of the stacks when None.
        extra: heading -> paragraph, shown below the pictures: what the page should say about its sample.
        files: role -> path of what was compared, listed with size and SHA-256.
        trust: what ``XrayToCTLib.trust`` found, one a stack; None where a stack was not checked.

    Raises:
        XrayToCTError: a picture is missing or no PNG, another suffix, or the page cannot be written.
    """
    page.check_page_name(path)
    reports = _several(report, FidelityReport)
    stacks = _several(stack, CtStack)
    cards = _several(card, ModelCard) or [each.card for each in stacks if each.card is not None]
    names = candidate_names(reports) if len(reports) == len(stacks) else [""] * len(stacks)
    made = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    estimated = " HU are estimated by a model." if stacks else ""
    return write_whole(
        path,
        page.page(
            title,
            [
                page.paragraph(f"Made by XrayToCT {__version__}, {made}.{estimated}", soft=True),
                trust_section(radiograph, stacks, names, trust),
                page.section("Pictures", page.figures(page.figure(file, caption) for caption, file in pictures)),
                *(page.section(heading, page.paragraph(text)) for heading, text in (extra or {}).items()),
                metrics_section(reports),
                alignment_section(reports),
                _where_they_differ(reports),
                page.section("Plots", _illustrations(comparison_plots(reports))),
                provenance_section(radiograph, stacks, names, files or {}),
                model_sections(cards),
            ],
        ),
    )


def _several(given: Any, kind: type) -> list[Any]:
    if given is None:
        return []
    return [given] if isinstance(given, kind) else list(given)


def _where_they_differ(reports: Sequence[FidelityReport]) -> str:
    parts = []
    for report, name in zip(reports, candidate_names(reports), strict=True):
        if len(reports) > 1:
            parts.append(page.subheading(name))
        parts.append(_illustrations(comparison_pictures(report, name=name)))
    return page.section("Where they differ", *parts)


def _illustrations(illustrations: Sequence[Illustration]) -> str:
    return page.figures(page.figure(item.png, item.caption, alternative=item.alternative) for item in illustrations)
