"""Records: what an evaluation leaves in a run's folder beside the rows, and how folds of it are put together."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from dataclasses import field as default
from pathlib import Path
from typing import Any

import numpy as np

from Training.simulation import Field
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.whole_file import write_whole

from .cost import Cost
from .hallucination import Consistency, Response
from .robustness import Trial
from .rows import EVALUATION_FILE, Row, pool, read_rows, write_csv, write_rows

FOLDER = "evaluation"
_RECORDS, _PICTURES = "records.json", "slabs.npz"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All that was measured.

    Attributes:
        field: grid and slabs of the evaluation.
        rows: the core table.
        spectra: patient -> predictor (and "reference") -> power in rings of the central slab; "frequency" is among
            the keys of each patient.
        responses, consistency, trials: hallucination and robustness; empty when switched off.
        costs: predictor -> cost.
        labels: predictors that were learned, the evaluated run first.
        slabs: "patient/predictor" -> float16 (3, rows, cols): slabs at 1/4, 1/2 and 3/4 of the depth;
            "patient/radiograph" is (1, rows, cols).
    """

    field: Field
    rows: list[Row]
    spectra: dict[str, dict[str, list[float]]] = default(default_factory=dict)
    responses: list[Response] = default(default_factory=list)
    consistency: list[Consistency] = default(default_factory=list)
    trials: list[Trial] = default(default_factory=list)
    costs: dict[str, Cost] = default(default_factory=dict)
    labels: list[str] = default(default_factory=list)
    slabs: dict[str, np.ndarray] = default(default_factory=dict)

    @property
    def patients(self) -> list[str]:
        return sorted({row.patient for row in self.rows})


def write_evaluation(run: Path, evaluation: Evaluation) -> None:
    """``evaluation.json`` (rows) and ``evaluation/`` (everything else, and the rows as CSV) in the run's folder."""
    folder = run / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    record = {
        "field": asdict(evaluation.field),
        "spectra": evaluation.spectra,
        "responses": [asdict(item) for item in evaluation.responses],
        "consistency": [asdict(item) for item in evaluation.consistency],
        "trials": [asdict(item) for item in evaluation.trials],
        "costs": {name: asdict(cost) for name, cost in evaluation.costs.items()},
        "labels": evaluation.labels,
    }
    write_whole(folder / _RECORDS, json.dumps(_finite(record), allow_nan=False).encode())
    partial = folder / f".{_PICTURES}.part.npz"
    np.savez_compressed(partial, allow_pickle=False, **evaluation.slabs)
    partial.replace(folder / _PICTURES)
    write_csv(folder / "evaluation.csv", evaluation.rows)
    # Last, because export takes its presence for a finished evaluation.
    write_rows(run / EVALUATION_FILE, evaluation.rows)


def read_evaluation(run: Path) -> Evaluation:
    """What ``write_evaluation`` wrote.

    Raises:
        XrayToCTError: the run was not evaluated, or a file is damaged.
    """
    rows = read_rows(run / EVALUATION_FILE)
    try:
        record = json.loads((run / FOLDER / _RECORDS).read_text(encoding="utf-8"))
        with np.load(run / FOLDER / _PICTURES) as slabs:
            pictures = {name: slabs[name] for name in slabs.files}
        return Evaluation(
            field=Field(**record["field"]),
            rows=rows,
            spectra=record["spectra"],
            responses=[Response(**_numbers(item)) for item in record["responses"]],
            consistency=[Consistency(**_numbers(item)) for item in record["consistency"]],
            trials=[Trial(**_numbers({**item, "flags": tuple(item["flags"])})) for item in record["trials"]],
            costs={name: Cost(**{**c, "shape": tuple(c["shape"])}) for name, c in record["costs"].items()},
            labels=record["labels"],
            slabs=pictures,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise XrayToCTError(
            f"The evaluation in {run / FOLDER} is missing or damaged ({error}).", hint="Evaluate the run again."
        ) from error


def pooled(evaluations: Sequence[Evaluation]) -> Evaluation:
    """Folds of a cross-validation as one evaluation over all their test patients.

    Raises:
        XrayToCTError: none given, fields that differ, or a patient in two folds.
    """
    if not evaluations:
        raise XrayToCTError("There is no evaluation to report.", hint="Name at least one evaluated run.")
    first = evaluations[0]
    if any(other.field != first.field for other in evaluations):
        raise XrayToCTError("The runs were evaluated on different grids.", hint="Report them one by one.")
    return Evaluation(
        field=first.field,
        rows=pool([one.rows for one in evaluations]),
        spectra={patient: curves for one in evaluations for patient, curves in one.spectra.items()},
        responses=[item for one in evaluations for item in one.responses],
        consistency=[item for one in evaluations for item in one.consistency],
        trials=[item for one in evaluations for item in one.trials],
        costs={name: cost for one in reversed(evaluations) for name, cost in one.costs.items()},
        labels=list(dict.fromkeys(label for one in evaluations for label in one.labels)),
        slabs={name: picture for one in evaluations for name, picture in one.slabs.items()},
    )


def _finite(value: Any) -> Any:
    """JSON has no NaN: null stands for it."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return value


def _numbers(record: dict[str, Any]) -> dict[str, Any]:
    return {key: math.nan if value is None else value for key, value in record.items()}
