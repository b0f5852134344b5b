"""Prepare: what it writes, and that it never does a thing twice."""

from __future__ import annotations

import csv
import hashlib
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2")
pytest.importorskip("tqdm")
pytest.importorskip("filelock")

from training_data_sources import radiograph, torso, write_png, write_volume  # noqa: E402

from Training.data import volumes  # noqa: E402
from Training.data.leak_check import check_leaks  # noqa: E402
from Training.data.manifest import Manifest, load_cts, read_manifest  # noqa: E402
from Training.data.prepare import prepare  # noqa: E402
from Training.data.radiographs import load_radiographs, open_radiographs  # noqa: E402
from Training.data.reference_quantiles import reference_quantiles  # noqa: E402
from Training.data.settings import DataSettings, SourceSettings, SplitSettings  # noqa: E402
from Training.data.split import make_split  # noqa: E402
from XrayToCTLib.errors import XrayToCTError  # noqa: E402

EVERYBODY = SplitSettings(folds=0)


@pytest.fixture
def settings(tmp_path: Path) -> DataSettings:
    """Two CTs, an MRI, a reformat and four radiographs of three patients."""
    for index, name in enumerate(("one", "two")):
        write_volume(tmp_path / "ct" / f"{name}.nii.gz", torso(index))
    write_volume(tmp_path / "mri" / "knee.mha", np.maximum(torso(3) + 1000, 0).astype(np.int16))
    write_volume(tmp_path / "slices" / "19000925.nrrd", torso(4)[:, 20][None, ::-1], (3.0, 5.0, 5.0))
    with (tmp_path / "index.csv").open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(("Image", "Patient ID", "finding"))
        for index in range(4):
            write_png(tmp_path / "xray" / f"{index}.png", radiograph(index))
            table.writerow((f"{index}.png", f"p{index // 2 * 2}" if index < 3 else "p9", "normal"))
    return DataSettings(
        sources=[
            SourceSettings(tmp_path / "ct", licence="CC BY 4.0", credit="Somebody"),
            SourceSettings(tmp_path / "mri", kind="mri"),
            SourceSettings(tmp_path / "slices", kind="reformat"),
            SourceSettings(
                tmp_path / "xray", kind="radiograph", patient_from="csv", index=tmp_path / "index.csv",
                columns={"file": "Image", "patient": "Patient ID"}, polarity="bone-bright",
            ),
        ],
        prepared=tmp_path / "prepared",
        prepared_spacing_mm=(6.0, 10.0, 6.0),
        radiograph_spacing_mm=4.3,
        split=replace(EVERYBODY, radiograph_holdout_every=3),
    )  # fmt: skip


def only(path: Path, folder: Path, **what: object) -> DataSettings:
    """One source, and everybody trains."""
    return DataSettings([SourceSettings(path, **what)], folder, (6.0, 10.0, 6.0), split=EVERYBODY)  # type: ignore[arg-type]


def times(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (folder / "ct").glob("*.npy")}


def test_the_manifest_says_what_is_there_and_where_it_came_from(settings: DataSettings, tmp_path: Path) -> None:
    manifest = prepare(settings)
    assert read_manifest(settings.prepared) == manifest
    assert [(entry.name, entry.kind) for entry in manifest.cts] == [
        ("one", "ct"), ("two", "ct"), ("knee", "mri"), ("19000925", "reformat"),
    ]  # fmt: skip
    one = manifest.ct("one")
    assert (one.patient, one.source, one.licence, one.credit) == ("one", "ct", "CC BY 4.0", "Somebody")
    assert one.file == str(tmp_path / "ct" / "one.nii.gz")
    assert "mu_water" in one.units and "intensity" in manifest.ct("knee").units
    assert manifest.ct("19000925").training_only and not one.training_only
    assert [item.patient for item in manifest.radiographs.items] == ["p0", "p0", "p2", "p9"]
    assert manifest.radiographs.items[0].finding == "normal"


def test_both_hashes_are_those_of_the_files(settings: DataSettings) -> None:
    entry = prepare(settings).ct("one")
    for path, stated in (
        (Path(entry.file), entry.sha256), (settings.prepared / "ct" / "one.npy", entry.prepared_sha256),
    ):  # fmt: skip
        assert hashlib.sha256(path.read_bytes()).hexdigest() == stated


def test_a_ct_becomes_relative_attenuation_in_coronal_planes(settings: DataSettings) -> None:
    prepare(settings)
    (ct,) = load_cts(settings.prepared, ["one"])
    # 48 x 40 x 60 voxels of 5 mm at (6, 10, 6) mm.
    assert ct.attenuation.shape == (20, 40, 50) and ct.attenuation.dtype == np.float16
    assert ct.spacing == (6.0, 10.0, 6.0) and isinstance(ct.attenuation, np.memmap)
    # The sum of attenuation times volume survives area averaging; 3 % of this body is taken for a table.
    voxels = np.maximum(torso(0).astype(float) / 1000 + 1, 0)
    assert ct.attenuation.astype(float).sum() * 6 * 10 * 6 == pytest.approx(voxels.sum() * 125, rel=0.03)
    assert ct.centre == pytest.approx((19.5, 9.5, 24.5), abs=0.7)


