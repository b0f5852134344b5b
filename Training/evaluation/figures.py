"""Figures of an evaluation: errors with their intervals, slabs, spectra, responses, robustness."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from XrayToCTLib.fidelity import plots

from .bars import patient_responses
from .lesion_edits import INSERTED, REMOVED
from .measure import BANDS
from .records import Evaluation
from .robustness import FLAGGED, MISSED, WITHIN, verdicts
from .rows import DISPLAY, MODEL, Scope
from .table import Table, ranked

_MARKERS = "osD^vP*X<>"
_WINDOW = (-1024.0, 500.0)  # HU: lungs and soft tissue in one picture


def save_error_bars(path: Path, table: Table, scope: Scope, title: str) -> Path:
    """Mean, 95 % interval and every patient, one line a predictor and input, best on top."""
    contestants = ranked(table, scope)
    height = 1.5 + 0.24 * len(contestants)
    figure = plots.sheet(9.5, height, title)
    drawn = plots.axes(figure, (3.4, 0.75, 9.3, height - 0.8), xlabel="HU")
    patients = sorted({patient for c in contestants for patient in table.values(scope, c)})
    for line, contestant in enumerate(contestants):
        interval = table.interval(scope, contestant)
        if interval is None:
            continue
        y = len(contestants) - 1 - line
        colour = plots.MODEL_COLOUR if contestant.predictor == MODEL else plots.FAINT
        drawn.barh(y, interval.mean, height=0.62, color=colour, alpha=0.45 if contestant.input == DISPLAY else 0.8)
        if np.isfinite(interval.low):
            drawn.plot((interval.low, interval.high), (y, y), color=plots.INK, linewidth=1.6)
        for number, (_, value) in enumerate(table.values(scope, contestant).items()):
            marker = _MARKERS[number % len(_MARKERS)]
            drawn.plot(
                value, y, marker, markersize=3.4, color="#ffffff", markeredgecolor="#000000", markeredgewidth=0.4
            )
    drawn.set_yticks(range(len(contestants)), [str(c) for c in reversed(contestants)], fontsize=7.5)
    drawn.set_ylim(-0.7, len(contestants) - 0.3)
    drawn.grid(axis="y", visible=False)
    if len(patients) <= len(_MARKERS):
        for number, patient in enumerate(patients):
            drawn.plot([], [], _MARKERS[number], color="#ffffff", markersize=4, label=patient)
        plots.legend(drawn, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=len(patients), borderaxespad=0.2)
    return plots.save(figure, path)


def save_slabs(path: Path, evaluation: Evaluation, patient: str, predictors: Sequence[str]) -> Path:
    """Reference and predictions at 1/4, 1/2 and 3/4 of the depth, the radiograph above."""
    names = ["reference", *(name for name in predictors if f"{patient}/{name}" in evaluation.slabs)]
    cell, rows = 1.75, 3
    width, height = 0.55 + cell * (len(names) + 1), 0.95 + cell * rows
    figure = plots.sheet(width, height, f"{patient}: slabs at 1/4, 1/2 and 3/4 of the depth, {_WINDOW[0]:g} to "
                         f"{_WINDOW[1]:g} HU")  # fmt: skip

    def panel(column: int, row: int, image: np.ndarray, limits: tuple[float, float]) -> None:
        left, bottom = 0.5 + column * cell, height - 0.7 - (row + 1) * cell
        drawn = figure.add_axes(
            (left / width, bottom / height, (cell - 0.05) / width, (cell - 0.05) / height), facecolor=plots.BACKGROUND
        )
        drawn.imshow(image.astype(np.float32), cmap="gray", vmin=limits[0], vmax=limits[1])
        drawn.set_axis_off()

    radiograph = evaluation.slabs[f"{patient}/radiograph"][0]
    panel(0, 1, radiograph, (float(radiograph.min()), float(np.percentile(radiograph.astype(np.float32), 99.8))))
    titles = ["radiograph", *names]
    for column, name in enumerate(titles):
        figure.text(
            (0.5 + column * cell) / width, (height - 0.62) / height, name, color=plots.INK, fontsize=8, parse_math=False
        )
    for column, name in enumerate(names):
        for row, slab in enumerate(evaluation.slabs[f"{patient}/{name}"]):
            panel(column + 1, row, slab, _WINDOW)
    return plots.save(figure, path)


def save_spectra(path: Path, evaluation: Evaluation, predictors: Sequence[str]) -> Path:
    """Power of the central slab beside the reference's, and the ratio, mean over patients (of the logarithm)."""
    curves = [one for one in evaluation.spectra.values() if "reference" in one]
    figure = plots.sheet(9.5, 4.4, "Radially averaged power spectrum of the central slab, line integrals in")
    power = plots.axes(figure, (0.9, 0.8, 4.6, 3.85), "cycles per mm", "power, HU² mm²")
    ratio = plots.axes(figure, (5.5, 0.8, 9.3, 3.85), "cycles per mm", "result / reference")
    shown = [name for name in ("reference", *predictors) if any(name in one for one in curves)]
    if curves:
        for number, name in enumerate(shown):
            having = [one for one in curves if name in one]
            frequency = np.array(having[0]["frequency"], float)
            spectrum = np.mean([_logarithm(one[name]) for one in having], axis=0)
            reference = np.mean([_logarithm(one["reference"]) for one in having], axis=0)
            style = {"color": plots.INK if name == "reference" else plots.COLOURS[(number - 1) % len(plots.COLOURS)]}
            power.plot(
                frequency, np.exp(spectrum), linewidth=2 if name in ("reference", MODEL) else 1.2, label=name, **style
            )
            ratio.plot(frequency, np.exp(spectrum - reference), linewidth=2 if name == MODEL else 1.2, **style)
        power.set_yscale("log")
        ratio.set_yscale("log")
        ratio.set_ylim(1e-3, 10)
        plots.legend(power, loc="upper right")
        for low, _ in BANDS.values():
            ratio.axvline(low, color="#3a444e", linewidth=0.7, linestyle=":")
    return plots.save(figure, path)


