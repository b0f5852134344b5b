"""Batch report: one page over many cases: distributions, the worst cases with pictures, and what failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from itertools import groupby
from pathlib import Path

from ..errors import XrayToCTError
from ..version import __version__
from ..whole_file import write_whole
from . import page
from .batch_compare import CaseResult, Comparer, compare_stacks
from .batch_plots import distribution_plot
from .comparison_pictures import comparison_pictures
from .distributions import Distribution, distributions
from .report_provenance import files_section, software_facts

_WORST = 3  # cases with pictures
_PRIMARY = "MAE"


def write_batch_report(
    path: str | Path,
    results: Sequence[CaseResult],
    *,
    title: str,
    files: Mapping[str, str | Path] | None = None,
    comparer: Comparer = compare_stacks,
) -> Path:
    """Write the page; returns its path.

    Args:
        path: ends in .html.
        results: of ``compare_cases``.
        files: role -> path, listed with size and SHA-256: the table of cases, as a rule.
        comparer: as for ``compare_cases``; makes the pictures of the worst cases.

    Raises:
        XrayToCTError: every case failed, another suffix, or the page cannot be written.
    """
    page.check_page_name(path)
    found = distributions(results)
    if not found:
        reason = next((result.error for result in results if result.failed), "there is none")
        raise XrayToCTError(f"No case could be compared: {reason}", hint="Mend the cases and start again.")
    failed = [result for result in results if result.failed]
    cases = {result.case.name for result in results if not result.failed}
    made = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    scopes = list(dict.fromkeys(item.scope for item in found))
    groups = _by_metric(found)
    body = [
        page.paragraph(
            f"Made by XrayToCT {__version__}, {made}. {len(cases)} cases compared, {len(failed)} comparisons failed. "
            "HU are estimated by a model.",
            soft=True,
        ),
        _failures(failed),
        page.section(
            "Fidelity over cases",
            _summary(found, scopes[0]),
            page.paragraph(
                "Mean over cases with its 95 % percentile-bootstrap interval (cases are drawn), median with quartiles, "
                "worst case. The best mean of a line is marked where all candidates have the same cases.",
                soft=True,
            ),
            page.details("The other slabs and regions", *(_summary(found, scope) for scope in scopes[1:]))
            if len(scopes) > 1
            else "",
        ),
        page.section(
            "Distributions",
            page.figures(
                page.figure(plot.png, plot.caption, alternative=plot.alternative)
                for plot in (distribution_plot(group) for group in groups if group[0].scope == scopes[0])
            ),
        ),
        _worst(found, results, comparer),
        _every_case(found, scopes[0]),
        page.section("Protocol", *(page.paragraph(text) for text in dict.fromkeys(_protocols(results)))),
        page.section("Provenance", files_section(files) if files else "", page.facts(software_facts())),
    ]
    return write_whole(path, page.page(title, body))


def _by_metric(found: Sequence[Distribution]) -> list[list[Distribution]]:
    def key(item: Distribution) -> tuple[str, str, str, str]:
        return item.metric, item.variant, item.slabs, item.region

    return [list(group) for _, group in groupby(found, key)]  # the candidates of a metric follow each other


def _summary(found: Sequence[Distribution], scope: tuple[str, str]) -> str:
    groups = [group for group in _by_metric(found) if group[0].scope == scope]
    names = list(dict.fromkeys(item.candidate for group in groups for item in group))
    lines = []
    for group in groups:
        by_name = {item.candidate: item for item in group}
        best = _best(group)
        for number, (heading, text) in enumerate(
            (("mean", _mean_text), ("median", _median_text), ("worst", _worst_text))
        ):
            cells: list[page.Cell] = []
            for name in names:
                item = by_name.get(name)
                words = text(item) if item else "–"
                cells.append(page.Best(words) if number == 0 and name == best else words)
            first = (group[0].metric, group[0].variant) if number == 0 and group[0].variant else group[0].metric
            label = first if number == 0 else f"{group[0].metric}, {heading}"
            lines.append((label, cells, "own" if number == 0 else ""))
    return page.table(
        [name or "result" for name in names], lines, caption=f"{scope[0]}, {scope[1]}".capitalize(), first="metric"
    )


def _best(group: Sequence[Distribution]) -> str | None:
    cost = {"lower": lambda v: v, "higher": lambda v: -v, "zero": abs}.get(group[0].better)
    if cost is None or len(group) < 2 or len({frozenset(item.values) for item in group}) > 1:
        return None
    costs = {item.candidate: cost(item.mean.mean) for item in group}
    least = min(costs.values())
    return next(name for name, value in costs.items() if value == least) if max(costs.values()) > least else None


def _mean_text(item: Distribution) -> str:
    interval = item.mean
    if not interval.low <= interval.high:  # NaN: a single case has no interval
        return item.text(interval.mean)
    return f"{item.text(interval.mean)} [{_bare(item, interval.low)}, {_bare(item, interval.high)}]"


def _median_text(item: Distribution) -> str:
    low, middle, high = item.quartiles
    return f"{item.text(middle)} ({_bare(item, low)} to {_bare(item, high)})"


def _worst_text(item: Distribution) -> str:
    case = item.worst_first[0]
    return f"{item.text(item.values[case])} ({case})" if item.better else "–"


def _bare(item: Distribution, value: float) -> str:
    return item.text(value).removesuffix(f" {item.unit}")


def _failures(failed: Sequence[CaseResult]) -> str:
    sentences = [
        f"{result.case.name}{f', {result.case.candidate}' if result.case.candidate else ''}: {result.error}"
        for result in failed
    ]
    return page.section("What could not be compared", page.bullets(sentences, style="warnings"))


def _worst(found: Sequence[Distribution], results: Sequence[CaseResult], comparer: Comparer) -> str:
    """Pictures of the worst cases of each candidate by the primary metric in the first scope."""
    parts = []
    for item in (
        item for item in found if item.scope == found[0].scope and item.metric == _PRIMARY and not item.variant
    ):
        for rank, name in enumerate(item.worst_first[:_WORST], 1):
            case = next(r.case for r in results if (r.case.name, r.case.candidate) == (name, item.candidate))
            report = comparer(case)
            who = f"{case.name}, {case.candidate}" if case.candidate else case.name
            parts.append(page.subheading(f"{rank}. {who}: {item.metric} {item.text(item.values[name])}"))
            parts.append(
                page.figures(
                    page.figure(picture.png, picture.caption, alternative=picture.alternative)
                    for picture in comparison_pictures(report, name=who)
                )
            )
    return page.section("The worst cases", *parts)


def _every_case(found: Sequence[Distribution], scope: tuple[str, str]) -> str:
    items = [item for item in found if item.scope == scope]
    candidates = list(dict.fromkeys(item.candidate for item in items))
    tables = []
    for candidate in candidates:
        columns = [item for item in items if item.candidate == candidate]
        cases = sorted({case for item in columns for case in item.values})
        tables.append(
            page.table(
                [" ".join(filter(None, (item.metric, item.variant))) for item in columns],
                [
                    (case, [item.text(item.values[case]) if case in item.values else "–" for item in columns], "")
                    for case in cases
                ],
                first="case",
                caption=f"Every case{f' of {candidate}' if candidate else ''}: {scope[0]}, {scope[1]}",
            )
        )
    return page.section("Every case", page.details("The numbers of each case", *tables))


def _protocols(results: Sequence[CaseResult]) -> list[str]:
    sentences = [result.protocol for result in results if result.protocol]
    alignments = sorted({result.alignment for result in results if result.protocol})
    if len(alignments) == 1:
        return [*sentences, f"Alignment of all cases: {alignments[0]}."]
    return [*sentences, "Each case was aligned on its own; the CSV file holds what was done."]
