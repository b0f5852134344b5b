"""A whole evaluation of a bundle on phantoms: files, pooling of folds, the page."""

from __future__ import annotations

import html.parser
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("tqdm")

from tiny_bundle import card_record, write_tiny_bundle  # noqa: E402  # after the packages it needs

from Training.evaluation.bars import bars  # noqa: E402
from Training.evaluation.card_block import card_fidelity  # noqa: E402
from Training.evaluation.evaluate import evaluate_predictors, fit_baselines  # noqa: E402
from Training.evaluation.inputs import Patient  # noqa: E402
from Training.evaluation.predictors import open_network  # noqa: E402
from Training.evaluation.records import Evaluation, pooled, read_evaluation, write_evaluation  # noqa: E402
from Training.evaluation.report import report_runs  # noqa: E402
from Training.evaluation.rows import MODEL, read_rows  # noqa: E402
from Training.evaluation.settings import EvaluationSettings  # noqa: E402
from Training.evaluation.table import Table  # noqa: E402
from Training.simulation import Field, Sample, plain_geometry, render  # noqa: E402
from XrayToCTLib.errors import XrayToCTError  # noqa: E402
from XrayToCTLib.models.card import ModelCard, ReferenceQuantiles  # noqa: E402

FIELD = Field(size=64, spacing=6.0, slabs=4, slab_thickness=80.0)
REFERENCE = ReferenceQuantiles(tuple(np.linspace(0, 1, 9)), tuple(np.linspace(0, 6, 9)))
SETTINGS = EvaluationSettings(positions=1, diameters_mm=(20.0,), cost=False)


def torso(seed: int) -> Patient:
    """5 mm voxels: an ellipse of soft tissue with two lungs and a spine; every seed another body."""
    rng = np.random.default_rng(seed)
    y, z, x = np.mgrid[0:60, 0:60, 0:80]
    mu = np.zeros(y.shape, np.float32)
    mu[((x - 40) / rng.uniform(30, 36)) ** 2 + ((y - 30) / rng.uniform(20, 26)) ** 2 < 1] = 1.04
    for side in (-1, 1):
        mu[((x - 40 - side * 15) / 11) ** 2 + ((y - 28) / 14) ** 2 + ((z - 32) / 24) ** 2 < 1] = 0.2
    mu[((x - 40) / 4) ** 2 + ((y - 44) / 4) ** 2 < 1] = 1.4
    return Patient(f"torso-{seed}", mu, (5.0, 5.0, 5.0), (29.5, 29.5, 39.5))


def training() -> list[Sample]:
    return [render(p.attenuation, p.spacing, p.centre, plain_geometry(FIELD), FIELD) for p in map(torso, (1, 2))]


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    write_tiny_bundle(folder, slabs={"count": 4, "thickness_mm": 80.0})
    learned = {MODEL: open_network(folder, FIELD), "cnn": open_network(folder, FIELD)}
    return evaluate_predictors(FIELD, training(), [lambda: torso(7), lambda: torso(8)], learned, REFERENCE, SETTINGS)