def test_an_mri_is_scaled_by_percentiles_of_the_body(settings: DataSettings) -> None:
    prepare(settings)
    doubled = replace(settings, prepared=settings.prepared.with_name("doubled"))
    write_volume(Path(settings.sources[1].path) / "knee.mha", np.maximum(torso(3) + 1000, 0).astype(np.int16) * 3)
    prepare(doubled)
    one, other = (load_cts(each.prepared, ["knee"])[0].attenuation for each in (settings, doubled))
    np.testing.assert_allclose(one, other, atol=0.002)  # units are arbitrary, so a factor changes nothing
    assert one.min() == 0 and 0.9 < np.percentile(one[one > 0.3], 99) < 1.2


def test_a_reformat_keeps_head_up_and_left_left(settings: DataSettings) -> None:
    prepare(settings)
    (plane,) = load_cts(settings.prepared, ["19000925"])
    assert plane.attenuation.shape == (1, 40, 50)
    volume = np.maximum(torso(4)[:, 20].astype(np.float32) / 1000 + 1, 0)
    np.testing.assert_allclose(
        plane.attenuation[0], cv2.resize(volume, (50, 40), interpolation=cv2.INTER_AREA), atol=2e-3
    )


def test_radiographs_lie_on_one_grid_and_the_held_out_do_not_train(settings: DataSettings) -> None:
    manifest = prepare(settings)
    split = make_split(manifest, settings.split)
    assert manifest.radiographs.side == 100 and manifest.radiographs.spacing_mm == pytest.approx(4.3)
    assert split.held_out_radiographs == {"0", "1"}  # both of p0, the first of every three patients
    images = load_radiographs(settings.prepared, split)
    assert images.shape == (2, 100, 100) and images.dtype == np.uint8
    expected = cv2.resize(radiograph(2), (100, 100), interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(images[0], expected)


def test_a_radiograph_of_another_shape_is_centred_and_its_rim_repeated(tmp_path: Path) -> None:
    write_png(tmp_path / "x" / "tall.png", radiograph(1)[:, 48:208])
    settings = only(tmp_path / "x", tmp_path / "p", kind="radiograph", polarity="bone-bright")
    manifest = prepare(replace(settings, radiograph_spacing_mm=4.3))
    top, bottom, left, right = manifest.radiographs.items[0].field
    assert (top, bottom) == (0, 100) and right - left == 62
    image = open_radiographs(manifest)[0]
    assert (image[:, 0] == image[:, left]).all() and (image[:, -1] == image[:, right - 1]).all()


def test_a_second_run_prepares_nothing(settings: DataSettings, capsys: pytest.CaptureFixture[str]) -> None:
    first = prepare(settings)
    before = times(settings.prepared)
    capsys.readouterr()
    assert prepare(settings) == first
    assert "0 prepared now, 8 unchanged" in capsys.readouterr().out
    assert times(settings.prepared) == before


def test_what_changed_is_prepared_again_and_nothing_else(settings: DataSettings, tmp_path: Path) -> None:
    first = prepare(settings)
    before = times(settings.prepared)
    write_volume(tmp_path / "ct" / "two.nii.gz", torso(7))
    write_png(tmp_path / "xray" / "2.png", radiograph(8))
    second = prepare(settings)
    changed = {name for name, time in times(settings.prepared).items() if time != before[name]}
    assert changed == {"two.npy"}
    assert first.ct("two").sha256 != second.ct("two").sha256
    assert [item.row for item in second.radiographs.items] == [0, 1, 4, 3]


def test_other_settings_and_other_code_prepare_again(settings: DataSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    coarse = replace(settings, prepared_spacing_mm=(12.0, 20.0, 12.0))
    assert prepare(settings).ct("one").shape != prepare(coarse).ct("one").shape
    before = times(settings.prepared)
    # A credit is no reason.
    prepare(replace(coarse, sources=[replace(settings.sources[0], credit="Somebody else"), *settings.sources[1:]]))
    assert times(settings.prepared) == before
    monkeypatch.setattr("inspect.getsource", lambda module: "another version")
    prepare(coarse)
    assert all(time != before[name] for name, time in times(settings.prepared).items())


def test_a_missing_or_damaged_array_is_made_again(settings: DataSettings) -> None:
    first = prepare(settings)
    (settings.prepared / "ct" / "one.npy").write_bytes(b"torn")
    (settings.prepared / "ct" / "two.npy").unlink()
    assert prepare(settings) == first
    assert len(load_cts(settings.prepared, ["one", "two"])) == 2


def test_an_interrupted_run_goes_on_where_it_stopped(
    settings: DataSettings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    read = volumes.read_volume

    def interrupted(image: object) -> object:
        if image.name == "two":  # type: ignore[attr-defined]
            raise KeyboardInterrupt
        return read(image)  # type: ignore[arg-type]

    monkeypatch.setattr(volumes, "read_volume", interrupted)
    monkeypatch.setattr("inspect.getsource", lambda module: "")  # the patched function is no other version
    with pytest.raises(KeyboardInterrupt):
        prepare(settings)
    assert "same command goes on" in capsys.readouterr().err
    monkeypatch.setattr(volumes, "read_volume", read)
    before = times(settings.prepared)
    manifest = prepare(settings)
    assert list(before) == ["one.npy"] and times(settings.prepared)["one.npy"] == before["one.npy"]
    assert len(manifest.cts) == 4 and len(manifest.radiographs.items) == 4


@pytest.mark.parametrize("cut", [1, 17])
def test_radiographs_interrupted_between_row_and_journal_are_whole_afterwards(settings: DataSettings, cut: int) -> None:
    expected = open_radiographs(prepare(settings)).copy()
    journal = settings.prepared / "radiographs.jsonl"
    journal.write_bytes(journal.read_bytes()[:-cut])  # the last line is torn, its row is there
    manifest = prepare(settings)
    np.testing.assert_array_equal(open_radiographs(manifest), expected)
    os.truncate(settings.prepared / "radiographs.u8", 100 * 100 * 2 + 5)  # a row and a half are lost
    manifest = prepare(settings)
    np.testing.assert_array_equal(
        open_radiographs(manifest)[[item.row for item in manifest.radiographs.items]], expected
    )


def test_a_full_disk_leaves_no_half_array_and_says_how_to_go_on(settings: DataSettings) -> None:
    resource = pytest.importorskip("resource")  # a limit on the size of files fails as a full disk does
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(XrayToCTError, match=r"one.npy could not be written: File too large.*same command"):
            prepare(settings)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    left = [path.name for path in settings.prepared.rglob("*") if path.is_file()]
    assert sorted(left) == [".preparing.lock", "content_hashes.jsonl"]
    assert len(prepare(settings).cts) == 4


def test_radiographs_that_do_not_fit_on_the_disk_go_on_later(settings: DataSettings) -> None:
    resource = pytest.importorskip("resource")
    expected = open_radiographs(prepare(settings)).copy()
    again = replace(settings, prepared=settings.prepared.with_name("again"), sources=settings.sources[3:])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (25_000, limits[1]))  # two and a half rows
    try:
        with pytest.raises(XrayToCTError, match=r"radiographs\.u8 could not be written"):
            prepare(again)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    np.testing.assert_array_equal(open_radiographs(prepare(again)), expected)


def test_several_processes_prepare_the_same_arrays(settings: DataSettings) -> None:
    alone = prepare(settings)
    together = prepare(replace(settings, prepared=settings.prepared.with_name("together"), workers=2))
    assert [e.prepared_sha256 for e in alone.cts] == [e.prepared_sha256 for e in together.cts]


def test_a_folder_that_is_being_prepared_is_left_alone(settings: DataSettings) -> None:
    from filelock import FileLock

    settings.prepared.mkdir()
    with FileLock(settings.prepared / ".preparing.lock"), pytest.raises(XrayToCTError, match="another process"):
        prepare(settings)


def test_reference_quantiles_come_from_training_patients_alone(settings: DataSettings) -> None:
    manifest = prepare(settings)
    with_two = reference_quantiles(manifest, make_split(manifest, SplitSettings(test=["one"])))
    assert with_two.line_integrals == pytest.approx(manifest.ct("two").quantiles)
    both = reference_quantiles(manifest, make_split(manifest, EVERYBODY))
    means = np.mean([manifest.ct(name).quantiles for name in ("one", "two")], axis=0)
    assert both.line_integrals == pytest.approx(means.tolist())
    short = replace(manifest, cts=tuple(replace(entry, quantiles=None) for entry in manifest.cts))
    with pytest.raises(XrayToCTError, match="No training CT is longer than 200 mm"):
        reference_quantiles(short, make_split(short, EVERYBODY))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "holds no prepared data"),
        ("{", "damaged"),
        ('{"format": 1}', "another version"),
        ('{"format": 2}', "damaged"),
    ],
)
def test_a_folder_without_a_whole_manifest_is_refused(content: str | None, sentence: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(XrayToCTError, match=sentence):
        read_manifest(tmp_path)


def test_the_collections_at_hand_are_prepared_as_before(real_data: Path, tmp_path: Path) -> None:
    """Eight radiographs and the smallest CT; a whole preparation takes half a minute."""
    settings = DataSettings(
        sources=[
            SourceSettings(real_data / "chest_ct", include=["CIP-ct64"]),
            SourceSettings(
                real_data / "xray", kind="radiograph", patient_from="csv", include=["0000130*", "00001362*"]
            ),
        ],
        prepared=tmp_path / "p",
        split=EVERYBODY,
    )
    manifest: Manifest = prepare(settings)
    assert manifest.ct("CIP-ct64").shape == (67, 158, 178) and manifest.radiographs.side == 287
    for item in manifest.radiographs.items:
        image = cv2.imread(str(real_data / "xray" / f"{item.name}.png"), cv2.IMREAD_GRAYSCALE)
        expected = cv2.resize(image, (287, 287), interpolation=cv2.INTER_AREA)
        np.testing.assert_array_equal(open_radiographs(manifest)[item.row], expected)
    check_leaks(manifest, make_split(manifest, settings.split))
