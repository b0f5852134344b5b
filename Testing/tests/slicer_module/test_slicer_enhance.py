"""The verb enhance: a node in, an enhanced node of the same geometry, type and range out."""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import slicer
from phantom_files import dicom_file
from Testing.host import SlicerHost
from XrayToCTLib import XrayToCTError
from XrayToCTLib.enhancement.pipeline import Pipeline

from scene_probe import OBLIQUE, SPACING, add_volume, chest_values, ijk_to_ras, node_ids


@pytest.fixture
def logic(module: ModuleType) -> Any:
    return module.XrayToCTLogic()


def values_of(node: Any) -> np.ndarray:
    return slicer.util.arrayFromVolume(node)


def test_the_result_lies_on_the_input_and_has_its_type_and_range(logic: Any) -> None:
    given = add_volume(chest_values())
    made = logic.enhance(given, pipeline="clahe")
    np.testing.assert_allclose(ijk_to_ras(made), OBLIQUE)
    before, after = values_of(given), values_of(made)
    assert after.dtype == before.dtype and after.shape == before.shape
    assert before.min() <= after.min() and after.max() <= before.max()
    assert np.mean(after != before) > 0.5


def test_what_ran_is_written_on_the_node(logic: Any) -> None:
    given = add_volume(chest_values())
    made = logic.enhance(given, pipeline="bone detail")
    pipeline = Pipeline.from_json(made.GetAttribute("XrayToCT.Pipeline"))
    assert pipeline.name == "bone detail" and pipeline.steps
    assert "bone_emphasis (strength 0.9" in made.GetAttribute("XrayToCT.Enhancement")
    assert made.GetAttribute("XrayToCT.Version")
    assert "diagnostic" in made.GetAttribute("XrayToCT.NotForDiagnosticUse")
    assert made.GetNodeReference("XrayToCT.Source") is given


def test_it_is_the_library_s_enhancement_of_the_same_values(logic: Any) -> None:
    import XrayToCTLib as x2ct
    from XrayToCTPanel.radiograph_bridge import radiographFromVolume

    given = add_volume(chest_values())
    expected = x2ct.enhance(radiographFromVolume(given, polarity="bone-bright"), "chest clarity")
    made = logic.enhance(given, pipeline="chest clarity", polarity="bone-bright")
    np.testing.assert_array_equal(values_of(made), np.rint(expected.pixels))


def test_an_image_with_bone_dark_is_enhanced_as_its_mirror_and_stays_bone_dark(logic: Any) -> None:
    bright = chest_values()
    dark = (int(bright.min()) + int(bright.max()) - bright).astype(np.uint16)
    of_bright = values_of(logic.enhance(add_volume(bright), pipeline="bone detail", polarity="bone-bright"))
    of_dark = values_of(logic.enhance(add_volume(dark), pipeline="bone detail", polarity="bone-dark"))
    mirrored = int(bright.min()) + int(bright.max()) - of_dark.astype(int)
    assert np.abs(mirrored - of_bright.astype(int)).max() <= 1  # rounding of halves


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64])
def test_every_type_of_volume_is_taken(logic: Any, dtype: Any) -> None:
    values = (chest_values() / 1000.0 * 200).astype(dtype)
    made = logic.enhance(add_volume(values), pipeline="median", polarity="bone-bright")
    assert values_of(made).dtype == dtype


def test_invalid_values_stay_where_they_are_and_spoil_nothing(logic: Any) -> None:
    values = chest_values().astype(np.float32)
    values[0, 10:12, 10:12] = np.nan
    made = values_of(logic.enhance(add_volume(values), pipeline="clahe", polarity="bone-bright"))
    np.testing.assert_array_equal(np.isnan(made), np.isnan(values))


def test_all_frames_of_a_cine_are_enhanced_alike(logic: Any, host: SlicerHost, tmp_path: Any) -> None:
    frames = np.repeat(chest_values(), 3, axis=0)
    frames[1] //= 2
    path = dicom_file(
        tmp_path / "cine.dcm",
        frames,
        modality="XA",
        sop_class="1.2.840.10008.5.1.4.1.1.12.1",
        NumberOfFrames=3,
        **SPACING,
    )
    given = host.load_volume(path)
    if values_of(given).shape[0] != 3:
        pytest.skip("this reader does not read frames")
    made = values_of(logic.enhance(given, pipeline="contrast_stretch"))
    assert made.shape == values_of(given).shape
    np.testing.assert_array_equal(made[0], made[2])
    before = values_of(given).astype(float)
    brighter = np.sign(before[0].mean() - before[1].mean())
    assert brighter * (made[0].mean() - made[1].mean()) > 0  # the frames share a range: no flicker, no levelling


def test_an_output_volume_is_filled_and_a_new_one_made_without(logic: Any) -> None:
    given = add_volume(chest_values())
    first = logic.enhance(given)
    assert first.GetName() == "chest enhanced"
    assert logic.enhance(given, pipeline="median", outputVolume=first) is first
    assert json.loads(first.GetAttribute("XrayToCT.Pipeline"))["name"] == "median"
    assert logic.enhance(given) is not first


@pytest.mark.parametrize("pipeline", ["no such thing", "{broken", '{"schema_version": 9}'])
def test_a_pipeline_that_is_none_is_refused_and_the_scene_stays(logic: Any, pipeline: str) -> None:
    given = add_volume(chest_values())
    before = node_ids()
    with pytest.raises(XrayToCTError):
        logic.enhance(given, pipeline=pipeline)
    assert node_ids() == before


