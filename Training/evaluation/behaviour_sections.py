"""Sections of the report on how a model behaves: detail, lesions, robustness, cost."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from XrayToCTLib.fidelity import page
from XrayToCTLib.fidelity.bootstrap import mean_interval

from . import protocol
from .bars import patient_responses
from .classical_baselines import AFFINE, MATCHED
from .figures import save_responses, save_robustness, save_spectra
from .lesion_edits import INSERTED, LUNG, REMOVED, RIB
from .measure import BANDS
from .records import Evaluation
from .ridge_baseline import RIDGE
from .robustness import FLAGGED, MISSED, WITHIN, verdicts
from .rows import ALL, CENTRAL, FIELD, MEAN_CT, MODEL, Scope
from .table import Table, interval_text
from .table_sections import row_style

PICTURED = (MEAN_CT, RIDGE, MATCHED, AFFINE)
_STYLES = {WITHIN: "good", FLAGGED: "flag", MISSED: "bad"}


def spectrum_section(evaluation: Evaluation, table: Table, folder: Path) -> str:
    if not evaluation.spectra:
        return ""
    grid = evaluation.field.spacing
    predictors = [*evaluation.labels, *PICTURED]
    scopes = [(f"{band}, {short}", Scope(f"power {band} per mm", slabs, FIELD, grid))
              for slabs, short in ((CENTRAL, "T1"), (ALL, "all")) for band in BANDS]  # fmt: skip
    lines = [
        (c.cell, [table.text(scope, c) for _, scope in scopes], row_style(c))
        for c in table.contestants
        if c.predictor in predictors
    ]
    return page.section(
        "Detail: power spectrum",
        page.figure(
            save_spectra(folder / "spectrum.png", evaluation, predictors),
            "Left: power of the central slab; right: over the reference's. Below 1 detail is missing (blur), above 1 "
            "there is too much of it (noise, lattices). Geometric mean of the patients.",
        ),
        page.table([heading for heading, _ in scopes], lines),
        page.paragraph(
            "Ratio of power, result over reference, by cycles per mm; Hann window, whole rows within the scanned "
            "length; means of the patients, 95 % intervals.",
            soft=True,
        ),
    )


def hallucination_section(evaluation: Evaluation, folder: Path, resamples: int, seed: int) -> str:
    if not evaluation.responses and not evaluation.consistency:
        return ""
    predictors = list(dict.fromkeys(item.predictor for item in evaluation.responses))
    lines = []
    for kind in (INSERTED, REMOVED, RIB, LUNG):
        sizes = sorted({item.size_mm for item in evaluation.responses if item.kind == kind})
        for size in sizes:
            for name in predictors:
                some = [r for r in evaluation.responses if (r.predictor, r.kind, r.size_mm) == (name, kind, size)]
                if not some:
                    continue
                cells: list[page.Cell] = [str(len(some)), f"{np.mean([r.true_contrast for r in some]):.2f}"]
                for attribute, places in (("response", 2), ("depth_response", 2), ("elsewhere_hu", 2)):
                    each = patient_responses(evaluation.responses, name, kind, size, attribute)
                    finite = {patient: value for patient, value in each.items() if math.isfinite(value)}
                    cells.append(
                        interval_text(mean_interval(finite, resamples=resamples, seed=seed), places) if finite else ""
                    )
                what = f"{kind}, {size:g} mm" if size else kind
                lines.append(((what, name), cells, "own" if name == MODEL else ""))
    checks = [
        ((item.patient, item.predictor),
         (f"{item.mirror:.2f}", f"{item.cycle:.1f} %", f"{item.cycle_with_noise:.1f} %"),
         "own" if item.predictor == MODEL else "")
        for item in sorted(evaluation.consistency, key=lambda one: (one.predictor != MODEL, one.predictor, one.patient))
    ]  # fmt: skip
    return page.section(
        "Does it copy what is there?",
        page.paragraph(protocol.RESPONSE_TEXT, soft=True),
        page.figure(
            save_responses(folder / "responses.png", evaluation, predictors),
            "Response ratio over the lesion's diameter.",
        )
        if evaluation.responses
        else "",
        page.table(("cases", "contrast", "response", "in depth", "elsewhere, HU"), lines),
        page.paragraph(
            "Mean of the patients' means with 95 % intervals; contrast: largest change of a line integral.", soft=True
        ),
        page.table(("mirror", "cycle error", "with 3/256 noise"), checks),
        page.paragraph(protocol.CONSISTENCY_TEXT, soft=True),
    )


def robustness_section(evaluation: Evaluation, folder: Path) -> str:
    found = verdicts(evaluation.trials)
    if not found:
        return ""
    lines = [
        ((v.name, v.fed),
         (f"{100 * v.rise:+.1f} %" if np.isfinite(v.rise) else "no reference", f"{v.flagged:.0%}", v.word,
          " ".join(v.flags)),
         _STYLES[v.word])
        for v in found
    ]  # fmt: skip
    checked = all(trial.checked for trial in evaluation.trials)
    unchecked = (
        "" if checked else " The run is no bundle, so the engine's input checks could not run: nothing is flagged."
    )
    return page.section(
        "Robustness",
        page.paragraph(protocol.ROBUSTNESS_TEXT + unchecked, soft=True),
        page.figure(
            save_robustness(folder / "robustness.png", evaluation),
            "Rise of the error; green: within 10 %, yellow: flagged, red: missed.",
        ),
        page.details(
            "Every row with what the engine says",
            page.table(("MAE rises", "flagged", "verdict", "the engine says"), lines, numbers=False),
        ),
    )


def costs_section(evaluation: Evaluation) -> str:
    lines = [
        (name, (f"{c.parameters / 1e6:.2f} M", f"{c.gmac:.2f}", f"{c.milliseconds:.0f}",
                f"{c.peak_mb:.0f}" if c.peak_mb is not None and math.isfinite(c.peak_mb) else "not measured",
                f"{c.shape[0]} x {c.shape[1]}, {c.threads} thread{'s' if c.threads > 1 else ''}"),
         "own" if name == MODEL else "")
        for name, c in evaluation.costs.items()
    ]  # fmt: skip
    return page.section(
        "What it costs",
        page.table(("parameters", "GMAC", "ms", "peak MB", "of"), lines),
        page.paragraph(
            "One image through the network on a CPU, float32; median of five calls after two; peak: rise of the "
            "process's resident memory beyond the weights.",
            soft=True,
        )
        if lines
        else "",
    )
