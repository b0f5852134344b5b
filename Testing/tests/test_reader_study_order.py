"""The order in which readers see the images: blinded, reproducible, different between readers, balanced."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from study_files import METHODS, make_study

from XrayToCTLib import XrayToCTError
from XrayToCTLib.reader_study import Study, read_study
from XrayToCTLib.reader_study.order import ReaderOrder, reader_order, williams_design


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("study")
    return read_study(make_study(folder, cases=6, readers=[f"R{n}" for n in range(1, 7)], repeats=5))


def shown(order: ReaderOrder) -> list[tuple[str, str]]:
    return [(behind.case.id, behind.candidate.method) for behind in order.key]


def test_the_order_of_a_reader_is_the_same_at_every_call_and_on_every_machine(study: Study) -> None:
    order = reader_order(study, "R1")
    assert order == reader_order(study, "R1")
    digest = hashlib.sha256(repr([[item.label for item in order.presentations], shown(order)]).encode()).hexdigest()
    # Measured once. Another digest means that sessions that were begun before can no longer be resumed.
    assert digest[:16] == "a5751fac2ca7d9f3"


def test_readers_see_different_orders_and_numbers(study: Study) -> None:
    orders = [reader_order(study, reader) for reader in study.readers]
    assert len({tuple(shown(order)) for order in orders}) == len(orders)
    names = [{behind.case.id: item.label for item, behind in zip(o.presentations, o.key, strict=True)} for o in orders]
    assert len({tuple(sorted(name.items())) for name in names}) == len(orders)


def test_another_seed_is_another_order(study: Study) -> None:
    text = study.to_json().replace('"seed": 11', '"seed": 12')
    assert shown(reader_order(Study.from_json(text, "it"), "R1")) != shown(reader_order(study, "R1"))


def test_capitals_do_not_make_another_reader(study: Study) -> None:
    assert reader_order(study, " r1 ") == reader_order(study, "R1")


def test_every_image_is_seen_once_and_the_repeats_twice(study: Study) -> None:
    for reader in study.readers:
        order = reader_order(study, reader)
        first = [pair for pair, behind in zip(shown(order), order.key, strict=True) if not behind.is_repeat]
        again = [pair for pair, behind in zip(shown(order), order.key, strict=True) if behind.is_repeat]
        assert len(first) == len(set(first)) == study.image_count
        assert len(again) == len(set(again)) == study.repeats
        assert max(first.index(pair) for pair in again) < len(first) / 2


def test_labels_are_unique_and_tell_nothing_but_numbers_and_letters(study: Study) -> None:
    labels = [item.label for item in reader_order(study, "R2").presentations]
    assert len(set(labels)) == len(labels)
    for label in labels:
        case, _, image = label.partition(" - ")
        assert case.startswith("Case ")
        assert case.removeprefix("Case ").isdigit()
        assert image in ("image A", "image B", "image C")


def test_a_repeat_looks_like_a_new_case(study: Study) -> None:
    order = reader_order(study, "R3")
    known = {item.label.split(" - ")[0] for item, behind in zip(order.presentations, order.key, strict=True)
             if not behind.is_repeat}  # fmt: skip
    for item, behind in zip(order.presentations, order.key, strict=True):
        assert not behind.is_repeat or item.label.split(" - ")[0] not in known


def test_no_case_follows_itself(study: Study) -> None:
    for reader in study.readers:
        cases = [case for case, _ in shown(reader_order(study, reader))]
        assert all(before != after for before, after in pairwise(cases))


def test_over_a_round_each_method_is_shown_equally_often(study: Study) -> None:
    """Six cases, six rows of the design for three methods: each method twice in each round, for every reader."""
    for reader in study.readers:
        pairs = shown(reader_order(study, reader))
        for number in range(3):
            methods = Counter(method for _, method in pairs[6 * number : 6 * number + 6])
            assert methods == dict.fromkeys(METHODS, 2)


def test_over_the_readers_each_image_comes_equally_often_first_second_and_third(study: Study) -> None:
    rounds: Counter[tuple[str, str, int]] = Counter()
    for reader in study.readers:
        for position, (case, method) in enumerate(shown(reader_order(study, reader))[: study.image_count]):
            rounds[case, method, position // 6] += 1
    assert set(rounds.values()) == {2}


@pytest.mark.parametrize("treatments", [1, 2, 3, 4, 5, 6, 7])
def test_a_williams_design_balances_places_and_neighbours(treatments: int) -> None:
    rows = williams_design(treatments)
    assert all(sorted(row) == list(range(treatments)) for row in rows)
    places = Counter((place, value) for row in rows for place, value in enumerate(row))
    assert len(set(places.values())) == 1
    neighbours = Counter(pair for row in rows for pair in pairwise(row))
    assert len(neighbours) == treatments * (treatments - 1)
    assert len(set(neighbours.values())) <= 1


def test_cases_that_lack_a_method_are_shown_with_what_they_have(tmp_path: Path) -> None:
    path = make_study(tmp_path, cases=3)
    study = read_study(path)
    record = json.loads(path.read_text(encoding="utf-8"))
    del record["cases"][1]["candidates"][0]
    smaller = Study.from_json(json.dumps(record), "it")
    order = reader_order(smaller, "anybody")
    assert len(order.key) == study.image_count - 1


def test_a_study_of_one_image_can_be_read(tmp_path: Path) -> None:
    study = read_study(make_study(tmp_path, methods=METHODS[:1], cases=1, repeats=1))
    assert [item.label for item in reader_order(study, "R1").presentations] == [
        "Case 1 - image A",
        "Case 2 - image A",
    ]


@pytest.mark.parametrize("code", ["", "   ", "Dr. Smith", "a/b", "..", "R" * 41, "-R"])
def test_what_is_no_code_is_refused(study: Study, code: str) -> None:
    with pytest.raises(XrayToCTError, match="no reader's code"):
        reader_order(study, code)


def test_who_is_not_in_the_study_is_told_so(study: Study) -> None:
    with pytest.raises(XrayToCTError, match="no reader R9"):
        reader_order(study, "R9")
