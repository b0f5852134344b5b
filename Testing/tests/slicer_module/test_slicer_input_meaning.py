"""What a node's pixels mean: polarity, scale, spacing, frames."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import SimpleITK as sitk
import slicer
from phantom_files import XA, dicom_file
from Testing.host import SlicerHost
from XrayToCTLib import XrayToCTError
from XrayToCTLib.radiograph import IntensityScale, Radiograph, SpacingSource, View
from XrayToCTLib.radiograph_file import write_radiograph

from scene_probe import SPACING, add_volume, chest_values, correlation, read_node


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_monochrome1_is_not_inverted_twice(
    host: SlicerHost, module: ModuleType, tmp_path: Path, photometric: str
) -> None:
    shown = chest_values()[0]
    stored = shown if photometric == "MONOCHROME2" else 1023 - shown
    attributes = {"PhotometricInterpretation": photometric, "BitsStored": 10, **SPACING}
    node = host.load_volume(dicom_file(tmp_path / "a.dcm", stored.astype(np.uint16), **attributes))
    inside = correlation(slicer.util.arrayFromVolume(node), shown)
    assert inside > 0.99  # ITK has inverted MONOCHROME1 already
    assert correlation(read_node(node).pixels, shown) > 0.99


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_changed_pixels_keep_the_file_s_polarity(
    host: SlicerHost, module: ModuleType, tmp_path: Path, photometric: str
) -> None:
    shown = chest_values()[0]
    stored = shown if photometric == "MONOCHROME2" else 1023 - shown
    attributes = {"PhotometricInterpretation": photometric, "BitsStored": 10, **SPACING}
    node = host.load_volume(dicom_file(tmp_path / "a.dcm", stored.astype(np.uint16), **attributes))
    slicer.util.updateVolumeFromArray(node, (slicer.util.arrayFromVolume(node) ** 0.8).astype(np.float32))
    radiograph = read_node(node)
    assert correlation(radiograph.pixels, shown) > 0.95
    assert radiograph.scale is IntensityScale.DISPLAY
    assert any("changed after it was loaded" in warning for warning in radiograph.warnings)


def test_pixels_that_the_user_inverted_are_turned_back(host: SlicerHost, module: ModuleType, tmp_path: Path) -> None:
    shown = chest_values()[0]
    node = host.load_volume(dicom_file(tmp_path / "a.dcm", shown, **SPACING))
    slicer.util.updateVolumeFromArray(node, 2000 - slicer.util.arrayFromVolume(node).astype(np.int16))
    assert correlation(read_node(node).pixels, shown) > 0.99


def test_a_volume_without_a_file_is_estimated_and_says_so(module: ModuleType) -> None:
    radiograph = read_node(add_volume(1000 - chest_values()))
    assert correlation(radiograph.pixels, chest_values()) > 0.99
    assert radiograph.scale is IntensityScale.DISPLAY
    assert any("estimated from the image" in warning for warning in radiograph.warnings)


def test_a_png_has_no_spacing_and_the_default_is_named(host: SlicerHost, module: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    sitk.WriteImage(sitk.GetImageFromArray(chest_values()[0]), str(path))
    node = host.load_volume(path)
    assert node.GetSpacing() == (1.0, 1.0, 1.0)
    stack = module.XrayToCTLogic().translate(node)
    assert "430 mm" in stack.GetAttribute("XrayToCT.Warnings")
    assert stack.GetSpacing()[:2] == (1.0, 1.0)  # the grid stays the input's: the two can be overlaid


def test_a_png_whose_file_is_gone_still_has_no_spacing(host: SlicerHost, module: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    sitk.WriteImage(sitk.GetImageFromArray(chest_values()[0]), str(path))
    node = host.load_volume(path)
    path.unlink()
    assert read_node(node).spacing_source is SpacingSource.ASSUMED


def test_a_spacing_that_the_user_set_wins_over_the_file_s(host: SlicerHost, module: ModuleType, tmp_path: Path) -> None:
    node = host.load_volume(dicom_file(tmp_path / "a.dcm", chest_values()[0], **SPACING))
    node.SetSpacing(4.0, 5.0, 1.0)
    radiograph = read_node(node)
    assert (radiograph.spacing, radiograph.spacing_source) == ((5.0, 4.0), SpacingSource.CALLER)


def test_the_file_is_found_through_the_dicom_database(module: ModuleType, tmp_path: Path, monkeypatch) -> None:
    import pydicom

    path = dicom_file(tmp_path / "a.dcm", chest_values()[0], ViewPosition="LL", **SPACING)
    uid = str(pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID)

    class Database:
        def fileForInstance(self, instance: str) -> str:
            return str(path) if instance == uid else ""

    monkeypatch.setattr(slicer, "dicomDatabase", Database(), raising=False)
    node = add_volume(chest_values(), np.diag([-2.5, -3.5, 1.0, 1.0]))
    node.SetAttribute("DICOM.instanceUIDs", uid)
    assert read_node(node).identity == uid


def test_a_cine_gives_the_frame_that_was_asked_for(host: SlicerHost, module: ModuleType, tmp_path: Path) -> None:
    frames = np.stack([chest_values()[0], chest_values()[0][:, ::-1]])
    path = dicom_file(tmp_path / "cine.dcm", frames, sop_class=XA, modality="XA", **SPACING)
    node = host.load_volume(path)
    if slicer.util.arrayFromVolume(node).shape[0] != 2:
        pytest.skip("this ITK does not read the multi-frame file as frames")
    logic = module.XrayToCTLogic()
    first, second = (slicer.util.arrayFromVolume(logic.translate(node, frame=i, device="cpu")) for i in (0, 1))
    assert first.shape == second.shape == (4, 96, 80)
    assert not np.array_equal(first, second)
    with pytest.raises(XrayToCTError, match="no frame 2"):
        logic.translate(node, frame=2)


@pytest.mark.parametrize("frames", [1, 2])
def test_a_radiograph_that_we_wrote_as_nrrd_means_in_slicer_what_it_meant(
    host: SlicerHost, module: ModuleType, tmp_path: Path, frames: int
) -> None:
    radiograph = Radiograph(
        np.stack([chest_values()[0] / 200 * (1 + index) for index in range(frames)]).astype(np.float32),
        (0.5, 0.4),
        SpacingSource.ASSUMED,
        IntensityScale.LINE_INTEGRAL,
        "simulated",
        "1.2",
        modality="XA",
        view=View.LATERAL,
    )
    path = write_radiograph(radiograph, tmp_path / "a.nrrd", value_range=(0, 1))
    node = host.load_volume(path)
    read = read_node(node)
    assert (read.frames, read.scale, read.view) == (frames, IntensityScale.LINE_INTEGRAL, View.LATERAL)
    assert (read.spacing, read.spacing_source) == ((0.5, 0.4), SpacingSource.ASSUMED)
    slicer.util.updateVolumeFromArray(node, slicer.util.arrayFromVolume(node) * 2 + 1)
    assert read_node(node).scale is IntensityScale.DISPLAY
