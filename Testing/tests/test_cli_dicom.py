"""xray-to-ct translate --dicom and --trust: the stack as a DICOM object, and how far it is to be believed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from tiny_bundle import make_radiograph, write_tiny_bundle

from XrayToCTLib.cli import main
from XrayToCTLib.dicom import write_dx

pydicom = pytest.importorskip("pydicom")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny_bundle(tmp_path_factory.mktemp("models") / "tiny").folder)


def test_a_dicom_radiograph_gives_a_dicom_stack_of_the_same_study(
    tiny: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_dx(make_radiograph(), tmp_path / "chest.dcm", patient_id="P-9", derivation="Blobs.")
    out = tmp_path / "dicom"
    arguments = ["translate", str(source), "--model", tiny, "--device", "torch-cpu", "--dicom", str(out), "--json"]
    assert main(arguments) == 0
    row = json.loads(capsys.readouterr().out)["results"][0]
    written, given = pydicom.dcmread(row["dicom"]), pydicom.dcmread(source)
    assert Path(row["dicom"]).parent == out
    assert (written.PatientID, written.StudyInstanceUID) == ("P-9", given.StudyInstanceUID)
    assert written.ContributingEquipmentSequence[0].ManufacturerModelName == "tiny@0.1.0"
    stack = sitk.GetArrayFromImage(sitk.ReadImage(row["output"]))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(sitk.ReadImage(row["dicom"])), stack)


def test_a_picture_needs_a_patient_id_and_fails_whole_without_one(
    tiny: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "chest.png"
    pixels = make_radiograph().pixels[0]
    sitk.WriteImage(sitk.GetImageFromArray((pixels / pixels.max() * 65535).astype(np.uint16)), str(picture))
    arguments = ["translate", str(picture), "--model", tiny, "--device", "torch-cpu", "--dicom", str(tmp_path / "out")]
    assert main(arguments) == 1
    assert "patient_id" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"chest.png"}
    assert main([*arguments, "--patient-id", "P-10"]) == 0
    assert pydicom.dcmread(tmp_path / "out" / "chest-ct-like-stack.dcm").PatientID == "P-10"


def test_trust_is_said_line_by_line_and_in_the_json(
    tiny: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_dx(make_radiograph(), tmp_path / "chest.dcm", patient_id="P-9", derivation="Blobs.")
    assert main(["translate", str(source), "--model", tiny, "--device", "torch-cpu", "--trust", "--json"]) == 0
    said = capsys.readouterr()
    trust = json.loads(said.out)["results"][0]["trust"]
    assert {flag["name"] for flag in trust["flags"]} >= {"input-gate", "reprojection", "origin", "unsteadiness"}
    for flag in trust["flags"]:
        assert f"{flag['level'].lower()}: {flag['sentence']}" in said.err