def test_bad_inputs_and_outputs_are_refused_and_the_scene_stays(logic: Any) -> None:
    constant = add_volume(np.full((1, 96, 80), 7, np.uint16), name="flat")
    given = add_volume(chest_values())
    before = node_ids()
    for node, output in ((None, None), (constant, None), (given, given)):
        with pytest.raises(XrayToCTError):
            logic.enhance(node, outputVolume=output)
    assert node_ids() == before


def test_a_cancelled_enhancement_leaves_nothing(logic: Any) -> None:
    given = add_volume(chest_values())
    before = node_ids()
    with pytest.raises(XrayToCTError, match="cancelled"):
        logic.enhance(given, pipeline="chest clarity", progress=lambda fraction, phase: False)
    assert node_ids() == before


def test_trying_all_gives_every_preset_with_its_figures(logic: Any) -> None:
    candidates = logic.tryEnhancements(add_volume(chest_values()))
    names = [candidate.pipeline.name for candidate in candidates]
    assert names[0] == "none" and "bone detail" in names and len(names) >= 6
    assert all(candidate.figures.entropy > 0 for candidate in candidates)


def test_a_pipeline_runs_before_the_translation_and_the_stack_says_so_and_warns(logic: Any) -> None:
    given = add_volume(chest_values())
    plain = logic.translate(given, device="cpu")
    made = logic.translate(given, device="cpu", enhance="clahe")
    assert "clahe" in made.GetAttribute("XrayToCT.Enhancement")
    assert 'enhanced with "clahe"' in made.GetAttribute("XrayToCT.Warnings")
    assert plain.GetAttribute("XrayToCT.Enhancement") is None
    assert np.any(values_of(made) != values_of(plain))


def test_in_the_background_the_same_pipeline_gives_the_same_stack(
    logic: Any, kept_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("XrayToCTPanel.translation_worker._makeClient", lambda: kept_client)
    given = add_volume(chest_values())
    waited = logic.translate(given, device="cpu", enhance="bone detail")
    run = logic.translate(given, device="cpu", enhance="bone detail", wait=False)
    # Another process may sum in another number of threads: a value next to a half is then rounded the other way.
    np.testing.assert_allclose(values_of(run.result(120)), values_of(waited), rtol=0, atol=1)


def test_a_pipeline_before_the_translation_that_is_none_is_refused(logic: Any) -> None:
    given = add_volume(chest_values())
    before = node_ids()
    with pytest.raises(XrayToCTError, match="no pipeline"):
        logic.translate(given, device="cpu", enhance="no such thing")
    assert node_ids() == before


def test_a_model_s_own_pipeline_runs_unasked_on_the_frame_that_is_translated(
    logic: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace
    from types import SimpleNamespace

    from XrayToCTPanel import enhance_before
    from XrayToCTPanel.radiograph_bridge import radiographFromVolume

    one = radiographFromVolume(add_volume(chest_values()))
    cine = replace(one, pixels=np.concatenate([one.pixels, one.pixels / 2]))
    assert enhance_before.enhanceBefore(cine, "") is cine
    (card,) = logic.models()
    expecting = SimpleNamespace(card=replace(card, enhancement="clahe"))
    monkeypatch.setattr(enhance_before, "find_model", lambda model: expecting)
    made = enhance_before.enhanceBefore(cine, "", frame=1)
    np.testing.assert_array_equal(made.pixels[0], cine.pixels[0])
    assert np.any(made.pixels[1] != cine.pixels[1])
    assert "clahe" in made.history[-1]
    assert enhance_before.enhanceBefore(cine, "none") is cine


def test_an_enhanced_volume_still_knows_its_view_spacing_polarity_and_what_ran(
    logic: Any, host: SlicerHost, tmp_path: Any
) -> None:
    from XrayToCTPanel.radiograph_bridge import radiographFromVolume

    stated = {"ViewPosition": "AP", "BodyPartExamined": "CHEST", "LossyImageCompression": "01", **SPACING}
    path = dicom_file(tmp_path / "a.dcm", chest_values()[0], PhotometricInterpretation="MONOCHROME1", **stated)
    given = host.load_volume(path)
    known = radiographFromVolume(given)
    read = radiographFromVolume(logic.enhance(logic.enhance(given, pipeline="median"), pipeline="clahe"))
    for name in ("spacing", "spacing_source", "view", "body_part", "modality", "lossy_ratio"):
        assert getattr(read, name) == getattr(known, name), name
    assert [line for line in read.history if line.startswith("Enhanced")] == list(read.history[-2:])
    assert np.corrcoef(read.pixels.ravel(), known.pixels.ravel())[0, 1] > 0.8
    warnings = logic.translate(logic.enhance(given, pipeline="clahe"), device="cpu").GetAttribute("XrayToCT.Warnings")
    assert 'enhanced with "clahe"' in warnings


def test_an_enhanced_volume_whose_attributes_were_tampered_with_is_refused(logic: Any) -> None:
    made = logic.enhance(add_volume(chest_values()))
    made.SetAttribute("XrayToCT.Scale", "NONSENSE")
    with pytest.raises(XrayToCTError, match="says of its own values"):
        logic.enhance(made)


def test_with_a_reference_trying_all_says_how_near_each_preset_comes(logic: Any) -> None:
    clean = chest_values()
    noise = np.random.default_rng(0).normal(0, 20, clean.shape)
    noisy = np.clip(clean + noise, 0, 65535).astype(np.uint16)
    reference = add_volume(clean, name="clean")
    tried = logic.tryEnhancements(add_volume(noisy), referenceVolume=reference, polarity="bone-bright")
    assert tried[0].fidelity.psnr_db > 25  # as it is
    assert all(0 < one.fidelity.ssim <= 1 for one in tried)
    with pytest.raises(XrayToCTError, match="same pixels"):
        logic.tryEnhancements(add_volume(noisy[:, 10:]), referenceVolume=reference, polarity="bone-bright")
