"""``xray-to-ct enhance``, and pipelines in front of ``translate``: exit codes, files, and what is told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from enhancement_radiographs import chest_like
from tiny_bundle import write_tiny_bundle

import XrayToCTLib as x2ct
from XrayToCTLib.cli import main
from XrayToCTLib.commands.pipeline_option import pipeline_option
from XrayToCTLib.enhancement.history import enhancement_names, enhancement_sentences
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.models import registry
from XrayToCTLib.translation.sanity import input_warnings


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    models = tmp_path_factory.mktemp("models")
    write_tiny_bundle(models / "tiny")
    monkeypatch.setenv("XRAYTOCT_MODELS", str(models))
    monkeypatch.setattr(registry, "_BUNDLED", tmp_path_factory.mktemp("no-models"))
    monkeypatch.setenv("XRAYTOCT_PIPELINES", str(tmp_path_factory.mktemp("pipelines")))


@pytest.fixture
def png(tmp_path: Path) -> Path:
    path = tmp_path / "chest.png"
    sitk.WriteImage(sitk.GetImageFromArray(chest_like(top=60000).pixels[0].astype(np.uint16)), str(path))
    return path


def pixels_of(path: Path) -> np.ndarray:
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))


def test_an_enhanced_png_keeps_16_bits_and_the_inputs_range(png, capsys):
    output = png.with_name("out.png")
    assert main(["enhance", str(png), "-o", str(output), "--polarity", "bone-bright"]) == 0
    said = capsys.readouterr()
    assert said.out.strip() == str(output)
    assert "chest clarity" in said.err and "does not state the pixel spacing" in said.err
    result = pixels_of(output)
    assert result.dtype == np.uint16
    assert result.shape == (96, 80)
    assert np.unique(result).size > 3000


def test_a_pipeline_without_filters_copies_the_image(png, capsys):
    output = png.with_name("out.nrrd")
    assert main(["enhance", str(png), "-o", str(output), "--pipeline", "none", "--polarity", "bone-bright"]) == 0
    assert "does not state" not in capsys.readouterr().err
    np.testing.assert_array_equal(pixels_of(output), pixels_of(png))


def test_json_says_what_ran_and_what_it_did(png, capsys):
    output = png.with_name("out.mha")
    arguments = ["--pipeline", "clahe", "--set", "clip_limit=3", "--set", "clahe.tile=20", "--json"]
    assert main(["enhance", str(png), "-o", str(output), *arguments]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["pipeline"]["name"] == "clahe (changed)"
    assert record["pipeline"]["steps"][0]["parameters"] == {"clip_limit": 3.0, "tile": 20.0, "strength": 1.0}
    assert record["figures"]["after"]["entropy"] != record["figures"]["before"]["entropy"]
    assert set(enhancement_sentences(x2ct.read_radiograph(output).history)) <= set(record["history"])


def test_what_ran_is_in_the_dicom_file_and_comes_back(png):
    pydicom = pytest.importorskip("pydicom")
    output = png.with_name("out.dcm")
    assert main(["enhance", str(png), "-o", str(output), "--pipeline", "bone detail"]) == 0
    dataset = pydicom.dcmread(output)
    said = dataset.DerivationDescription
    assert said.startswith('The pixel spacing was assumed. Enhanced with "bone detail": wavelet (')
    assert dataset.BodyPartExamined == ""  # a PNG does not say, so nor does the file
    back = x2ct.read_radiograph(output)
    assert enhancement_names(back.history) == ("bone detail",)
    # a second pipeline on top of the first
    assert main(["enhance", str(output), "-o", str(png.with_name("twice.dcm")), "--pipeline", "median"]) == 0
    assert enhancement_names(x2ct.read_radiograph(png.with_name("twice.dcm")).history) == ("bone detail", "median")
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
    dataset.is_little_endian, dataset.is_implicit_VR = True, True
    dataset.save_as(png.with_name("implicit.dcm"), write_like_original=False)
    assert x2ct.read_radiograph(png.with_name("implicit.dcm")).history[-2:] == back.history[-2:]


def test_a_radiograph_that_was_not_enhanced_says_nothing_of_it(tmp_path):
    pydicom = pytest.importorskip("pydicom")
    from XrayToCTLib.dicom.write_dx import write_dx

    path = write_dx(chest_like(), tmp_path / "a.dcm", patient_id="1", derivation="Simulated.")
    assert (0x0079, 0x1003) not in pydicom.dcmread(path)
    assert enhancement_names(x2ct.read_radiograph(path).history) == ()


def test_the_grid_shows_every_preset_and_the_pipeline_and_its_figures(png, capsys):
    grid = png.with_name("sheet.png")
    assert main(["enhance", str(png), "--grid", str(grid), "--pipeline", "median", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    shown = [row["pipeline"] for row in record["candidates"]]
    assert shown[0] == "none"
    assert shown[-1] == "median"
    assert {"chest clarity", "low dose"} < set(shown)
    assert all(row["noise"] > 0 for row in record["candidates"])
    height, width, _ = pixels_of(grid).shape
    assert min(height, width) > 800


def test_a_reference_adds_fidelity(png, tmp_path, capsys):
    clean = tmp_path / "clean.png"
    sitk.WriteImage(sitk.GetImageFromArray(chest_like(top=60000, noise=0).pixels[0].astype(np.uint16)), str(clean))
    arguments = ["--grid", str(tmp_path / "s.png"), "-o", str(tmp_path / "o.nrrd"), "--polarity", "bone-bright"]
    arguments += ["--pipeline", "wavelet", "--reference", str(clean), "--json"]
    assert main(["enhance", str(png), *arguments]) == 0
    record = json.loads(capsys.readouterr().out)
    rows = {row["pipeline"]: row for row in record["candidates"]}
    assert rows["wavelet"]["psnr_db"] > rows["none"]["psnr_db"] + 1
    assert record["fidelity"]["psnr_db"] == rows["wavelet"]["psnr_db"]
    assert 0 < rows["wavelet"]["ssim"] <= 1


def test_a_reference_of_another_size_is_refused_and_nothing_is_left(png, tmp_path, capsys):
    other = tmp_path / "other.png"
    sitk.WriteImage(sitk.GetImageFromArray(chest_like((40, 30)).pixels[0].astype(np.uint16)), str(other))
    before = set(tmp_path.iterdir())
    grid = tmp_path / "s.png"
    assert main(["enhance", str(png), "--grid", str(grid), "--reference", str(other)]) == 1
    assert "reference" in capsys.readouterr().err
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize("json_wanted", [True, False])
def test_list_names_presets_filters_and_parameters(json_wanted, capsys):
    assert main(["enhance", "--list", *(["--json"] if json_wanted else [])]) == 0
    out = capsys.readouterr().out
    assert "chest clarity" in out
    assert "clip_limit" in out
    if json_wanted:
        (clahe,) = (entry for entry in json.loads(out)["filters"] if entry["name"] == "clahe")
        assert clahe["parameters"][1]["unit"] == "mm"


@pytest.mark.parametrize(
    "arguments",
    [
        ["-o", "a.png"],
        ["IN"],
        ["IN", "-o", "a.xyz"],
        ["IN", "--grid", "a.jpg"],
        ["IN", "-o", "same.png", "--grid", "same.png"],
    ],
)
def test_a_command_line_that_makes_no_sense_exits_with_2(arguments, png):
    with pytest.raises(SystemExit) as caught:
        main(["enhance", *(str(png) if word == "IN" else word for word in arguments)])
    assert caught.value.code == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--pipeline", "sharpest"], "no pipeline 'sharpest'"),
        (["--set", "amount"], "'amount' sets nothing"),
        (["--pipeline", "clahe", "--set", "amount=2"], "no step of clahe has a parameter 'amount'"),
        (["--pipeline", "clahe", "--set", "2.tile=2"], "no step '2'"),
        (["--pipeline", "clahe", "--set", "tile=2000"], "tile is 2000 mm"),
        (["--pipeline", "clahe", "--set", "1.enabled=3"], "enabled is 3"),
        (["--pipeline", "as the seed project", "--set", "strength=1"], "several steps"),
        (["--frame", "3"], "no frame 3"),
    ],
)
def test_what_cannot_be_done_exits_with_1_and_says_why(arguments, told, png, capsys):
    output = png.with_name("out.png")
    assert main(["enhance", str(png), "-o", str(output), *arguments]) == 1
    assert told in capsys.readouterr().err
    assert not output.exists()


def test_neither_the_input_nor_a_file_that_is_there_is_replaced(png, capsys):
    before = png.read_bytes()
    assert main(["enhance", str(png), "-o", str(png), "--overwrite"]) == 1
    other = png.with_name("there.png")
    other.write_bytes(b"x")
    assert main(["enhance", str(png), "-o", str(other)]) == 1
    assert (png.read_bytes(), other.read_bytes()) == (before, b"x")
    assert main(["enhance", str(png), "-o", str(other), "--overwrite"]) == 0


def test_a_setting_can_name_a_step_by_number_or_filter():
    changed = pipeline_option("as the seed project", ["1.strength=0.25", "clahe.strength=0.5", "3.enabled=false"])
    assert changed.steps[0].values["strength"] == 0.25
    assert changed.steps[1].values["strength"] == 0.5
    assert not changed.steps[2].enabled
    with pytest.raises(XrayToCTError, match="denoiser"):
        pipeline_option("variance_stabilised", ["denoiser=magic"])


def test_translate_enhances_first_and_the_stack_says_so(png, capsys):
    output = png.with_name("stack.nrrd")
    arguments = ["--spacing", "2", "-o", str(output), "--enhance", "chest clarity"]
    assert main(["translate", str(png), *arguments]) == 0
    stack = x2ct.read_stack(output)
    assert stack.provenance["enhancement"].startswith('Enhanced with "chest clarity": ')
    assert any("not enhanced: HU may be off" in warning for warning in stack.warnings)
    plain = png.with_name("plain.nrrd")
    assert main(["translate", str(png), "--spacing", "2", "-o", str(plain)]) == 0
    assert "enhancement" not in x2ct.read_stack(plain).provenance
    assert not np.array_equal(x2ct.read_stack(plain).hu, stack.hu)
    assert main(["translate", str(png), "--enhance", "sharpest", "--overwrite"]) == 1


def test_the_stack_warns_when_the_models_pipeline_is_not_the_radiographs():
    (card,) = x2ct.models()
    assert card.enhancement == "none"
    wanting = type(card).from_record({**card.to_record(), "enhancement": "low dose"})
    assert wanting.to_record()["enhancement"] == "low dose"
    assert "enhancement" not in card.to_record()
    plain = chest_like()
    enhanced = x2ct.enhance(plain, "low dose")

    def told(radiograph, card) -> list[str]:
        return [warning for warning in input_warnings(radiograph, card) if "nhanced" in warning]

    assert told(plain, card) == []
    assert told(enhanced, wanting) == []
    assert 'was enhanced with "low dose"' in told(enhanced, card)[0]
    assert "was not enhanced" in told(plain, wanting)[0]
    assert told(x2ct.enhance(enhanced, "median"), wanting) != []
    assert told(replace(plain, history=("Not Enhanced with care.",)), card) == []


def test_a_reference_of_other_pixels_is_refused_before_anything_is_written(png, tmp_path, capsys):
    other = tmp_path / "other.png"
    sitk.WriteImage(sitk.GetImageFromArray(pixels_of(png)[:, ::2]), str(other))
    arguments = ["-o", str(tmp_path / "out.png"), "--grid", str(tmp_path / "grid.png"), "--reference", str(other)]
    assert main(["enhance", str(png), *arguments]) == 1
    assert "same pixels" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"chest.png", "other.png"}