def save_responses(path: Path, evaluation: Evaluation, predictors: Sequence[str]) -> Path:
    """Response over the lesions' size, projected and in depth, spheres inserted and removed."""
    figure = plots.sheet(
        9.5, 6.6, "Response to lesions: 1 = faithful, 0 = ignored; line: mean of the patients, dots: patients"
    )
    sizes = sorted({item.size_mm for item in evaluation.responses if item.size_mm > 0})
    present = {item.predictor for item in evaluation.responses}
    cells = ((INSERTED, "response"), (INSERTED, "depth_response"), (REMOVED, "response"), (REMOVED, "depth_response"))
    for index, (kind, attribute) in enumerate(cells):
        row, column = divmod(index, 2)
        left, bottom = 0.8 + column * 4.5, 3.75 - row * 3.0
        drawn = plots.axes(
            figure, (left, bottom, left + 3.9, bottom + 2.15), "diameter, mm", attribute.replace("_", " ")
        )
        drawn.set_title(
            f"{kind}, {'in depth' if attribute != 'response' else 'projected'}", color=plots.INK, fontsize=9
        )
        drawn.axhline(1.0, color=plots.GOOD, linewidth=0.8)
        drawn.axhline(0.0, color=plots.FAINT, linewidth=0.8)
        for number, name in enumerate(p for p in predictors if p in present):
            colour = plots.COLOURS[number % len(plots.COLOURS)]
            means = []
            for size in sizes:
                each = list(patient_responses(evaluation.responses, name, kind, size, attribute).values())
                means.append(float(np.mean(each)) if each else math.nan)
                drawn.plot([size] * len(each), each, "o", color=colour, markersize=3, alpha=0.6)
            drawn.plot(sizes, means, color=colour, linewidth=1.8, label=name)
        if index == 0 and present:
            plots.legend(drawn, loc="best")
    return plots.save(figure, path)


def save_robustness(path: Path, evaluation: Evaluation) -> Path:
    """Rise of the error for each perturbation, coloured by the verdict."""
    found = [verdict for verdict in verdicts(evaluation.trials) if np.isfinite(verdict.rise)]
    height = 1.5 + 0.2 * max(1, len(found))
    figure = plots.sheet(9.5, height, "Robustness: rise of the body-masked MAE over all slabs (bars end at 100 %)")
    drawn = plots.axes(figure, (3.6, 0.7, 9.2, height - 0.8), "rise, %")
    colours = {WITHIN: plots.GOOD, FLAGGED: plots.FLAG, MISSED: plots.BAD}
    for line, verdict in enumerate(reversed(found)):
        rise = 100 * verdict.rise
        drawn.barh(line, float(np.clip(rise, -20, 100)), color=colours[verdict.word], height=0.7)
        drawn.text(float(np.clip(rise, 0, 100)) + 1, line, f"{rise:+.0f} %", color=plots.INK, fontsize=6.5, va="center")
    drawn.axvline(10, color=plots.INK, linewidth=0.8, linestyle=":")
    drawn.set_xlim(-20, 112)
    drawn.set_yticks(range(len(found)), [f"{v.name} ({v.fed})" for v in reversed(found)], fontsize=7)
    drawn.set_ylim(-0.7, len(found) - 0.3)
    drawn.grid(axis="y", visible=False)
    for word, colour in colours.items():
        drawn.barh([0], [0], color=colour, label=word)
    plots.legend(drawn, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, borderaxespad=0.2)
    return plots.save(figure, path)


def _logarithm(values: Sequence[float | None]) -> np.ndarray:
    return np.log(np.maximum(np.array([np.nan if v is None else v for v in values], float), 1e-9))
