"""Results: unblinded only at the end, each number from the answers that it says, in CSV and on a page."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from study_files import METHODS, make_study, read_whole

from XrayToCTLib import XrayToCTError
from XrayToCTLib.reader_study import Session, StudyResults, open_session, study_results, write_results
from XrayToCTLib.reader_study.krippendorff_alpha import krippendorff_alpha
from XrayToCTLib.reader_study.measure import AGREEMENT, MARKS, ORIGIN, SCORES, WITHIN_READERS, Measure

REALISM = {"groundtruth": 5, "cyclegan": 3, "secretnet": 2}


def expert(session: Session) -> dict[str, Any]:
    """A reader who sees through the blinding: the test knows then what must come out."""
    method = session._order.key[session.position].candidate.method
    return {
        "realism": REALISM[method],
        "anatomy": 1 + session.position % 5,
        "usefulness": 3,
        "origin": "real" if method != "secretnet" else "synthetic",  # taken in by one of the two
        "suspicious": [[1.0, 2.0, 3.0]] if method == "secretnet" else [],
    }


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    study = make_study(tmp_path_factory.mktemp("study"), cases=5, repeats=4, readers=["R1", "R2", "R3"])
    for reader in ("R1", "R2", "R3"):
        read_whole(study, reader, expert)
    return study


@pytest.fixture(scope="module")
def results(study: Path) -> StudyResults:
    return study_results(study)


def the(results: StudyResults, group: str, question: str, statistic: str, subject: str) -> Measure:
    (found,) = [
        measure
        for measure in results.of(group)
        if (measure.question, measure.statistic, measure.subject) == (question, statistic, subject)
    ]
    return found


def test_scores_come_back_to_the_methods_that_they_were_given_to(results: StudyResults) -> None:
    for method, score in REALISM.items():
        mean = the(results, SCORES, "realism", "mean score", method)
        assert (mean.value, mean.interval95, mean.n) == (score, (score, score), 15)  # 5 cases, 3 readers, no repeats


def test_a_method_is_held_against_the_real_images(results: StudyResults) -> None:
    difference = the(results, SCORES, "realism", "mean score less that of the real images", "cyclegan")
    assert difference.value == -2
    with pytest.raises(ValueError, match="not enough values"):
        the(results, SCORES, "realism", "mean score less that of the real images", "groundtruth")


def test_accuracy_counts_right_answers_with_wilsons_interval_and_chance(results: StudyResults) -> None:
    accuracy = the(results, ORIGIN, "origin", "accuracy", "R2")
    assert accuracy.value == pytest.approx(10 / 15)
    assert accuracy.interval == "Wilson score"
    assert accuracy.interval95 == pytest.approx((0.4171, 0.8482), abs=1e-4)
    assert accuracy.chance == 0.5
    assert the(results, ORIGIN, "origin", "real images recognised", "R2").value == 1
    assert the(results, ORIGIN, "origin", "synthetic images recognised", "R2").value == 0.5
    assert the(results, ORIGIN, "origin", "balanced accuracy", "all readers").value == 0.75
    assert the(results, ORIGIN, "origin", "accuracy of always the commoner answer", "nobody").value == pytest.approx(
        2 / 3
    )


def test_whoever_gives_one_answer_to_all_has_a_balanced_accuracy_of_one_half(tmp_path: Path) -> None:
    study = make_study(tmp_path, cases=3)
    read_whole(study, "R1", lambda session: {**expert(session), "origin": "synthetic"})
    results = study_results(study)
    assert the(results, ORIGIN, "origin", "accuracy", "all readers").value == pytest.approx(2 / 3)
    assert the(results, ORIGIN, "origin", "balanced accuracy", "all readers").value == 0.5


def test_how_often_a_method_was_taken_for_real(results: StudyResults) -> None:
    taken = {method: the(results, ORIGIN, "origin", "taken for real", method).value for method in METHODS}
    assert taken == {"groundtruth": 1, "cyclegan": 1, "secretnet": 0}


def test_marks_are_counted_by_method(results: StudyResults) -> None:
    marked = {
        method: the(results, MARKS, "suspicious", "share of images with a mark", method).value for method in METHODS
    }
    assert marked == {"groundtruth": 0, "cyclegan": 0, "secretnet": 1}


def test_agreement_is_that_of_the_matrix_of_readers_and_images(results: StudyResults) -> None:
    matrix = results.ratings.matrix("anatomy")
    assert matrix.shape == (3, 15)
    alpha = the(results, AGREEMENT, "anatomy", "Krippendorff's alpha, ordinal", "all readers")
    assert alpha.value == pytest.approx(krippendorff_alpha(matrix, "ordinal"))
    assert alpha.interval95 is not None
    assert alpha.interval95[0] < alpha.value < alpha.interval95[1]
    assert the(results, AGREEMENT, "realism", "Krippendorff's alpha, ordinal", "all readers").value == 1
    assert the(results, AGREEMENT, "realism", "Cohen's kappa, quadratic weights", "R1 and R3").value == 1


def test_what_never_varies_has_no_agreement_and_no_interval(results: StudyResults) -> None:
    alpha = the(results, AGREEMENT, "usefulness", "Krippendorff's alpha, ordinal", "all readers")
    assert np.isnan(alpha.value)
    assert alpha.interval95 is None


def test_the_second_showing_is_held_against_the_first(results: StudyResults) -> None:
    equal = the(results, WITHIN_READERS, "realism", "share of equal answers", "R1")
    assert (equal.value, equal.n) == (1.0, 4)
    assert the(results, WITHIN_READERS, "anatomy", "share of equal answers", "R1").value < 1
    kappa = the(results, WITHIN_READERS, "anatomy", "Cohen's kappa", "R1")
    assert kappa.n == 4
    assert kappa.interval95 is None  # of four pairs nobody can say


def test_results_are_the_same_at_every_call(study: Path, results: StudyResults) -> None:
    def key(measure: Measure) -> str:
        return repr(measure)

    assert list(map(key, study_results(study).measures)) == list(map(key, results.measures))


def test_results_of_a_running_study_are_refused_unless_asked_for(tmp_path: Path) -> None:
    study = make_study(tmp_path, cases=3)
    read_whole(study, "R1", expert)
    with open_session(study, "R2") as session:
        session.answer("realism", 4)
        with pytest.raises(XrayToCTError, match="Not finished: R2") as refused:
            study_results(study)
        assert "unblind" in str(refused.value)
        results = study_results(study, unfinished=True)
    assert results.ratings.unfinished == ("R2",)
    assert the(results, AGREEMENT, "realism", "Krippendorff's alpha, ordinal", "all readers").n == 2


def test_without_a_session_there_are_no_results(tmp_path: Path) -> None:
    with pytest.raises(XrayToCTError, match="no session of the study pilot"):
        study_results(make_study(tmp_path, cases=2))


def test_one_reader_alone_has_no_agreement_but_all_else(tmp_path: Path) -> None:
    study = make_study(tmp_path, cases=3)
    read_whole(study, "R1", expert)
    results = study_results(study)
    assert results.of(AGREEMENT) == []
    assert results.of(SCORES)
    assert "agreement between readers cannot be measured" in page_of(results, tmp_path)


def test_sessions_of_another_study_beside_it_are_left_alone(tmp_path: Path) -> None:
    study = make_study(tmp_path, cases=2)
    read_whole(study, "R1", expert)
    (tmp_path / "pilot-b.R1.session.jsonl").write_text("not ours\n", encoding="utf-8")
    assert study_results(study).ratings.readers == ("R1",)


def test_the_answers_are_a_csv_line_each_with_the_method_and_the_changes(tmp_path: Path) -> None:
    study = make_study(tmp_path, cases=2)
    with open_session(study, "R1") as session:
        session.answer("realism", 1)
    read_whole(study, "R1", expert)
    write_results(study_results(study), tmp_path / "out")
    with (tmp_path / "out" / "answers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6 * 5
    assert {row["method"] for row in rows} == set(METHODS)
    for row in rows:
        if row["question"] == "realism":
            assert int(row["value"]) == REALISM[row["method"]]
            expected = 1 if row["position"] == "1" and REALISM[row["method"]] != 1 else 0
            assert int(row["changes"]) == expected
        if row["question"] == "suspicious":
            assert row["value"] == ("[[1.0, 2.0, 3.0]]" if row["method"] == "secretnet" else "[]")
        assert float(row["seconds"]) >= 0
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT.*\+00:00", row["answered_at_utc"])


def test_a_method_that_a_spreadsheet_would_run_is_written_as_text(tmp_path: Path) -> None:
    study = make_study(tmp_path, methods=("=cmd", "other"), cases=2)
    read_whole(study, "R1", lambda session: {"realism": 1, "anatomy": 1, "usefulness": 1, "origin": "real"})
    write_results(study_results(study), tmp_path / "out")
    assert "'=cmd" in (tmp_path / "out" / "answers.csv").read_text(encoding="utf-8")


def test_the_measures_are_a_csv_with_the_same_numbers(results: StudyResults, tmp_path: Path) -> None:
    _, path, _ = write_results(results, tmp_path / "out")
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    assert len(rows) == len(results.measures)
    for row, measure in zip(rows, results.measures, strict=True):
        assert row["value"] == ("" if np.isnan(measure.value) else str(measure.value))
        assert (row["low95"] == "") == (measure.interval95 is None)


def test_results_replace_nothing_unasked(results: StudyResults, tmp_path: Path) -> None:
    write_results(results, tmp_path)
    with pytest.raises(XrayToCTError, match="exists already"):
        write_results(results, tmp_path)
    write_results(results, tmp_path, overwrite=True)


def page_of(results: StudyResults, folder: Path) -> str:
    return write_results(results, folder / "page")[2].read_text(encoding="utf-8")


class Outline(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href") and value]


def test_the_page_stands_alone_and_says_what_it_must(results: StudyResults, tmp_path: Path) -> None:
    text = page_of(results, tmp_path)
    outline = Outline()
    outline.feed(text)
    assert "script" not in outline.tags
    assert all(address.startswith("data:image/png;base64,") for address in outline.addresses)
    assert outline.tags.count("img") == 9  # two a Likert question, two about real or synthetic, one of agreement
    for said in (
        "Not for diagnostic use",
        "names the methods",
        "Krippendorff",
        "Wilson",
        "seed 11",
        "bootstrap",
        "Owen 2007",
    ):
        assert said in text
    assert "5 cases the intervals by bootstrap are narrower" in text
    assert "3 readers say little of how other readers would judge" in text
    assert "<td>cases and readers</td>" in text
    alpha = the(results, AGREEMENT, "anatomy", "Krippendorff's alpha, ordinal", "all readers")
    assert f"{alpha.value:.3f}" in text


def test_names_that_are_markup_are_shown_as_text(tmp_path: Path) -> None:
    study = make_study(tmp_path, title="<b>$x_1$ & co</b>", cases=2)
    read_whole(study, "R1", expert)
    text = page_of(study_results(study), tmp_path)
    assert "<b>$x_1$" not in text
    assert "&lt;b&gt;$x_1$ &amp; co&lt;/b&gt;" in text
