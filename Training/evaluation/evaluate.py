"""Evaluate: every predictor on patients that training never saw, by one protocol, in one go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch
from tqdm import tqdm

from Training.data.manifest import load_cts, read_manifest
from Training.data.reference_quantiles import reference_quantiles
from Training.data.split import make_split
from Training.simulation import Field, Sample, plain_geometry, render
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.models.card import ReferenceQuantiles

from .classical_baselines import AFFINE, MATCHED, Pair, fit_classical, mean_stack
from .cost import cost_of
from .hallucination import consistency, responses
from .inputs import Patient, fed_images, read_patient, rendered
from .measure import Target, halved, measure, spectra, target_of
from .predictors import WINDOW_HU, Constant, Network, Predictor, open_network, translator
from .records import Evaluation, write_evaluation
from .ridge_baseline import RIDGE, fit_ridge
from .robustness import trials
from .rows import CENTRAL, DISPLAY, LINE_INTEGRALS, MEAN_CT, MODEL, NOTHING, Scope, by_patient
from .settings import EvaluationSettings

if TYPE_CHECKING:
    from Training.config import RunConfig

_SHOWN = (MEAN_CT, AFFINE, MATCHED, "CLAHE", RIDGE)  # beside the learned ones, in pictures

# input -> name -> predictor
Baselines = Mapping[str, Mapping[str, Predictor]]


def evaluate(config: RunConfig) -> Evaluation:
    """Evaluate a run, write the outcome into its folder, and print the primary figures.

    Args:
        config: of the run: its field, the data split that says who was trained on and who tests, and ``evaluation``.

    Raises:
        XrayToCTError: the split has no test patient, nothing is prepared, the run has no checkpoint.
    """
    settings = config.evaluation
    manifest = read_manifest(config.data.prepared)
    split = make_split(manifest, config.data.split)
    if not split.test:
        raise XrayToCTError(
            "The split has no test patients: there is nothing to evaluate on.",
            hint="Give `test` or `folds` in the configuration's data.split.",
        )
    folders = {MODEL: settings.model or config.run, **{name: Path(folder) for name, folder in settings.others.items()}}
    learned = {name: open_network(folder, config.field) for name, folder in folders.items()}
    scanned = [name for name in split.train if manifest.ct(name).kind == "ct"]
    training = [
        render(ct.attenuation, ct.spacing, ct.centre, plain_geometry(config.field), config.field)
        for ct in tqdm(load_cts(config.data.prepared, scanned), desc="training patients", unit="CT")
    ]

    def reader(name: str) -> Callable[[], Patient]:
        return lambda: read_patient(Path(manifest.ct(name).file), name)

    evaluation = evaluate_predictors(
        config.field,
        training,
        [reader(name) for name in split.test],
        learned,
        reference_quantiles(manifest, split),
        settings,
    )
    config.run.mkdir(parents=True, exist_ok=True)
    write_evaluation(config.run, evaluation)
    _print_primary(evaluation)
    return evaluation


def evaluate_predictors(
    field: Field,
    training: Sequence[Sample],
    test: Sequence[Callable[[], Patient]],
    learned: Mapping[str, Network],
    reference: ReferenceQuantiles,
    settings: EvaluationSettings,
) -> Evaluation:
    """The whole protocol on patients that are read one after the other.

    Args:
        training: plain views of the training patients: what the baselines are fitted on.
        test: readers of the test patients.
        learned: the networks, the evaluated one under the name ``model``.
        reference: line integrals that display-processed radiographs are mapped onto.
    """
    with _one_thread():
        baselines = fit_baselines(training, reference, settings)
        evaluation = Evaluation(field, [], labels=list(learned))
        for read in tqdm(test, desc="test patients", unit="patient"):
            patient = read()
            target = target_of(rendered(patient, field), field)
            _core(evaluation, target, learned, baselines, reference)
            if settings.hallucination:
                tested: dict[str, Predictor] = {**learned, **_only(baselines[LINE_INTEGRALS], RIDGE)}
                evaluation.responses.extend(responses(patient, target, tested, settings))
                evaluation.consistency.extend(
                    consistency(name, predictor, target, settings.seed) for name, predictor in tested.items()
                )
            if settings.robustness and MODEL in learned:
                network = learned[MODEL]
                through = translator(network, reference)
                evaluation.trials.extend(
                    trials(patient, target.view, field, through, checked=network.bundled, seed=settings.seed)
                )
    if settings.cost:
        for name, network in learned.items():
            evaluation.costs[name] = cost_of(network.module, (field.size, field.size), threads=settings.threads)
    return evaluation


def fit_baselines(training: Sequence[Sample], reference: ReferenceQuantiles, settings: EvaluationSettings) -> Baselines:
    """Mean CT, and for each input the classical filters and the ridge regression, from training patients alone.

    Raises:
        XrayToCTError: no training patient.
    """
    if not training:
        raise XrayToCTError("There is no training CT to fit the baselines on.", hint="Check the split.")
    pairs: dict[str, list[Pair]] = {LINE_INTEGRALS: [], DISPLAY: []}
    for sample in training:
        hu = np.clip(sample.hu.astype(np.float32), *WINDOW_HU)
        for fed, image in fed_images(sample.integrals, reference).items():
            pairs[fed].append(Pair(image, hu, sample.valid))
    found: dict[str, dict[str, Predictor]] = {NOTHING: {MEAN_CT: Constant(mean_stack(pairs[LINE_INTEGRALS]))}}
    for fed, some in tqdm(pairs.items(), desc="baselines", unit="input"):
        found[fed] = {}
        if settings.classical:
            found[fed].update(fit_classical(some))
            if len(some) > 1:
                found[fed][RIDGE] = fit_ridge(some, settings.seed)
    return found


def _core(
    evaluation: Evaluation,
    target: Target,
    learned: Mapping[str, Predictor],
    baselines: Baselines,
    reference: ReferenceQuantiles,
) -> None:
    """The table of one patient: every predictor on every input it takes."""
    coarse = halved(target)
    images = {**fed_images(target.view.integrals, reference), NOTHING: target.view.integrals}
    curves = evaluation.spectra.setdefault(target.name, {})
    pictures = evaluation.slabs
    pictures[f"{target.name}/radiograph"] = target.view.integrals[None].astype(np.float16)
    pictures[f"{target.name}/reference"] = _some_slabs(target.hu)
    for slabs, (frequency, power) in spectra(target.hu, target).items():
        if slabs == CENTRAL:
            curves.update(frequency=frequency.tolist(), reference=power.tolist())
    for fed, image in images.items():
        predictors = {**({} if fed == NOTHING else learned), **baselines[fed]}
        for name, predictor in predictors.items():
            hu = np.clip(predictor.predict(image, calibrated=fed != DISPLAY), *WINDOW_HU)
            evaluation.rows.extend(measure(name, fed, hu, target, coarse))
            if fed != DISPLAY and (name in learned or name in _SHOWN):
                pictures[f"{target.name}/{name}"] = _some_slabs(hu)
                if CENTRAL in target.power:
                    curves[name] = spectra(hu, target)[CENTRAL][1].tolist()


def _some_slabs(hu: np.ndarray) -> np.ndarray:
    """At 1/4, 1/2 and 3/4 of the depth."""
    return np.stack([hu[len(hu) // 4], hu[len(hu) // 2], hu[3 * len(hu) // 4]]).astype(np.float16)


def _only(predictors: Mapping[str, Predictor], *names: str) -> dict[str, Predictor]:
    return {name: predictors[name] for name in names if name in predictors}


def _print_primary(evaluation: Evaluation) -> None:
    """Body-masked MAE of every predictor, central slab and all slabs: what one wants to see first."""
    grid = evaluation.field.spacing
    keys = list(dict.fromkeys((row.predictor, row.input) for row in evaluation.rows))
    print("body-masked MAE in HU: central slab, all slabs")
    for predictor, fed in keys:
        values = [
            np.mean(list(by_patient(evaluation.rows, replace(scope, grid_mm=grid), predictor, fed).values()))
            for scope in (Scope("MAE"), Scope("MAE", "all slabs"))
        ]
        print(f"{values[0]:8.1f} {values[1]:8.1f}  {predictor}, {fed}")


@contextmanager
def _one_thread() -> Any:
    """OpenCV's own threads cost more than they save on images of 256 x 256, and disturb what else runs."""
    opencv, network = cv2.getNumThreads(), torch.get_num_threads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(opencv)
        torch.set_num_threads(network)
