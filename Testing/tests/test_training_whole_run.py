"""Five commands, as the README gives them: from folders of images to a bundle that the engine uses."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("lightning_fabric")
pytest.importorskip("onnxscript")
pytest.importorskip("cv2")

import cv2  # after the packages they need
from training_data_sources import radiograph, torso, write_volume

from Training.__main__ import main
from XrayToCTLib.models.bundle import load_bundle
from XrayToCTLib.projection import project
from XrayToCTLib.translation.engine import translate

RUN = """
run: {folder}/run
seed: 1
data:
  sources:
    - {{path: {folder}/ct, kind: ct, name: Phantoms, licence: CC0, credit: nobody, url: "https://example.org"}}
    - {{path: {folder}/xray, kind: radiograph, name: Noise, licence: CC0, credit: nobody, patient_from: csv,
       url: "https://example.org"}}
  prepared: {folder}/prepared
  prepared_spacing_mm: [6.0, 10.0, 6.0]
  radiograph_spacing_mm: 6.0
  split: {{test: [d]}}
field: {{size: 64, spacing: 6.0, slabs: 4, slab_thickness: 80.0}}
network: {{name: unet-slabs, parameters: {{slabs: 4, widths: [8, 16]}}}}
family:
  name: physics-cyclegan
  weights: {{gradient: 0.2, projection: 0.1, cycle: 0.5, cycle_ct: 0.5, identity: 0.2, adversarial: 0.02}}
  radiographs: 1
engine: {{batch: 2, max_steps: 6}}
simulation: {{workers: 0}}
evaluation: {{classical: false, hallucination: false, robustness: false, resamples: 100}}
card: {{id: of-phantoms, title: Of phantoms, folder: {folder}/models}}
"""


@pytest.fixture(scope="module")
def yaml(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    for seed, name in enumerate("abcd"):
        write_volume(folder / "ct" / f"{name}.nii.gz", torso(seed))
    (folder / "xray").mkdir()
    with (folder / "xray" / "index.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("file", "patient", "finding"))
        for seed in range(8):
            cv2.imwrite(str(folder / "xray" / f"{seed}.png"), radiograph(seed))
            writer.writerow((f"{seed}.png", f"p{seed}", "normal"))
    path = folder / "run.yaml"
    path.write_text(RUN.format(folder=folder.as_posix()))
    return path


def test_the_steps_that_come_too_early_say_what_is_missing(
    yaml: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here = ["--data.prepared", str(tmp_path / "none"), "--run", str(tmp_path / "run")]
    for verb, sentence in (("train", "prepare"), ("evaluate", "prepare"), ("export", "evaluate")):
        assert main([verb, "--config", str(yaml), *here]) == 1
        assert f"Run `python -m Training {sentence}`" in capsys.readouterr().err


def test_five_commands_lead_from_images_to_a_model(yaml: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for verb in ("prepare", "train", "evaluate", "report", "export"):
        assert main([verb, "--config", str(yaml)]) == 0, capsys.readouterr().err
    assert (yaml.parent / "run" / "report.html").exists()

    bundle = load_bundle(yaml.parent / "models" / "of-phantoms")
    card = bundle.card
    assert set(card.files) == {
        "CREDITS.txt", "LICENSE.txt", "gate.safetensors", "network.onnx", "preview.png", "weights.safetensors",
    }  # fmt: skip
    assert {data.name: data.patients for data in card.training_data} == {"Phantoms": 3, "Noise": 6}
    first = card.fidelity[0]
    assert first.metric == "MAE" and "1 held-out patients (d " in first.protocol
    rows = json.loads((yaml.parent / "run" / "evaluation.json").read_text())
    measured = [
        row["value"]
        for row in rows
        if (row["predictor"], row["input"], row["metric"], row["slabs"], row["mask"], row["grid_mm"])
        == ("model", "line integrals", "MAE", "central slab", "body", 6.0)
    ]
    assert first.value == pytest.approx(measured[0], abs=0.1)
    assert bundle.gate is not None and any("took no part" in row.protocol for row in card.gate.false_alarms)

    stack = translate(project(yaml.parent / "ct" / "d.nii.gz"), model=bundle.folder)
    assert stack.hu.shape == (4, 256, 256) and "input_gate" in stack.provenance


def test_a_distilled_run_joins_its_teachers_bundle_as_a_variant(yaml: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if not (yaml.parent / "models").exists():  # this test alone
        for verb in ("prepare", "train", "evaluate", "export"):
            assert main([verb, "--config", str(yaml)]) == 0
    folder = yaml.parent / "models" / "of-phantoms"
    text = yaml.read_text()
    network = "{name: unet-slabs, parameters: {slabs: 4, widths: [8, 16]}}"
    assert network in text
    narrow = yaml.with_name("fast.yaml")
    narrow.write_text(text.replace(network, "{name: unet-slabs, parameters: {slabs: 4, widths: [4, 8]}}"))
    options = [
        "--config", str(narrow), "--run", str(yaml.parent / "fast"), "--family.name=distillation",
        f"--family.teacher={folder}", "--family.weights.distillation=1", "--card.variant=fast",
    ]  # fmt: skip
    assert main(["train", *options]) == 0, capsys.readouterr().err
    assert main(["evaluate", *options]) == 0, capsys.readouterr().err
    assert main(["export", *options, "--card.version=9.0.0"]) == 1
    assert "version 9.0.0 instead of 0.1.0" in capsys.readouterr().err
    before = load_bundle(folder)
    assert main(["export", *options]) == 0, capsys.readouterr().err
    assert "% of the model's" in capsys.readouterr().out

    bundle = load_bundle(folder)
    assert bundle.card.files == before.card.files and set(bundle.card.variants) == {"fast"}
    variant = bundle.of_variant("fast")
    assert set(bundle.card.variants["fast"].files) == {"network.onnx", "weights.safetensors"}
    stack = translate(project(yaml.parent / "ct" / "d.nii.gz"), model=variant.folder, device="onnxruntime")
    assert stack.provenance["model_variant"] == "fast" and stack.provenance["backend"].startswith("onnxruntime")
