"""Sample data: registered when Slicer has started, loaded from files that ship with the module."""

from __future__ import annotations

from pathlib import Path

import pytest
import slicer
from phantom_files import dicom_file
from Testing.host import SlicerHost
from XrayToCTLib import XrayToCTError

from scene_probe import SPACING, chest_values


def registered() -> list[dict]:
    import SampleData

    return SampleData.SampleDataLogic.sampleDataSourcesByCategory("X-ray to CT")


def test_samples_are_registered_once_slicer_has_started(host: SlicerHost, tmp_path: Path, monkeypatch) -> None:
    host.load_module("XrayToCT")
    from XrayToCTPanel import sample_data

    monkeypatch.setattr(sample_data, "RADIOGRAPH_FILE", dicom_file(tmp_path / "a b.dcm", chest_values()[0], **SPACING))
    monkeypatch.setattr(sample_data, "REFERENCE_FILE", tmp_path / "none.nrrd")
    assert registered() == []
    host.finish_startup()
    (source,) = registered()
    assert source["uris"].startswith("file://")
    assert Path(source["thumbnail"]).stat().st_size > 1000

    import SampleData

    (node,) = SampleData.SampleDataLogic().downloadSamples(source["sampleName"])
    assert node.GetName() == sample_data.RADIOGRAPH_NAME


def test_the_sample_is_never_called_a_real_radiograph(host: SlicerHost) -> None:
    host.load_module("XrayToCT")
    from XrayToCTPanel import sample_data

    assert "simulated" in sample_data.RADIOGRAPH_NAME


def test_a_damaged_sample_is_one_sentence(host: SlicerHost, tmp_path: Path, monkeypatch) -> None:
    host.load_module("XrayToCT")
    from XrayToCTPanel import sample_data

    monkeypatch.setattr(sample_data, "RADIOGRAPH_FILE", tmp_path / "none.dcm")
    with pytest.raises(XrayToCTError, match="missing"):
        sample_data.loadSampleRadiograph()
    broken = tmp_path / "broken.nrrd"
    broken.write_text("NRRD0004\nthis is no header\n")
    monkeypatch.setattr(sample_data, "RADIOGRAPH_FILE", broken)
    with pytest.raises(XrayToCTError, match="cannot be loaded"):
        sample_data.loadSampleRadiograph()
    assert slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") == []
