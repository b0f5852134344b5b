"""A DICOM series or stack as a candidate of a study: read like any volume, checked, and refused in clear words."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from study_files import write_images
from training_data_sources import write_series

import XrayToCTLib as x2ct
from XrayToCTLib import XrayToCTError
from XrayToCTLib.ct_stack import CtStack
from XrayToCTLib.radiograph import View
from XrayToCTLib.reader_study import check_images, create_study, files_of_folder, files_of_table, write_study
from XrayToCTLib.reader_study.study_image import read_checked_image, read_study_image


@pytest.fixture
def values(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(-1000, 1000, (4, 10, 8)).astype(np.int16)


def write_candidates(folder: Path, values: np.ndarray) -> Path:
    """A CT series as the real image, and a DICOM stack as a method's; returns the folder."""
    write_series(folder / "real" / "patient1", values)
    stack = CtStack(hu=values.astype(np.float32), spacing=(2.0, 3.0), slab_thickness=20.0, view=View.PA)
    x2ct.write_dicom(stack, folder / "model", patient_id="P1", name="patient1.dcm")
    return folder


def test_a_folder_of_a_series_and_a_dicom_stack_are_candidates(tmp_path: Path, values: np.ndarray) -> None:
    files = files_of_folder(write_candidates(tmp_path / "images", values))
    assert [(file.case, file.method) for file in files] == [("patient1", "model"), ("patient1", "real")]
    study = create_study(files, tmp_path, id="x").study
    path = write_study(study, tmp_path / "study.json")
    assert check_images(study, path) == []
    stack, series = study.cases[0].candidates
    assert series.file == "images/real/patient1"
    assert series.bytes == sum(file.stat().st_size for file in (tmp_path / series.file).iterdir())
    shown = read_checked_image(tmp_path / series.file, series.sha256)
    np.testing.assert_array_equal(shown.voxels, values)
    assert shown.ijk_to_ras[0, 0] < 0 < shown.ijk_to_ras[2, 2]  # LPS on the disk
    shown = read_study_image(tmp_path / stack.file)
    assert shown.spacing == (3.0, 2.0, 20.0)
    assert sorted(shown.voxels.ravel()) == sorted(values.ravel())


def test_a_series_is_known_by_its_files_whatever_lies_beside_them(tmp_path: Path, values: np.ndarray) -> None:
    folder = write_candidates(tmp_path / "images", values) / "real" / "patient1"
    study = create_study(files_of_folder(tmp_path / "images"), tmp_path, id="x").study
    path = write_study(study, tmp_path / "study.json")
    (folder / ".DS_Store").write_bytes(b"a file of the desktop")
    first, second = sorted(folder.glob("*.dcm"))[:2]
    second.rename(folder / "renamed.dcm")
    assert check_images(study, path) == []
    first.unlink()
    assert check_images(study, path) == ["images/real/patient1 was changed after the study had been made."]
    shutil.rmtree(folder)
    assert check_images(study, path) == ["images/real/patient1 is missing."]


def test_a_folder_with_no_series_or_with_several_is_refused_by_name(tmp_path: Path, values: np.ndarray) -> None:
    table = tmp_path / "table.csv"
    table.write_text("case,method,origin,file\npatient1,real,real,scans\n", encoding="utf-8")
    (tmp_path / "scans").mkdir()
    with pytest.raises(XrayToCTError, match="scans holds no DICOM series") as refused:
        create_study(files_of_table(table), tmp_path, id="x")
    assert "directly holds the files" in refused.value.hint
    write_series(tmp_path / "scans", values)
    write_series(tmp_path / "scans", values[:2], series=2)
    with pytest.raises(XrayToCTError, match=r"2 DICOM series \(CT series 1, 4 files; CT series 2, 2 files\)"):
        create_study(files_of_table(table), tmp_path, id="x")


def test_folders_of_methods_that_lie_too_deep_are_not_taken_for_series(tmp_path: Path) -> None:
    write_images(tmp_path / "study" / "images")
    with pytest.raises(XrayToCTError, match="study holds no folders with images"):
        files_of_folder(tmp_path / "study")


def test_a_folder_with_one_multi_frame_file_is_a_volume(tmp_path: Path, values: np.ndarray) -> None:
    write_candidates(tmp_path, values)
    image = read_study_image(tmp_path / "model")
    assert image.voxels.shape == values.shape
