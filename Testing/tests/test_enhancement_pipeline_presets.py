"""Presets: bundled ones and the user's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from XrayToCTLib.enhancement import presets as presets_module
from XrayToCTLib.enhancement.pipeline import Pipeline, Step
from XrayToCTLib.enhancement.pipeline_file import read_pipeline, write_pipeline
from XrayToCTLib.enhancement.presets import (
    delete_preset,
    export_preset,
    find_pipeline,
    import_preset,
    presets,
    rename_preset,
    save_preset,
)
from XrayToCTLib.errors import XrayToCTError

MINE = Pipeline("My knees", (Step.of("clahe", tile=10.0),), "Knees.")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XRAYTOCT_PIPELINES", str(tmp_path / "own" / "pipelines"))
    return tmp_path / "own" / "pipelines"


def names() -> list[str]:
    return [preset.name for preset in presets().user]


def test_the_bundled_presets_are_there_whole():
    seen = presets()
    assert {preset.name for preset in seen.bundled} == {
        "chest clarity",
        "bone detail",
        "lines and tubes",
        "low dose",
        "as the seed project",
    }
    assert seen.user == ()
    assert seen.problems == {}
    assert all(preset.description and preset.active for preset in seen.bundled)


def test_the_seed_projects_steps_are_equalisation_adaptive_equalisation_denoising_and_edges():
    categories = [step.entry.category for step in find_pipeline("as the seed project").steps]
    assert categories == ["contrast", "contrast", "denoise", "edges"]


def test_a_pipeline_is_found_by_whatever_names_it(tmp_path):
    file = write_pipeline(MINE, tmp_path / "knees.json")
    for wanted in (MINE, MINE.to_record(), MINE.to_json(), file, str(file)):
        assert find_pipeline(wanted) == MINE
    assert find_pipeline("clahe") == Pipeline.of_filter("clahe")
    assert find_pipeline("Chest Clarity") == find_pipeline("chest-clarity")
    assert find_pipeline("None").steps == ()


def test_an_unknown_name_lists_what_there_is():
    with pytest.raises(XrayToCTError, match="no pipeline 'sharpest'") as caught:
        find_pipeline("sharpest")
    assert "chest clarity" in caught.value.hint
    assert "clahe" in caught.value.hint


def test_a_preset_is_saved_found_renamed_and_deleted(folder):
    save_preset(MINE)
    assert find_pipeline("my knees") == MINE
    rename_preset("my knees", "All joints")
    assert names() == ["All joints"]
    assert find_pipeline("All joints").steps == MINE.steps
    rename_preset("All joints", "all Joints")  # the same name in other capitals
    assert names() == ["all Joints"]
    delete_preset("all joints")
    assert names() == []
    assert list(folder.iterdir()) == []


def test_a_preset_is_replaced_only_when_asked():
    save_preset(MINE)
    other = Pipeline("my Knees", (Step.of("median"),))
    with pytest.raises(XrayToCTError, match="already"):
        save_preset(other)
    assert find_pipeline("my knees") == MINE
    save_preset(other, overwrite=True)
    assert find_pipeline("my knees") == other
    assert len(names()) == 1


def test_renaming_never_takes_the_place_of_another():
    save_preset(MINE)
    save_preset(Pipeline("Other", (Step.of("median"),)))
    with pytest.raises(XrayToCTError, match="already"):
        rename_preset("Other", "My knees")
    assert find_pipeline("My knees") == MINE
    assert len(names()) == 2


def test_a_bundled_preset_is_never_replaced_renamed_or_deleted(folder, tmp_path):
    imposter = Pipeline("Chest  clarity", (Step.of("median"),))
    before = find_pipeline("chest clarity")
    with pytest.raises(XrayToCTError, match="comes with XrayToCT"):
        save_preset(imposter, overwrite=True)
    with pytest.raises(XrayToCTError, match="comes with XrayToCT"):
        import_preset(write_pipeline(imposter, tmp_path / "a.json"), overwrite=True)
    with pytest.raises(XrayToCTError, match="comes with XrayToCT"):
        rename_preset("chest clarity", "mine now")
    with pytest.raises(XrayToCTError, match="comes with XrayToCT"):
        delete_preset("chest clarity")
    # one that was put there by hand is told of, and not used
    folder.mkdir(parents=True)
    file = write_pipeline(imposter, folder / "chest-clarity.json")
    assert list(presets().problems) == [file]
    assert find_pipeline("chest clarity") == before


@pytest.mark.parametrize("name", ["", " ", "---", "a" * 81, " a", "a\nb", "clahe", "none", "CON", "../"])
def test_names_that_cannot_be_are_refused(name, folder):
    with pytest.raises(XrayToCTError):
        save_preset(Pipeline(name, MINE.steps))
    assert not folder.exists()


def test_a_name_never_leaves_the_folder(folder):
    file = save_preset(Pipeline("../../escape: a/b", MINE.steps))
    assert file.parent == folder
    assert names() == ["../../escape: a/b"]


def test_names_in_any_script_are_kept():
    save_preset(Pipeline("Thorax größer 胸部", MINE.steps))
    assert find_pipeline("thorax GRÖSSER 胸部").name == "Thorax größer 胸部"


def test_presets_are_exported_and_imported(tmp_path):
    file = export_preset("bone detail", tmp_path / "bones.json")
    assert read_pipeline(file) == find_pipeline("bone detail")
    with pytest.raises(XrayToCTError, match="exists already"):
        export_preset("low dose", file)
    import_preset(file, name="My bones")
    assert find_pipeline("My bones").steps == find_pipeline("bone detail").steps


def test_a_broken_file_is_a_problem_of_its_own(folder):
    save_preset(MINE)
    (folder / "broken.json").write_text("{")
    (folder / "future.json").write_text(MINE.to_json().replace('"schema_version": 1', '"schema_version": 9'))
    seen = presets()
    assert [preset.name for preset in seen.user] == ["My knees"]
    assert {file.name for file in seen.problems} == {"broken.json", "future.json"}
    with pytest.raises(XrayToCTError, match="schema_version 9"):
        find_pipeline("future")


def test_a_folder_that_cannot_be_made_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XRAYTOCT_PIPELINES", str(tmp_path / "file" / "pipelines"))
    assert presets_module.presets().user == ()
    with pytest.raises(XrayToCTError, match="cannot be made"):
        save_preset(MINE)
