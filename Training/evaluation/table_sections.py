"""Sections of the report with the core table: bars, all predictors, paired differences, tissues."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from XrayToCTLib.fidelity import page
from XrayToCTLib.fidelity.tissues import TISSUES

from . import protocol
from .bars import bars
from .classical_baselines import AFFINE, MATCHED
from .figures import save_error_bars
from .records import Evaluation
from .ridge_baseline import RIDGE
from .rows import ALL, BODY, CENTRAL, FIELD, MEAN_CT, MODEL, NOTHING, Scope
from .table import Contestant, Table, interval_text, primary_scopes, ranked


def bars_section(evaluation: Evaluation, table: Table, remarks: Sequence[str] = ()) -> str:
    lines = [
        (bar.name, (bar.wanted, bar.measured, "reached" if bar.reached else "missed", bar.margin),
         "good" if bar.reached else "bad")
        for bar in bars(evaluation, table)
    ]  # fmt: skip
    return page.section(
        "What was wanted, what was reached",
        page.table(("wanted", "measured", "", "margin"), lines, numbers=False),
        page.paragraph(
            f"Model fed line integrals; mean of {len(evaluation.patients)} patients; 95 % intervals of paired "
            "differences in brackets.",
            soft=True,
        ),
        page.bullets(remarks) if remarks else "",
    )


def core_section(evaluation: Evaluation, table: Table, folder: Path) -> str:
    grid = evaluation.field.spacing
    scopes = primary_scopes(grid)
    order = ranked(table, scopes[0][1])
    lines = [(c.cell, [table.text(scope, c) for _, scope in scopes], row_style(c)) for c in order]
    whole = [(heading, Scope(s.metric, s.slabs, FIELD, grid)) for heading, s in scopes]
    whole = [(heading, scope) for heading, scope in whole if scope in table.scopes]
    whole_lines = [(c.cell, [table.text(scope, c) for _, scope in whole], row_style(c)) for c in order]
    coarse = [(f"{heading}", Scope(s.metric, s.slabs, BODY, 2 * grid)) for heading, s in scopes]
    coarse = [(heading, scope) for heading, scope in coarse if scope in table.scopes]
    coarse_lines = [(c.cell, [table.text(scope, c) for _, scope in coarse], row_style(c)) for c in order]
    meanings = [
        f"{metric}: {text}." for metric, text in protocol.METRIC_TEXTS.items() if not metric.startswith("power")
    ]
    t1, volume = scopes[0][1], scopes[1][1]
    figures = [
        page.figure(
            save_error_bars(folder / f"mae-{name}.png", table, scope, f"Body-masked MAE, {where}, {grid:g} mm grid"),
            f"Mean absolute error, {protocol.scope_text(scope.slabs, scope.mask, evaluation.field)}. Bars: mean; "
            f"lines: 95 % interval; marks: patients; pale bars: display-processed input.",
        )
        for name, scope, where in (("central", t1, "central slab"), ("all", volume, "all slabs"))
    ]
    return page.section(
        "All predictors in one table",
        page.paragraph(
            f"T1: {protocol.scope_text(CENTRAL, BODY, evaluation.field)}. All: "
            f"{protocol.scope_text(ALL, BODY, evaluation.field)}. {grid:g} mm grid, window -1024 to 1476 HU, "
            f"{len(evaluation.patients)} patients, 95 % intervals below the means.",
            soft=True,
        ),
        page.table([heading for heading, _ in scopes], lines),
        page.details("What the columns mean", page.bullets(meanings)),
        *figures,
        page.details("The same over the whole field", page.table([h for h, _ in whole], whole_lines)),
        page.details(
            f"The same on a {2 * grid:g} mm grid (averaged)", page.table([h for h, _ in coarse], coarse_lines)
        ),
    )


def row_style(contestant: Contestant) -> str:
    return "own" if contestant.predictor == MODEL else ""


def differences_section(evaluation: Evaluation, table: Table) -> str:
    grid = evaluation.field.spacing
    scopes = [
        (h, s) for h, s in primary_scopes(grid) if h in ("MAE T1", "MAE all", "PSNR-2500 T1", "gradient corr. T1")
    ]
    lines = []
    for fed in dict.fromkeys(c.input for c in table.contestants if c.predictor == MODEL):
        model = Contestant(MODEL, fed)
        for other in table.contestants:
            if other.predictor == MODEL or other.input not in (fed, NOTHING):
                continue
            cells: list[page.Cell] = []
            for _, scope in scopes:
                difference = table.difference(scope, model, other)
                cells.append(interval_text(difference, protocol.digits(scope.metric), sign=True) if difference else "")
            first = table.difference(scopes[0][1], model, other)
            better = first is not None and first.high < 0
            cells.append("better, clear of zero" if better else "not clear of zero")
            lines.append(((f"against {other.predictor}", fed), cells, "good" if better else "bad"))
    return page.section(
        "The model against each other predictor",
        page.table([*(heading for heading, _ in scopes), "MAE T1"], lines),
        page.paragraph(
            "Model minus the other, paired over patients, with 95 % intervals: an error below zero and a PSNR or "
            "gradient correlation above zero speak for the model. Body mask.",
            soft=True,
        ),
    )


def tissues_section(evaluation: Evaluation, table: Table) -> str:
    grid = evaluation.field.spacing
    heads = [f"{metric}, {tissue}" for tissue in TISSUES for metric in ("MAE", "ME")]
    columns = [(metric, tissue) for tissue in TISSUES for metric in ("MAE", "ME")]
    parts = []
    for slabs in (CENTRAL, ALL):
        lines = [
            (c.cell, [table.text(Scope(metric, slabs, tissue, grid), c) for metric, tissue in columns],
             row_style(c))
            for c in ranked(table, Scope("MAE", slabs, BODY, grid))
            if c.predictor in (*evaluation.labels, MEAN_CT, RIDGE, AFFINE, MATCHED)
        ]  # fmt: skip
        parts += [page.paragraph(f"{protocol.scope_text(slabs, 'tissue by tissue', evaluation.field)}, HU:"),
                  page.table(heads, lines)]  # fmt: skip
    last = protocol.sentences(evaluation.field, evaluation.patients, 0)
    words = next(sentence for sentence in last if sentence.startswith("Tissues"))
    return page.section("Error per tissue", *parts, page.paragraph(words, soft=True))
