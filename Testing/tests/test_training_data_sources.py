"""What the preparation reads, what it refuses, and how it says so."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

cv2 = pytest.importorskip("cv2")
pytest.importorskip("tqdm")
pytest.importorskip("filelock")

from phantom_files import DX_PROCESSING, XA, dicom_file  # noqa: E402
from training_data_sources import radiograph, torso, write_png, write_series, write_volume  # noqa: E402

from Training.data.prepare import prepare  # noqa: E402
from Training.data.radiographs import open_radiographs  # noqa: E402
from Training.data.settings import DataSettings, SourceSettings, SplitSettings  # noqa: E402
from XrayToCTLib.errors import XrayToCTError  # noqa: E402

EVERYBODY = SplitSettings(folds=0)


def only(path: Path, folder: Path, **what: object) -> DataSettings:
    """One source, and everybody trains."""
    return DataSettings([SourceSettings(path, **what)], folder, (6.0, 10.0, 6.0), split=EVERYBODY)  # type: ignore[arg-type]


def test_a_dicom_series_is_the_same_as_its_nifti(tmp_path: Path) -> None:
    write_series(tmp_path / "in" / "scan", torso(5), patient="Jane")
    write_volume(tmp_path / "in" / "copy.nrrd", torso(5))
    settings = replace(only(tmp_path / "in" / "scan", tmp_path / "p", patient_from="dicom"))
    both = replace(settings, sources=[*settings.sources, SourceSettings(tmp_path / "in" / "copy.nrrd")])
    manifest = prepare(both)
    assert manifest.ct("scan").patient == "Jane"
    assert manifest.ct("scan").prepared_sha256 == manifest.ct("copy").prepared_sha256


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for index in (1, 2):
        write_volume(tmp_path / "in" / f"patient{index}" / "ct.nii.gz", torso(index))
    manifest = prepare(only(tmp_path / "in", tmp_path / "p"))
    assert [(e.name, e.patient) for e in manifest.cts] == [
        ("patient1-ct", "patient1-ct"),
        ("patient2-ct", "patient2-ct"),
    ]
    manifest = prepare(only(tmp_path / "in", tmp_path / "p", patient_from="folder"))
    assert [entry.patient for entry in manifest.cts] == ["patient1", "patient2"]


def test_a_catalogue_gives_each_file_the_licence_of_its_data_set(tmp_path: Path) -> None:
    for index, name in enumerate(("LIDC-1", "Own-1")):
        write_volume(tmp_path / "in" / f"{name}.mha", torso(index))
    (tmp_path / "sets.yaml").write_text(
        "- {match: LIDC, name: TCIA LIDC-IDRI, licence: CC BY 3.0, credit: Armato, url: https://doi.org/1}"
    )
    settings = only(tmp_path / "in", tmp_path / "p", catalogue=tmp_path / "sets.yaml", name="Ours", licence="CC0")
    lidc, own = prepare(settings).cts
    assert (lidc.source, lidc.licence, lidc.credit, lidc.url) == (
        "TCIA LIDC-IDRI", "CC BY 3.0", "Armato", "https://doi.org/1",
    )  # fmt: skip
    assert (own.source, own.licence) == ("Ours", "CC0")


def test_dicom_radiographs_keep_their_order_of_grey_and_their_size(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    stored = (radiograph(1).astype(np.uint16) * 15 + rng.integers(0, 15, (256, 256))).astype(np.uint16)
    (tmp_path / "x").mkdir()
    common = {"sop_class": DX_PROCESSING, "modality": "DX", "BitsStored": 12, "PatientID": "Jane"}
    common["ImagerPixelSpacing"] = [1.0, 1.0]
    dicom_file(tmp_path / "x" / "good", stored, ViewPosition="PA", **common)  # no suffix, as scanners write them
    dicom_file(tmp_path / "x" / "lateral.dcm", stored, ViewPosition="LL", **common)
    dicom_file(tmp_path / "x" / "run.dcm", np.stack([stored] * 3), sop_class=XA, modality="XA")
    settings = only(tmp_path / "x", tmp_path / "p", kind="radiograph", patient_from="dicom")
    manifest = prepare(replace(settings, radiograph_spacing_mm=4.3))
    (item,) = manifest.radiographs.items
    assert (item.name, item.patient, item.view) == ("good", "Jane", "PA")
    # 256 mm of 430 mm, in the middle.
    assert item.field == (20, 80, 20, 80)
    inside = open_radiographs(manifest)[0][20:80, 20:80].astype(float)
    expected = cv2.resize(stored, (60, 60), interpolation=cv2.INTER_AREA)
    assert abs(np.corrcoef(inside.ravel(), expected.ravel())[0, 1]) > 0.99
    reasons = {skipped.name: skipped.reason for skipped in manifest.skipped}
    assert "lateral" in reasons["lateral"] and "3 frames" in reasons["run"]


def truncated(folder: Path) -> None:
    path = write_volume(folder / "bad.nii.gz", torso(1))
    path.write_bytes(path.read_bytes()[:5000])


def mixed_series(folder: Path) -> None:
    write_series(folder / "bad", torso(1)[:8], series=1)
    write_series(folder / "bad", torso(1)[:8], series=2)


def missing_slice(folder: Path) -> None:
    write_series(folder / "bad", torso(1)[:9])
    (folder / "bad" / "1-001.dcm").unlink()


def no_spacing(folder: Path) -> None:
    path = write_volume(folder / "bad.nrrd", torso(1))
    content = path.read_bytes()
    path.write_bytes(b"\n".join(line for line in content.split(b"\n") if not line.startswith(b"space directions")))


def no_pixel_spacing(folder: Path) -> None:
    import pydicom

    for path in write_series(folder / "bad", torso(1)[:8]).iterdir():
        header = pydicom.dcmread(path)
        del header.PixelSpacing
        header.save_as(path)


def colour_volume(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((8, 8, 8, 3), np.uint8), isVector=True), str(folder / "bad.mha"))


def four_d(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    sitk.WriteImage(sitk.GetImageFromArray(np.stack([torso(1)] * 3), isVector=False), str(folder / "bad.nii.gz"))


def holds_nan(folder: Path) -> None:
    values = torso(1).astype(np.float32)
    values[3, 3, 3] = np.nan
    write_volume(folder / "bad.mha", values)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda folder: (folder / "bad.nii.gz").write_bytes(b"not an image"), "truncated or damaged|cannot be read"),
        (lambda folder: (folder / "bad.mha").write_bytes(b""), "cannot be read"),
        (truncated, "truncated or damaged"),
        (mixed_series, r"holds 2 DICOM series \(CT series 1, 8 files; CT series 2, 8 files\)"),
        (missing_slice, "lacks slices: 10 mm between two of them, 5 mm"),
        (no_spacing, "states no voxel spacing"),
        (no_pixel_spacing, "states no Pixel Spacing"),
        (colour_volume, "colour or vector"),
        (four_d, r"is 4D \(3 volumes"),
        (holds_nan, "NaN"),
        (lambda folder: write_volume(folder / "bad.mha", torso(1), (500.0, 1.0, 1.0)), "impossible voxel spacing"),
        (lambda folder: write_volume(folder / "bad.mha", torso(1) + 1024), "does not hold Hounsfield units"),
        (lambda folder: write_volume(folder / "bad.mha", torso(1) // 2), "does not look like a CT"),
        (lambda folder: write_volume(folder / "bad.mha", torso(1)[:1]), "is no volume"),
    ],
)  # fmt: skip
def test_a_broken_volume_is_reported_skipped_and_counted(
    make: Callable[[Path], object], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_volume(tmp_path / "in" / "good.nii.gz", torso(2))
    make(tmp_path / "in")
    manifest = prepare(only(tmp_path / "in", tmp_path / "p"))
    assert [entry.name for entry in manifest.cts] == ["good"]
    (skipped,) = json.loads((tmp_path / "p" / "manifest.json").read_text())["skipped"]
    assert skipped["name"] == "bad" and re.search(sentence, skipped["reason"]), skipped
    printed = capsys.readouterr().out
    assert "1 skipped" in printed and skipped["reason"] in printed


def test_a_spacing_may_be_given_for_files_that_state_none(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    no_spacing(tmp_path / "in")
    manifest = prepare(only(tmp_path / "in", tmp_path / "p", spacing_mm=(5.0, 5.0, 5.0)))
    assert manifest.ct("bad").spacing == (6.0, 10.0, 6.0)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n torn"), "truncated"),
        (lambda path: path.write_bytes(b""), "empty"),
        (lambda path: write_png(path, np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)), "colour"),
        (lambda path: write_png(path, np.full((64, 64), 9, np.uint8)), "constant"),
    ],
)  # fmt: skip
def test_a_broken_radiograph_is_reported_skipped_and_counted(
    make: Callable[[Path], object], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_png(tmp_path / "in" / "good.png", radiograph(1))
    make(tmp_path / "in" / "bad.png")
    manifest = prepare(replace(only(tmp_path / "in", tmp_path / "p", kind="radiograph"), split=EVERYBODY))
    assert [item.name for item in manifest.radiographs.items] == ["good"]
    assert sentence in manifest.skipped[0].reason and "1 skipped" in capsys.readouterr().out


def test_rows_of_the_index_and_images_without_each_other_are_reported(tmp_path: Path) -> None:
    for name in ("known", "unknown"):
        write_png(tmp_path / "x" / f"{name}.png", radiograph(len(name)))
    (tmp_path / "x" / "index.csv").write_text("file,patient\nknown.png,p1\ngone.png,p2\n")
    manifest = prepare(only(tmp_path / "x", tmp_path / "p", kind="radiograph", patient_from="csv"))
    assert [item.patient for item in manifest.radiographs.items] == ["p1"]
    assert {item.name: item.reason for item in manifest.skipped}.keys() == {"unknown", "gone"}


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ({"path": "absent"}, "There is no folder or file"),
        ({"path": "empty"}, "holds no ct image"),
        ({"path": "ct", "include": ["other*"]}, "include and exclude leave over"),
        ({"path": "ct", "patient_from": "csv"}, "index .* cannot be read"),
        ({"path": "ct", "index": "wrong.csv", "patient_from": "csv"}, "has no column file"),
        ({"path": "ct", "catalogue": "wrong.csv"}, "catalogue .* cannot be read"),
    ],
)
def test_a_source_that_cannot_be_meant_stops_the_run(what: dict, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "README.txt").write_text("nothing here")
    (tmp_path / "wrong.csv").write_text("name,who\na,b\n")
    write_volume(tmp_path / "ct" / "one.nii.gz", torso(1))
    what = {key: tmp_path / value if key in ("path", "index", "catalogue") else value for key, value in what.items()}
    with pytest.raises(XrayToCTError, match=sentence):
        prepare(only(**what, folder=tmp_path / "p"))
