"""The command xray-to-ct: exit codes, what goes to stdout, and what is left on the disk."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from tiny_bundle import make_radiograph, write_tiny_bundle

from XrayToCTLib import read_stack, write_stack
from XrayToCTLib.cli import main
from XrayToCTLib.commands import demo
from XrayToCTLib.ct_stack import CtStack
from XrayToCTLib.models import registry
from XrayToCTLib.radiograph import View


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_tiny_bundle(folder / "tiny")
    return folder


@pytest.fixture(autouse=True)
def only_the_tiny_model(model_folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XRAYTOCT_MODELS", str(model_folder))
    monkeypatch.setattr(registry, "_BUNDLED", tmp_path_factory.mktemp("no-bundled-models"))


def write_png(path: Path, shape: tuple[int, int] = (120, 90)) -> Path:
    pixels = make_radiograph(shape).pixels[0]
    sitk.WriteImage(sitk.GetImageFromArray((pixels / pixels.max() * 65535).astype(np.uint16)), str(path))
    return path


@pytest.fixture
def png(tmp_path: Path) -> Path:
    return write_png(tmp_path / "chest.png")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_translate_writes_a_stack_beside_the_file(png: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["translate", str(png)]) == 0
    said = capsys.readouterr()
    assert said.out.strip() == str(png.parent / "chest-ct-stack.nrrd")
    assert "Not for diagnostic use" in said.err
    stack = read_stack(said.out.strip())
    assert stack.hu.shape == (4, 120, 90)
    assert stack.provenance["source"].endswith("chest.png")


def test_translate_takes_spacing_view_model_and_output(png: Path, tmp_path: Path):
    output = tmp_path / "result.mha"
    arguments = ["--spacing", "1.5,2", "--view", "AP", "--model", "tiny@0.1.0", "--device", "cpu", "-o", str(output)]
    assert main(["translate", str(png), *arguments]) == 0
    stack = read_stack(output)
    assert stack.spacing == (1.5, 2.0)
    assert stack.view is View.AP
    assert stack.provenance["device"] == "cpu"


def test_json_on_stdout_is_all_that_is_there(png: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["translate", str(png), "--spacing", "2", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    (row,) = content["results"]
    assert row["ok"]
    assert row["shape"] == [4, 120, 90]
    assert row["spacing_mm"] == [2.0, 2.0]
    assert row["provenance"]["model_id"] == "tiny"
    assert Path(row["output"]).is_file()


def test_real_radiographs_go_all_the_way(real_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    files = [*sorted((real_data / "xray").glob("*.png"))[:1], *sorted((real_data / "xray_dicom").glob("*.dcm"))[:1]]
    assert main(["translate", *map(str, files), "-o", str(tmp_path), "--json"]) == 0
    for row in json.loads(capsys.readouterr().out)["results"]:
        assert row["shape"][0] == 4
        assert len(row["provenance"]["source_identity"]) > 10
        assert np.ptp(read_stack(row["output"]).hu) > 0


def test_a_stack_that_is_there_is_only_replaced_when_asked(png: Path, capsys: pytest.CaptureFixture[str]):
    target = png.parent / "chest-ct-stack.nrrd"
    target.write_bytes(b"dear to me")
    assert main(["translate", str(png)]) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert target.read_bytes() == b"dear to me"
    assert main(["translate", str(png), "--overwrite"]) == 0
    assert read_stack(target).slabs == 4


def test_the_radiograph_is_not_replaced_even_when_overwriting(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    image = sitk.GetImageFromArray(make_radiograph().pixels[0])
    image.SetSpacing((2.0, 2.0))
    file = tmp_path / "chest.nrrd"
    sitk.WriteImage(image, str(file))
    before = file.read_bytes()
    assert main(["translate", str(file), "-o", str(file), "--overwrite"]) == 1
    assert "radiograph itself" in capsys.readouterr().err
    assert file.read_bytes() == before


def test_a_bad_file_does_not_stop_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    text = tmp_path / "notes.txt"
    text.write_text("not an image")
    files = [write_png(tmp_path / "a.png"), text, tmp_path / "missing.png", write_png(tmp_path / "b.png")]
    out = tmp_path / "out"
    assert main(["translate", *map(str, files), "-o", str(out), "--json"]) == 1
    said = capsys.readouterr()
    rows = json.loads(said.out)["results"]
    assert [row["ok"] for row in rows] == [True, False, False, True]
    assert rows[1]["hint"]
    assert "notes.txt" in said.err
    assert names(out) == {"a-ct-stack.nrrd", "b-ct-stack.nrrd"}


def test_two_files_of_one_name_do_not_share_a_stack(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    files = [str(write_png(tmp_path / folder / "chest.png")) for folder in ("one", "two")]
    assert main(["translate", *files, "-o", str(tmp_path / "out"), "--overwrite"]) == 1
    assert "just written for another file" in capsys.readouterr().err


def test_a_preview_shows_all_translations(tmp_path: Path):
    files = [str(write_png(tmp_path / name)) for name in ("a.png", "b.png")]
    preview = tmp_path / "preview.png"
    assert main(["translate", *files, "-o", str(tmp_path / "out"), "--preview", str(preview)]) == 0
    picture = sitk.ReadImage(str(preview))
    assert min(picture.GetSize()) > 200


def test_ctrl_c_exits_with_130_and_leaves_nothing(png: Path, monkeypatch: pytest.MonkeyPatch):
    def interrupted(image: sitk.Image, path: str, **_: object) -> None:
        Path(path).write_bytes(b"half a stack")
        raise KeyboardInterrupt

    monkeypatch.setattr(sitk, "WriteImage", interrupted)
    assert main(["translate", str(png)]) == 130
    assert names(png.parent) == {"chest.png"}


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--model", "huge"], "tiny@0.1.0"),
        (["--device", "tpu"], "tpu"),
        (["--frame", "7"], "no frame 7"),
        (["-o", "missing/folder/stack.nrrd"], "no folder"),
        (["--spacing", "99"], "no detector"),
    ],
)
def test_what_cannot_be_done_exits_with_1_and_a_hint(
    png: Path, arguments: list[str], word: str, capsys: pytest.CaptureFixture[str]
):
    assert main(["translate", str(png), *arguments]) == 1
    said = capsys.readouterr()
    assert word in said.err
    assert "Traceback" not in said.err
    assert names(png.parent) == {"chest.png"}


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["transmogrify"],
        ["translate"],
        ["translate", "a.png", "--spacing", "wide"],
        ["translate", "a.png", "--spacing", "-1"],
        ["translate", "a.png", "--spacing", "1,2,3"],
        ["translate", "a.png", "--view", "OBLIQUE"],
        ["translate", "a.png", "-o", "stack.jpg"],
        ["translate", "a.png", "b.png", "-o", "stack.nrrd"],
        ["translate", "a.png", "--preview", "picture.bmp"],
        ["compare", "a.nrrd"],
        ["compare", "a.nrrd", "b.nrrd", "--report", "page.pdf"],
        ["project", "ct.nii.gz"],
        ["project", "ct.nii.gz", "-o", "drr.jpg"],
        ["project", "ct.nrrd", "-o", "ct.nrrd"],
    ],
)
def test_a_command_line_that_makes_no_sense_exits_with_2(arguments: list[str]):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


@pytest.mark.parametrize("spacing", ["0", "wide", "nan", "1,2,3", "0.5;0.5"])
def test_a_spacing_that_cannot_be_is_explained(spacing: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(["translate", "a.png", "--spacing", spacing])
    assert "one number or ROW,COLUMN, in mm, above 0" in capsys.readouterr().err


def test_exit_codes_reach_the_shell(png: Path, repository: Path):
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "XrayToCTLib", *arguments]
        return subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)

    done = run("translate", str(png), "--model", "tiny")
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_file()
    failed = run("translate", str(png), "--model", "huge", "--json")
    assert failed.returncode == 1
    assert "huge" in json.loads(failed.stdout)["error"]
    assert "Traceback" not in failed.stderr
    assert run("translate").returncode == 2
    assert run("--help").returncode == 0


def test_models_lists_the_cards(capsys: pytest.CaptureFixture[str]):
    assert main(["models"]) == 0
    text = capsys.readouterr().out
    assert "tiny@0.1.0  (default)" in text
    assert "MAE 999 HU: Made up for the tests" in text
    assert main(["models", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert [card["id"] for card in content["models"]] == ["tiny"]
    assert content["problems"] == []


def test_models_reports_a_broken_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (write_tiny_bundle(tmp_path / "broken").folder / "LICENSE.txt").unlink()
    monkeypatch.setenv("XRAYTOCT_MODELS", str(tmp_path))
    assert main(["models", "--json"]) == 0
    said = capsys.readouterr()
    assert "LICENSE.txt" in said.err
    assert json.loads(said.out)["problems"][0]["folder"] == str(tmp_path / "broken")


def write_phantom_stack(path: Path, offset: float = 0.0) -> Path:
    rows, cols = np.indices((64, 64))
    body = np.where((rows - 32) ** 2 + (cols - 32) ** 2 < 26**2, 40.0, -1000.0)
    hu = np.repeat(body[None], 4, axis=0).astype(np.float32)
    return write_stack(CtStack(hu + np.float32(offset), (3.0, 3.0), 50.0, View.PA), path)


def test_compare_prints_the_table_and_the_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    reference = write_phantom_stack(tmp_path / "reference.nrrd")
    stack = write_phantom_stack(tmp_path / "stack.nrrd", offset=25.0)
    assert main(["compare", str(stack), str(reference)]) == 0
    assert "MAE" in capsys.readouterr().out
    assert main(["compare", str(stack), str(reference), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    (mae,) = [row for row in rows if (row["metric"], row["slabs"], row["region"]) == ("MAE", "all slabs", "body")]
    assert mae["value"] == pytest.approx(25.0)
    assert mae["protocol"]


def test_compare_writes_a_page(tmp_path: Path):
    reference = write_phantom_stack(tmp_path / "reference.nrrd")
    stack = write_phantom_stack(tmp_path / "stack.nrrd", offset=25.0)
    page = tmp_path / "page.html"
    assert main(["compare", str(stack), str(reference), "--report", str(page)]) == 0
    assert "data:image/png" in page.read_text()
    assert main(["compare", str(stack), str(reference), "--report", str(page)]) == 1
    assert names(tmp_path) == {"reference.nrrd", "stack.nrrd", "page.html"}


def test_compare_refuses_what_it_cannot_compare(tmp_path: Path, png: Path, capsys: pytest.CaptureFixture[str]):
    stack = write_phantom_stack(tmp_path / "stack.nrrd")
    assert main(["compare", str(stack), str(tmp_path / "missing.nrrd")]) == 1
    assert "missing.nrrd" in capsys.readouterr().err
    assert main(["compare", str(stack), str(png)]) == 1


@pytest.fixture
def ct(tmp_path: Path) -> Path:
    """A box of water with a denser core: 240 x 160 x 240 mm in 8 mm voxels."""
    hu = np.full((40, 30, 40), -1000.0, np.float32)
    hu[5:35, 5:25, 5:35] = 0.0
    hu[15:25, 12:18, 15:25] = 500.0
    image = sitk.GetImageFromArray(hu.astype(np.int16))
    image.SetSpacing((8.0, 8.0, 8.0))
    sitk.WriteImage(image, str(tmp_path / "ct.nii.gz"))
    return tmp_path / "ct.nii.gz"


@pytest.mark.parametrize("suffix", [".dcm", ".png", ".nrrd"])
def test_project_writes_a_radiograph_that_can_be_translated(ct: Path, tmp_path: Path, suffix: str):
    output = tmp_path / f"drr{suffix}"
    assert main(["project", str(ct), "-o", str(output), "--view", "AP"]) == 0
    assert output.is_file()
    assert main(["translate", str(output), "-o", str(tmp_path / "stack.nrrd")]) == 0


def test_project_writes_the_stack_that_fits_its_radiograph(ct: Path, tmp_path: Path):
    drr, reference = tmp_path / "drr.nrrd", tmp_path / "reference.nrrd"
    assert main(["project", str(ct), "-o", str(drr), "--stack", str(reference)]) == 0
    image, stack = sitk.ReadImage(str(drr)), read_stack(reference)
    assert image.GetSize() == (stack.hu.shape[2], stack.hu.shape[1])
    assert image.GetSpacing() == pytest.approx((stack.spacing[1], stack.spacing[0]))
    assert sitk.GetArrayFromImage(image).max() == pytest.approx(160 * 0.02, rel=0.5)  # line integrals, not grey levels
    assert stack.view is View.PA


def test_project_leaves_the_table_out_unless_it_is_asked_for(tmp_path: Path):
    hu = np.full((20, 90, 80), -1000, np.int16)
    hu[:, 20:60, 15:65] = 40
    hu[:, 75:77] = 300
    image = sitk.GetImageFromArray(hu)
    image.SetSpacing((4.0, 4.0, 4.0))
    sitk.WriteImage(image, tmp_path / "table.nrrd")
    for name, more in (("patient.nrrd", []), ("all.nrrd", ["--keep-table"])):
        assert main(["project", str(tmp_path / "table.nrrd"), "-o", str(tmp_path / name), *more]) == 0
    patient, everything = (sitk.GetArrayFromImage(sitk.ReadImage(tmp_path / n)) for n in ("patient.nrrd", "all.nrrd"))
    assert everything.max() > patient.max() + 0.1


def test_project_refuses_what_is_no_ct(png: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["project", str(png), "-o", str(tmp_path / "drr.dcm")]) == 1
    assert "Traceback" not in capsys.readouterr().err
    assert not (tmp_path / "drr.dcm").exists()


def test_demo_translates_the_sample_and_writes_a_page(
    ct: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """With a sample made here: a CT that the projector and the tiny model (4 slabs of 50 mm) agree on."""
    from XrayToCTLib.dicom.write_dx import write_dx
    from XrayToCTLib.projection import project, reference_stack

    sample = tmp_path / "sample"
    sample.mkdir()
    write_dx(project(ct), sample / demo.RADIOGRAPH, patient_id="TEST", derivation="Simulated for a test.")
    write_stack(reference_stack(ct, slabs=4, slab_thickness=50.0), sample / demo.REFERENCE)
    monkeypatch.setattr(demo, "_PLACES", (sample,))
    assert main(["demo", "-o", str(tmp_path / "demo")]) == 0
    listed = {Path(line).name for line in capsys.readouterr().out.splitlines()}
    assert listed == names(tmp_path / "demo")
    assert {"report.html", "ct-stack.nrrd", "overview.png"} <= listed
    assert "MAE" in (tmp_path / "demo" / "report.html").read_text()


def test_demo_without_a_sample_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(demo, "_PLACES", (tmp_path,))
    assert main(["demo", "-o", str(tmp_path / "demo")]) == 1
    assert "did not come with this installation" in capsys.readouterr().err
    assert not (tmp_path / "demo").exists()
