"""Whether the unsteadiness of the network finds its errors: rank correlations on CTs that a model was not trained on.

    python -m Testing.benchmarks.bench_trust CT [CT ...] [--model ID]

Each CT is projected (PA, 384 mm at 1.8 m, calibrated line integrals, and the same as 8-bit display values), translated,
and checked; over the voxels of the body, Spearman's rank correlation of the unsteadiness and the absolute error in HU,
beside that of the baseline: the steepness of the answer itself within its slab, which costs nothing. The mean error in
each fifth of the voxels by unsteadiness says how much a high value means.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from XrayToCTLib import Radiograph, project, reference_stack, translate, trust
from XrayToCTLib.fidelity.metrics import body_mask
from XrayToCTLib.models.registry import find_model
from XrayToCTLib.projection.body import remove_table
from XrayToCTLib.projection.ct_volume import read_ct
from XrayToCTLib.radiograph import IntensityScale

_CASES = ("line integrals", "display values")


def display_processed(radiograph: Radiograph) -> Radiograph:
    """The radiograph as 8-bit grey levels: a saturating curve of its line integrals."""
    grey = np.rint(255.0 * (1.0 - np.exp(-np.maximum(radiograph.pixels, 0.0) / 2.2)))
    return replace(radiograph, pixels=grey.astype(np.float32), scale=IntensityScale.DISPLAY)


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    from scipy.stats import spearmanr

    return float(spearmanr(a, b)[0])


def fifths(unsteadiness: np.ndarray, error: np.ndarray) -> list[float]:
    """Mean error of the steadiest fifth of the voxels, of the next, and so on."""
    which = np.digitize(unsteadiness, np.quantile(unsteadiness, (0.2, 0.4, 0.6, 0.8)))
    return [float(error[which == index].mean()) for index in range(5)]


def measure(path: Path, model: str | None) -> list[tuple[float, float, float]]:
    """Prints the figures of one CT; returns (rank correlation, that of the baseline, fifth over first fifth)."""
    card = find_model(model).card
    ct = remove_table(read_ct(path))
    drr = project(ct)
    reference = reference_stack(ct, slabs=card.slabs.count, slab_thickness=card.slabs.thickness_mm)
    body = body_mask(reference.hu)
    found = []
    for name, radiograph in zip(_CASES, (drr, display_processed(drr)), strict=True):
        stack = translate(radiograph, model=model)
        report = trust(stack, radiograph, model=model)
        spread = report.map("unsteadiness").values
        if spread.shape != stack.hu.shape:
            raise SystemExit(f"{card.name} has another grid than 256 x 256 of 1.5 mm: not measured here.")
        error = np.abs(stack.hu - reference.hu)
        steepness = np.abs(np.gradient(stack.hu, axis=1)) + np.abs(np.gradient(stack.hu, axis=2))
        ours, theirs = rank_correlation(spread[body], error[body]), rank_correlation(steepness[body], error[body])
        by_fifth = fifths(spread[body], error[body])
        values = {flag.name: flag.value for flag in report.flags}
        print(
            f"{path.name[:24]:24s} {name:15s} rank correlation {ours:.2f} (steepness {theirs:.2f})  error by fifth "
            f"{' '.join(f'{hu:.0f}' for hu in by_fifth)} HU  unsteadiness {values['unsteadiness']:.1f} HU  "
            f"re-projection {values['reprojection']:.1%}"
        )
        found.append((ours, theirs, by_fifth[-1] / by_fifth[0]))
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ct", nargs="+", type=Path, help="CT that the model was not trained on")
    parser.add_argument("--model", help="id, id@version, or folder (default: chest)")
    options = parser.parse_args(arguments)
    rows = [row for path in options.ct for row in measure(path, options.model)]
    ours, theirs, ratio = np.mean(rows, axis=0)
    print(
        f"mean of {len(rows)}: rank correlation {ours:.2f}, steepness {theirs:.2f}; the least steady fifth is "
        f"{ratio:.1f} times as wrong as the steadiest"
    )


if __name__ == "__main__":
    main()
