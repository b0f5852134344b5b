"""The seed of training: a whole small run on phantoms, and what must hold on the way."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import yaml

torch = pytest.importorskip("torch")
cv2 = pytest.importorskip("cv2")
pytest.importorskip("tqdm")

from Training.config import RunConfig, read_config  # noqa: E402  # after the packages it needs are known to be there
from Training.evaluate import display_look, evaluate  # noqa: E402
from Training.export import export  # noqa: E402
from Training.losses import line_integrals, masked_l1  # noqa: E402
from Training.prepare import PreparedCt, prepare  # noqa: E402
from Training.simulate import Field, plain_geometry, random_group, render  # noqa: E402
from Training.train import train  # noqa: E402
from XrayToCTLib.errors import XrayToCTError  # noqa: E402
from XrayToCTLib.models.bundle import load_bundle  # noqa: E402

FIELD = Field(size=64, spacing=6.0, slabs=4, slab_thickness=80.0)


def torso(seed: int) -> np.ndarray:
    """HU (z, y, x): an ellipse of soft tissue with two lungs and a spine; every seed another body."""
    rng = np.random.default_rng(seed)
    z, y, x = np.mgrid[0:60, 0:60, 0:80]
    wide, deep = rng.uniform(30, 36), rng.uniform(20, 26)
    hu = np.full(z.shape, -1000, np.int16)
    hu[((x - 40) / wide) ** 2 + ((y - 30) / deep) ** 2 < 1] = 40
    for side in (-1, 1):
        hu[((x - 40 - side * 15) / 11) ** 2 + ((y - 28) / 14) ** 2 + ((z - 32) / 24) ** 2 < 1] = -800
    hu[((x - 40) / 4) ** 2 + ((y - 44) / 4) ** 2 < 1] = 400
    return hu


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, repository_path: Path) -> RunConfig:
    """A run of half a minute's work: three phantoms, eight radiographs of noise and ellipses."""
    folder = tmp_path_factory.mktemp("training")
    (folder / "data" / "chest_ct").mkdir(parents=True)
    (folder / "data" / "xray").mkdir()
    for index, name in enumerate(("one", "two", "three")):
        image = sitk.GetImageFromArray(torso(index))
        image.SetSpacing((5.0, 5.0, 5.0))
        sitk.WriteImage(image, folder / "data" / "chest_ct" / f"{name}.nii.gz")
    (folder / "data" / "chest_ct" / "broken.nii.gz").write_bytes(b"not an image")
    rng = np.random.default_rng(0)
    with (folder / "data" / "xray" / "index.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("file", "patient", "finding"))
        for index in range(8):
            image = cv2.GaussianBlur(rng.uniform(0, 255, (96, 96)).astype(np.float32), (0, 0), 9)
            cv2.imwrite(str(folder / "data" / "xray" / f"{index}.png"), np.uint8(image))
            writer.writerow((f"{index}.png", f"p{index // 2}", "normal"))
    values = yaml.safe_load((repository_path / "Training" / "configs" / "chest_pa.yaml").read_text())
    values.update(
        data=str(folder / "data"), prepared=str(folder / "prepared"), run=str(folder / "run"),
        ct={"train": {"one": 1.0, "two": 1.0, "broken": 1.0}, "test": ["three"]},
        grid_mm=FIELD.spacing, grid_size=FIELD.size, slabs=FIELD.slabs, slab_thickness_mm=FIELD.slab_thickness,
        prepared_spacing_mm=[6.0, 10.0, 6.0], widths=[8, 16], batch=2, minutes=0.12, gan_from=0.5,
    )  # fmt: skip
    (folder / "run.yaml").write_text(yaml.safe_dump(values))
    return read_config(folder / "run.yaml")


@pytest.fixture(scope="module")
def repository_path() -> Path:
    return Path(__file__).resolve().parents[2]


def test_a_small_run_goes_from_data_to_a_bundle_that_loads(
    config: RunConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(config)
    assert "1 skipped" in capsys.readouterr().out  # the broken file did not stop the rest
    with pytest.raises(XrayToCTError, match="no checkpoint"):
        train(config, resume=True)
    train(config, resume=False)
    with pytest.raises(XrayToCTError, match="already has"):
        train(config, resume=False)
    first = torch.load(config.run / "checkpoint.pt", weights_only=True)["progress"]["step"]
    train(replace(config, minutes=config.minutes + 0.05), resume=True)
    assert torch.load(config.run / "checkpoint.pt", weights_only=True)["progress"]["step"] > first
    assert list(config.run.glob("samples-*.png"))
    with pytest.raises(XrayToCTError, match="not evaluated"):
        export(config, tmp_path)
    rows = evaluate(config)
    assert {row.patient for row in rows} == {"three"}
    export(config, tmp_path)
    bundle = load_bundle(tmp_path / "chest-pa-physics-cyclegan")
    assert bundle.card.slabs.count == 4
    stated = next(entry for entry in bundle.card.fidelity if "central slab (2D), body" in entry.protocol)
    assert "three" in stated.protocol and "1 held-out" in stated.protocol


def prepared_torso() -> PreparedCt:
    attenuation = np.maximum(torso(1).astype(np.float32) / 1000 + 1, 0).transpose(1, 0, 2)
    return PreparedCt("torso", attenuation.astype(np.float16), (5.0, 5.0, 5.0), (29.5, 29.5, 39.5))


def test_a_sample_is_its_number() -> None:
    groups = [random_group(prepared_torso(), FIELD, 2, np.random.default_rng(seed)) for seed in (3, 3, 4)]
    np.testing.assert_array_equal(groups[0][1].integrals, groups[1][1].integrals)
    assert np.abs(groups[0][1].integrals - groups[2][1].integrals).max() > 0.1


def test_the_input_of_a_pair_is_the_sum_of_its_target() -> None:
    sample = random_group(prepared_torso(), FIELD, 1, np.random.default_rng(5))[0]
    target = torch.from_numpy(sample.hu.astype(np.float32))[None] / 1000.0
    again = line_integrals(target, FIELD.slab_thickness)[0, 0].numpy()
    # Half precision of the target and the obliquity, which the training's sum leaves out.
    np.testing.assert_allclose(again, sample.integrals, rtol=0.04, atol=0.02)


def test_rays_that_leave_the_scan_are_marked() -> None:
    ct = prepared_torso()
    sample = render(ct.attenuation, ct.spacing, ct.centre, plain_geometry(FIELD), FIELD)
    # 300 mm of scan on a field of 384 mm: the rim is repeated end slices, the middle is real.
    assert not sample.valid[0].any() and not sample.valid[-1].any()
    assert sample.valid[20:44].all()


def test_the_loss_counts_valid_rays_only() -> None:
    valid = torch.zeros(1, 1, 4, 4)
    valid[..., :2, :] = 1.0
    result = torch.zeros(1, 3, 4, 4)
    target = torch.ones(1, 3, 4, 4)
    target[..., 2:, :] = 99.0
    assert float(masked_l1(result, target, valid)) == pytest.approx(1.0)


def test_a_display_look_keeps_the_order_of_the_values() -> None:
    integrals = np.linspace(0, 6, 500, dtype=np.float32).reshape(20, 25)
    look = display_look(integrals).ravel()
    assert (np.diff(look) >= 0).all() and len(np.unique(look)) > 100


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"minutess": 3}, "unknown"),
        ({"ct": {"train": {"a": 1.0}, "test": ["a"]}}, "both sides"),
        ({"ct": {"training": {}}}, "does not fit"),
    ],
)
def test_a_wrong_configuration_is_refused(change: dict, sentence: str, tmp_path: Path, repository_path: Path) -> None:
    values = yaml.safe_load((repository_path / "Training" / "configs" / "chest_pa.yaml").read_text())
    values.update(change)
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(values))
    with pytest.raises(XrayToCTError, match=sentence):
        read_config(tmp_path / "run.yaml")


def test_a_missing_configuration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(XrayToCTError, match="cannot be read"):
        read_config(tmp_path / "absent.yaml")
