"""Splits: patients are never divided, whatever the settings say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from Training.data.manifest import CtEntry, Manifest, RadiographEntry, RadiographSet, SkippedImage
from Training.data.settings import SplitSettings
from Training.data.split import folds, make_split
from XrayToCTLib.errors import XrayToCTError


def ct(name: str, patient: str = "", kind: str = "ct", **more: object) -> CtEntry:
    origin = {"source": "s", "licence": "l", "credit": "", "url": "", "file": f"{name}.nii.gz", "sha256": name}
    grid = {"prepared_sha256": f"prepared {name}", "shape": (1, 1, 1), "spacing": (1, 1, 1), "centre": (0, 0, 0)}
    return CtEntry(name=name, patient=patient or name, kind=kind, units="", **origin, **grid, **more)  # type: ignore[arg-type]


def radiograph(name: str, patient: str, **more: object) -> RadiographEntry:
    origin = {"source": "s", "licence": "l", "credit": "", "url": "", "file": f"{name}.png", "sha256": name}
    return RadiographEntry(name=name, patient=patient, row=0, field=(0, 1, 0, 1), **origin, **more)  # type: ignore[arg-type]


def manifest(*cts: CtEntry, radiographs: tuple[RadiographEntry, ...] = (), skipped: tuple[str, ...] = ()) -> Manifest:
    return Manifest(
        Path("nowhere"),
        cts,
        RadiographSet(1.0, 1, radiographs),
        tuple(SkippedImage(name, "broken") for name in skipped),
    )


TWELVE = manifest(*(ct(f"scan{i:02d}", f"patient{i // 2}") for i in range(8)), *(ct(f"alone{i}") for i in range(4)))


def test_every_patient_tests_in_exactly_one_fold_and_trains_in_the_others() -> None:
    splits = folds(TWELVE, SplitSettings(folds=4))
    names = [entry.name for entry in TWELVE.cts]
    assert sorted(name for split in splits for name in split.test) == sorted(names)
    for split in splits:
        assert sorted([*split.train, *split.test]) == sorted(names)
        assert not {TWELVE.ct(name).patient for name in split.train} & {TWELVE.ct(name).patient for name in split.test}
    assert {len({TWELVE.ct(name).patient for name in split.test}) for split in splits} == {2}


def test_folds_are_their_seed_and_do_not_depend_on_the_order_of_files() -> None:
    settings = SplitSettings(folds=4, fold=1, seed=3)
    backwards = replace(TWELVE, cts=TWELVE.cts[::-1])
    assert make_split(TWELVE, settings).test == make_split(backwards, settings).test
    assert len({make_split(TWELVE, replace(settings, seed=seed)).test for seed in range(8)}) > 1


def test_names_that_may_be_one_patient_stay_together() -> None:
    settings = SplitSettings(folds=3, same_patient=[["alone0", "scan0[01]"], ["alone1", "alone0"]])
    together = {"alone0", "alone1", "scan00", "scan01"}
    for split in folds(TWELVE, settings):
        assert together <= set(split.test) or together <= set(split.train)


def test_what_may_not_test_trains_and_keeps_away_from_its_own_patient() -> None:
    settings = SplitSettings(folds=3, never_test=["alone?", "scan00"])
    for split in folds(TWELVE, settings):
        assert not {"alone0", "alone1", "alone2", "alone3", "scan00"} & set(split.test)
        # scan00 shows the patient of scan01: when that one tests, it does not train.
        assert ("scan00" in split.train) == ("scan01" not in split.test)


def test_whole_sources_may_be_for_training_alone() -> None:
    data = manifest(*(ct(f"a{i}") for i in range(3)), ct("slice", training_only=True))
    assert all("slice" in split.train for split in folds(data, SplitSettings(folds=3)))


def test_weights_go_by_name_or_pattern_and_zero_leaves_out() -> None:
    settings = SplitSettings(test=["alone0"], weights={"scan0[01]": 0.5, "alone1": 0.0}, leave_out=["alone2"])
    split = make_split(TWELVE, settings)
    assert split.train["scan01"] == 0.5 and split.train["scan02"] == 1.0
    assert not {"alone0", "alone1", "alone2"} & set(split.train)


def test_lists_are_taken_as_they_stand() -> None:
    settings = SplitSettings(train={"scan00": 0.3, "alone1": 1.0}, test=["alone0"], validation=["alone2"])
    split = make_split(TWELVE, settings)
    assert (split.train, split.test) == ({"scan00": 0.3, "alone1": 1.0}, ("alone0",))
    assert split.validation == ("alone2",)


def test_volumes_of_another_kind_take_no_part() -> None:
    data = manifest(ct("a"), ct("b"), ct("head", kind="mri"), ct("slice", kind="reformat"))
    assert set(make_split(data, SplitSettings(folds=0)).train) == {"a", "b"}
    assert set(make_split(data, SplitSettings(folds=0, kinds=["mri"])).train) == {"head"}


def test_a_broken_training_volume_is_left_out_and_a_broken_test_volume_is_not() -> None:
    data = manifest(ct("a"), ct("b"), skipped=("broken",))
    assert set(make_split(data, SplitSettings(train={"a": 1.0, "broken": 1.0}, test=["b"])).train) == {"a"}
    with pytest.raises(XrayToCTError, match="not prepared: broken"):
        make_split(data, SplitSettings(train={"a": 1.0}, test=["broken"]))


def test_every_fifth_radiograph_patient_is_held_out() -> None:
    radiographs = tuple(radiograph(f"x{i}", f"p{i // 2}") for i in range(12))
    split = make_split(manifest(ct("a"), radiographs=radiographs), SplitSettings(folds=0))
    assert split.held_out_radiographs == {"x0", "x1", "x10", "x11"}
    none = make_split(manifest(ct("a"), radiographs=radiographs), SplitSettings(folds=0, radiograph_holdout_every=0))
    assert not none.held_out_radiographs


def test_a_radiograph_goes_where_the_ct_of_its_patient_goes() -> None:
    radiographs = (radiograph("x0", "a"), radiograph("x1", "b"), radiograph("x2", "c"), radiograph("x3", "d"))
    data = manifest(ct("a"), ct("b"), radiographs=radiographs)
    settings = SplitSettings(test=["b"], radiograph_holdout_every=100, same_patient=[["x3", "b"]])
    # a trains with its CT; b's and what may be b's are held out; c is the first of the free ones.
    assert make_split(data, settings).held_out_radiographs == {"x1", "x2", "x3"}


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (SplitSettings(train={"scan00": 1.0}, test=["scan01"]), r"both sides.*scan00 \(train\); scan01 \(test\)"),
        (SplitSettings(test=["alone0"], validation=["alone0"]), "both sides"),
        (
            SplitSettings(train={"alone0": 1.0}, test=["alone1"], same_patient=[["alone0", "alone1"]]),
            "both sides",
        ),
        (SplitSettings(test=["alone9"]), "not prepared: alone9"),
        (SplitSettings(test=["alone0"], never_test=["alone*"]), "alone0 may only train"),
        (SplitSettings(folds=9), "8 patients cannot be dealt into 9 folds"),
        (SplitSettings(folds=3, fold=3), "no fold 3 of 3"),
        (SplitSettings(folds=1), "no fold 0 of 1"),
        (SplitSettings(train={"alone0": 0.0}, test=["alone1"]), "not above 0"),
        (SplitSettings(known_different=[["a", "b", "c"]]), "which is no pair"),
        (SplitSettings(test=[entry.name for entry in TWELVE.cts]), "nobody to train on"),
    ],
)
def test_an_impossible_split_is_refused_with_names(settings: SplitSettings, sentence: str) -> None:
    with pytest.raises(XrayToCTError, match=sentence):
        make_split(TWELVE, settings)


def test_the_settings_are_read_from_yaml(tmp_path: Path) -> None:
    jsonargparse = pytest.importorskip("jsonargparse")
    from Training.data.settings import DataSettings

    (tmp_path / "mine.yaml").write_text(
        "data:\n"
        "  prepared: prepared/mine\n"
        "  sources:\n"
        "    - {kind: ct, path: /data/ct, licence: CC BY 4.0}\n"
        "    - {kind: radiograph, path: /data/radiographs, patient_from: dicom}\n"
        "  split: {folds: 5, fold: 2, weights: {CIP-*: 0.5}}\n"
    )
    parser = jsonargparse.ArgumentParser()
    parser.add_argument("--data", type=DataSettings)
    parser.add_argument("--config", action="config")
    settings = parser.instantiate_classes(parser.parse_args([f"--config={tmp_path / 'mine.yaml'}"])).data
    assert settings.sources[1].patient_from == "dicom" and settings.split.fold == 2
    assert settings.split.weights == {"CIP-*": 0.5} and settings.prepared == Path("prepared/mine")