@pytest.fixture(scope="module")
def run(evaluation: Evaluation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "a <run> & more"
    write_evaluation(folder, evaluation)
    return folder


def test_one_table_holds_the_model_the_others_and_every_baseline(evaluation):
    predictors = {(row.predictor, row.input) for row in evaluation.rows}
    assert {("model", "line integrals"), ("model", "display-processed"), ("cnn", "line integrals")} <= predictors
    assert {
        ("mean CT", "nothing"),
        ("ridge on patches", "line integrals"),
        ("CLAHE", "display-processed"),
    } <= predictors
    assert len(predictors) == 2 * (2 + 10 + 1) + 1
    model, cnn = ({(r.patient, r.input, r.metric, r.slabs, r.mask, r.grid_mm): r.value for r in evaluation.rows
                   if r.predictor == name} for name in ("model", "cnn"))  # fmt: skip
    assert model == cnn  # the same weights


def test_an_evaluation_survives_its_files(evaluation, run):
    again = read_evaluation(run)
    assert again.rows == evaluation.rows == read_rows(run / "evaluation.json")
    assert again.field == evaluation.field and again.trials[0].flags == evaluation.trials[0].flags
    assert len(again.responses) == len(evaluation.responses) > 0
    assert (run / "evaluation" / "evaluation.csv").read_text().startswith("patient,predictor")
    assert not list(run.rglob("*.part*"))


def test_the_cards_block_fits_the_cards_schema(evaluation):
    block = card_fidelity(evaluation.rows, 6.0)
    files = dict.fromkeys(("weights.safetensors", "LICENSE.txt", "CREDITS.txt"), "0" * 64)
    card = ModelCard.from_record(json.loads(json.dumps(card_record(fidelity=block, files=files))))
    assert card.fidelity[0].metric == "MAE" and card.fidelity[0].interval95 is not None


def test_the_page_is_one_file_without_scripts_that_names_its_protocol(run):
    page = report_runs([run], resamples=200, remarks=["Missed because the phantoms are <few>."])
    text = page.read_text(encoding="utf-8")
    assert "Missed because the phantoms are &lt;few&gt;." in text
    assert text.count("Research use only. Not for diagnostic use.") == 2
    assert "a &lt;run&gt; &amp; more" in text and "<run>" not in text
    assert "<script" not in text and "http" not in text.replace("http-equiv", "")
    for words in (
        "percentile bootstrap",
        "torso-7, torso-8",
        "body mask",
        "mean CT",
        "sphere inserted, 20 mm",
        "wrong polarity",
    ):
        assert words in text, words
    checker = _Balance()
    checker.feed(text)
    assert checker.open == [] and checker.images >= 7
    assert (run / "evaluation" / "table.csv").read_text().count("\n") > 100


def test_folds_are_reported_together(evaluation, run, tmp_path):
    other = replace(
        evaluation, rows=[replace(row, patient=row.patient.replace("torso", "other")) for row in evaluation.rows]
    )
    write_evaluation(tmp_path / "fold1", other)
    both = pooled([read_evaluation(run), read_evaluation(tmp_path / "fold1")])
    assert both.patients == ["other-7", "other-8", "torso-7", "torso-8"]
    with pytest.raises(XrayToCTError, match="more than one of the runs"):
        pooled([evaluation, evaluation])
    with pytest.raises(XrayToCTError, match="different grids"):
        pooled([evaluation, replace(other, field=replace(FIELD, spacing=3.0))])
    with pytest.raises(XrayToCTError, match="no evaluation"):
        pooled([])


def test_every_bar_says_what_was_wanted_and_by_how_much_it_was_missed(evaluation):
    found = {bar.name: bar for bar in bars(evaluation, Table(evaluation.rows, resamples=200))}
    primary = found["MAE, central slab"]
    assert primary.wanted == "at most 110 HU" and not primary.reached  # random weights
    assert float(primary.measured.split()[0]) - 110 == pytest.approx(-float(primary.margin.split()[0]))
    assert not found["MAE, central slab, against mean CT"].reached
    assert "response to inserted 20 mm lesions" in found


def test_nothing_to_report_or_to_fit_on_gets_a_sentence(tmp_path):
    with pytest.raises(XrayToCTError, match="no run to report"):
        report_runs([])
    with pytest.raises(XrayToCTError, match="was not evaluated"):
        report_runs([tmp_path])
    with pytest.raises(XrayToCTError, match="no training CT"):
        fit_baselines([], REFERENCE, SETTINGS)


def test_a_damaged_evaluation_gets_a_sentence(evaluation, tmp_path):
    write_evaluation(tmp_path, evaluation)
    (tmp_path / "evaluation" / "records.json").write_text("{")
    with pytest.raises(XrayToCTError, match="missing or damaged"):
        read_evaluation(tmp_path)


def test_a_model_of_other_slabs_is_refused(tmp_path):
    write_tiny_bundle(tmp_path / "tiny")
    with pytest.raises(XrayToCTError, match="gives 4 slabs, and the evaluation has 16"):
        open_network(tmp_path / "tiny", replace(FIELD, slabs=16))


class _Balance(html.parser.HTMLParser):
    """Every element that is opened is closed, in order."""

    _VOID = frozenset({"meta", "img", "br", "link"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.images = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.images += tag == "img"
        if tag not in self._VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, tag
