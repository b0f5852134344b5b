"""The leak check stops every way for a patient to stand on both sides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2")
pytest.importorskip("tqdm")
pytest.importorskip("filelock")

from training_data_sources import radiograph, torso, write_png, write_volume  # noqa: E402

from Training.data import volume_likeness  # noqa: E402
from Training.data.leak_check import check_leaks  # noqa: E402
from Training.data.manifest import PreparedCt, load_cts, read_manifest  # noqa: E402
from Training.data.prepare import prepare  # noqa: E402
from Training.data.radiograph_likeness import SAME_EXPOSURE, alike_radiographs  # noqa: E402
from Training.data.settings import DataSettings, SourceSettings, SplitSettings  # noqa: E402
from Training.data.split import Split, make_split  # noqa: E402
from Training.data.volume_likeness import SAME_SCAN, alike_volumes, likeness, structure  # noqa: E402
from XrayToCTLib.errors import XrayToCTError  # noqa: E402

SPLIT = SplitSettings(test=["two"], radiograph_holdout_every=0)


@pytest.fixture
def settings(tmp_path: Path) -> DataSettings:
    """Three patients, two of whom train."""
    for index, name in enumerate(("one", "two", "three")):
        write_volume(tmp_path / "ct" / f"{name}.nii.gz", torso(index))
    return DataSettings([SourceSettings(tmp_path / "ct")], tmp_path / "prepared", (5.0, 5.0, 5.0), split=SPLIT)


def folder_of(settings: DataSettings) -> Path:
    return Path(settings.sources[0].path)


def test_different_patients_pass(settings: DataSettings, capsys: pytest.CaptureFixture[str]) -> None:
    prepare(settings)
    assert "No leak found" in capsys.readouterr().out


def test_one_patient_under_two_names_stops_the_run_before_anything_is_rendered(settings: DataSettings) -> None:
    folder = folder_of(settings)
    (folder / "index.csv").write_text("file,patient\none.nii.gz,p1\ntwo.nii.gz,p1\nthree.nii.gz,p3\n")
    source = replace(settings.sources[0], patient_from="csv")
    with pytest.raises(XrayToCTError, match="One patient, or what may be one, stands on both sides"):
        prepare(replace(settings, sources=[source], split=replace(SPLIT, train={"one": 1.0})))
    assert not list(settings.prepared.rglob("*.npy"))


def test_a_split_from_elsewhere_with_one_patient_on_both_sides_is_stopped(settings: DataSettings) -> None:
    manifest = prepare(settings)
    cts = tuple(replace(entry, patient="p1") for entry in manifest.cts)
    split = Split(train={"one": 1.0}, test=("two",))
    with pytest.raises(XrayToCTError, match=r"one.nii.gz \(training\) and .*two.nii.gz \(test\): the same patient, p1"):
        check_leaks(replace(manifest, cts=cts), split)
    with pytest.raises(XrayToCTError, match=r"\(validation\)"):
        check_leaks(replace(manifest, cts=cts), replace(split, test=(), validation=("three",)))


def test_a_renamed_copy_stops_the_run_before_anything_is_rendered(settings: DataSettings) -> None:
    folder = folder_of(settings)
    (folder / "copy.nii.gz").write_bytes((folder / "two.nii.gz").read_bytes())
    with pytest.raises(XrayToCTError, match=r"two.nii.gz \(test\).*copy.nii.gz|copy.nii.gz .*two.nii.gz") as caught:
        prepare(settings)
    assert "the same content" in str(caught.value) and "same_patient" in caught.value.hint
    assert not list(settings.prepared.rglob("*.npy"))


def test_a_copy_in_another_format_is_the_same_content(settings: DataSettings) -> None:
    write_volume(folder_of(settings) / "copy.nrrd", torso(1))
    with pytest.raises(XrayToCTError, match="the same content"):
        prepare(settings)


def cropped(hu: np.ndarray) -> tuple[np.ndarray, tuple[float, float, float]]:
    return hu[6:-6, 4:-4, 7:-7], (5.0, 5.0, 5.0)


def resampled(hu: np.ndarray) -> tuple[np.ndarray, tuple[float, float, float]]:
    smaller = np.stack([cv2.resize(plane, (46, 31), interpolation=cv2.INTER_AREA) for plane in hu])
    return smaller, (5.0, 5.0 * 40 / 31, 5.0 * 60 / 46)


def moved_with_noise(hu: np.ndarray) -> tuple[np.ndarray, tuple[float, float, float]]:
    noise = np.random.default_rng(0).normal(0, 40, hu.shape)
    return np.roll(hu + noise, (2, 1, -3), (0, 1, 2)).clip(-1000, 2000).astype(np.int16), (5.0, 5.0, 5.0)


@pytest.mark.parametrize("change", [cropped, resampled, moved_with_noise])
def test_a_near_duplicate_stops_the_run_and_two_settings_help(change: Callable, settings: DataSettings) -> None:
    write_volume(folder_of(settings) / "copy.nii.gz", *change(torso(1)))
    with pytest.raises(XrayToCTError, match="near-duplicates") as caught:
        prepare(settings)
    assert "copy.nii.gz (training)" in str(caught.value) and "two.nii.gz (test)" in str(caught.value)
    together = replace(SPLIT, same_patient=[["two", "copy"]])
    assert "copy" not in make_split(read_manifest(settings.prepared), together).train
    prepare(replace(settings, split=together))
    prepare(replace(settings, split=replace(SPLIT, known_different=[["co*", "two"]])))
    with pytest.raises(XrayToCTError, match="near-duplicates"):
        prepare(replace(settings, split=replace(SPLIT, known_different=[["copy", "one"]])))


def test_a_finding_is_remembered_for_the_same_arrays_only(
    settings: DataSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = prepare(settings)
    looks: list[int] = []
    monkeypatch.setattr(volume_likeness, "alike_volumes", lambda *sides: looks.append(1) or [])
    monkeypatch.setattr("Training.data.leak_check.preparation_key", lambda *what: repr(what[1]))
    for _ in range(2):
        check_leaks(manifest, make_split(manifest, SPLIT))
    assert len(looks) == 1
    check_leaks(manifest, make_split(manifest, replace(SPLIT, test=["one"])))
    assert len(looks) == 2


def test_likeness_is_one_for_itself_and_low_for_others() -> None:
    cts = [
        PreparedCt(
            str(seed), str(seed), np.maximum(torso(seed) / 1000 + 1, 0).transpose(1, 0, 2), (5.0,) * 3, (0.0,) * 3
        )
        for seed in range(4)
    ]
    fine = [structure(each, 8.0) for each in cts]
    assert likeness(fine[0], fine[0]) == pytest.approx(1.0, abs=1e-5)
    assert max(likeness(fine[0], other) for other in fine[1:]) < SAME_SCAN - 0.05
    assert [(a, b) for a, b, _ in alike_volumes(cts[:3], [cts[3], cts[2]])] == [("2", "2")]
    assert alike_volumes(cts[:3], []) == []


def test_likeness_agrees_with_correlation_coefficients_shift_by_shift() -> None:
    rng = np.random.default_rng(1)
    one, other = rng.normal(size=(4, 5, 6)), rng.normal(size=(3, 4, 5))
    best = -1.0
    for z, y, x in np.ndindex(6, 8, 10):
        z, y, x = z - 2, y - 3, x - 4
        a = one[max(z, 0) : z + 3, max(y, 0) : y + 4, max(x, 0) : x + 5]
        b = other[max(-z, 0) : 4 - z, max(-y, 0) : 5 - y, max(-x, 0) : 6 - x]
        b = b[: a.shape[0], : a.shape[1], : a.shape[2]]
        energies = (a**2).sum(), (b**2).sum()
        if min(energies) > 0.5 * min((one**2).sum(), (other**2).sum()):
            best = max(best, float((a * b).sum() / np.sqrt(energies[0] * energies[1])))
    assert likeness(one, other) == pytest.approx(best, abs=1e-9) and best > 0.05


@pytest.mark.parametrize(
    "change",
    [
        lambda image: cv2.resize(image[12:-12, 12:-12], image.shape, interpolation=cv2.INTER_AREA),
        lambda image: cv2.resize(image[6:-14, 16:-4], image.shape, interpolation=cv2.INTER_AREA),
        lambda image: cv2.equalizeHist(image),
        lambda image: 255 - image,
        lambda image: cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 50])[1], 0),
    ],
)
def test_a_changed_copy_of_a_radiograph_is_found(change: Callable, tmp_path: Path) -> None:
    for index in range(5):
        write_png(tmp_path / "x" / f"{index}.png", radiograph(index))
    write_png(tmp_path / "x" / "copy.png", change(radiograph(3)))
    write_volume(tmp_path / "ct" / "one.nii.gz", torso(1))
    sources = [
        SourceSettings(tmp_path / "ct"),
        SourceSettings(tmp_path / "x", kind="radiograph", polarity="bone-bright"),
    ]
    settings = DataSettings(sources, tmp_path / "p", (6.0, 10.0, 6.0), 2.0)
    # The first of every six patients is held out: 0.png, or the copy, which is made the first below.
    prepare(replace(settings, split=SplitSettings(folds=0, radiograph_holdout_every=6)))
    (tmp_path / "x" / "copy.png").rename(tmp_path / "x" / "-copy.png")
    with pytest.raises(XrayToCTError, match=r"3.png \(training\) and .*-copy.png \(test\): near-duplicates"):
        prepare(replace(settings, split=SplitSettings(folds=0, radiograph_holdout_every=6)))


def test_a_radiograph_of_a_tested_patient_may_not_train(settings: DataSettings, tmp_path: Path) -> None:
    write_png(tmp_path / "x" / "two.png", radiograph(2))
    sources = [*settings.sources, SourceSettings(tmp_path / "x", kind="radiograph")]
    manifest = prepare(replace(settings, sources=sources))  # goes with its CT, so nothing leaks
    with pytest.raises(XrayToCTError, match=r"two.nii.gz \(test\) and .*two.png \(training\): the same patient, two"):
        check_leaks(manifest, Split(train={"one": 1.0}, test=("two",)))


def test_the_two_totalsegmentator_volumes_are_one_patient(real_data: Path, tmp_path: Path) -> None:
    names = ["TotalSegmentator-aorta", "TotalSegmentator-pulmonary-crop", "pyradiomics-lung2"]
    settings = DataSettings(
        [SourceSettings(real_data / "chest_ct", include=names, remove_table=False)],
        tmp_path,
        (4.0, 8.0, 4.0),
        split=SplitSettings(folds=0),
    )
    prepare(settings)
    aorta, crop, stranger = load_cts(tmp_path, names)
    ((_, name, value),) = alike_volumes([aorta], [crop, stranger])
    assert name == crop.name and value > SAME_SCAN + 0.1


def test_radiographs_of_different_patients_are_not_taken_for_copies(real_data: Path) -> None:
    paths = sorted((real_data / "xray").glob("*.png"))[:40]
    images = np.stack(
        [cv2.resize(cv2.imread(str(path), 0), (143, 143), interpolation=cv2.INTER_AREA) for path in paths]
    )
    copy = cv2.resize(images[30][7:-7, 7:-7], (143, 143))
    found = alike_radiographs(np.concatenate((images, copy[None])), range(12, 40), [0, 40])
    assert [(a, b) for a, b, _ in found] == [(30, 40)] and found[0][2] > SAME_EXPOSURE
