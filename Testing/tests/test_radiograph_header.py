"""A radiograph that XrayToCT writes as NRRD or MetaImage is read as it was, unless somebody changed it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from tiny_bundle import make_radiograph

import XrayToCTLib as x2ct
from XrayToCTLib.cli import main
from XrayToCTLib.radiograph import IntensityScale, Radiograph, SpacingSource, View
from XrayToCTLib.radiograph_file import write_radiograph
from XrayToCTLib.radiograph_header import HEADER_KEY

ATTRIBUTES = ("spacing", "spacing_source", "scale", "modality", "view", "body_part", "frame_time_ms", "lossy_ratio")


def radiograph(frames: int = 1, source: SpacingSource = SpacingSource.IMAGER_PIXEL_SPACING) -> Radiograph:
    return Radiograph(
        pixels=make_radiograph((60, 50), frames=frames).pixels,
        spacing=(0.31, 0.29),
        spacing_source=source,
        scale=IntensityScale.LINE_INTEGRAL,
        source="made here",
        identity="1.2.3",
        modality="DX",
        view=View.PA,
        body_part='CHEST "Grüße" \\',
        frame_time_ms=33.3,
        lossy_ratio=10.0,
        history=('Enhanced with "soft": median 3.',),
    )


def write(given: Radiograph, path: Path) -> Path:
    return write_radiograph(given, path, value_range=(0.0, 1.0))


@pytest.mark.parametrize("suffix", [".nrrd", ".mha"])
@pytest.mark.parametrize("frames", [1, 3])
def test_what_was_written_comes_back(tmp_path: Path, suffix: str, frames: int):
    given = radiograph(frames)
    read = x2ct.read_radiograph(write(given, tmp_path / f"x{suffix}"))
    assert np.array_equal(read.pixels, given.pixels)
    for name in ATTRIBUTES:
        assert getattr(read, name) == getattr(given, name), name
    assert given.history[0] in read.history and read.warnings == ()


def test_a_spacing_that_was_assumed_stays_assumed_until_somebody_corrects_it(tmp_path: Path):
    path = write(radiograph(source=SpacingSource.ASSUMED), tmp_path / "x.nrrd")
    read = x2ct.read_radiograph(path)
    assert read.spacing_source is SpacingSource.ASSUMED and "was assumed when" in read.warnings[0]
    given = x2ct.read_radiograph(path, spacing=0.2)
    assert given.spacing_source is SpacingSource.CALLER and given.warnings == ()
    image = sitk.ReadImage(str(path))
    image.SetSpacing((0.2, 0.2))
    sitk.WriteImage(image, str(path))
    corrected = x2ct.read_radiograph(path)
    assert (corrected.spacing, corrected.spacing_source) == ((0.2, 0.2), SpacingSource.FILE_HEADER)
    assert corrected.scale is IntensityScale.LINE_INTEGRAL and corrected.warnings == ()


def test_an_image_that_was_changed_is_not_what_its_header_says(tmp_path: Path):
    path = write(radiograph(), tmp_path / "x.nrrd")
    image = sitk.ReadImage(str(path))
    darker = image * 0.5
    darker.SetMetaData(HEADER_KEY, image.GetMetaData(HEADER_KEY))
    sitk.WriteImage(darker, str(path))
    read = x2ct.read_radiograph(path)
    assert (read.scale, read.view, read.modality) == (IntensityScale.DISPLAY, None, "")


def test_the_callers_words_come_first(tmp_path: Path):
    given = radiograph()
    path = write(given, tmp_path / "x.mha")
    read = x2ct.read_radiograph(path, polarity="bone-dark", view="LATERAL")
    assert read.view is View.LATERAL and read.scale is IntensityScale.DISPLAY
    assert np.allclose(read.pixels, given.pixels.min() + given.pixels.max() - given.pixels)
    assert x2ct.read_radiograph(path, polarity="bone-bright").scale is IntensityScale.LINE_INTEGRAL


@pytest.mark.parametrize(
    "changes",
    [
        {"scale": "LOUD"},
        {"spacing": [1]},
        {"spacing": None},
        {"view": "ABOVE"},
        {"frame_time_ms": "nan"},
        {"lossy_ratio": -1},
        {"pixels_sha256": 5},
        {"enhancement": 5},
    ],
)
def test_a_header_that_makes_no_sense_is_passed_over(tmp_path: Path, changes: dict[str, object]):
    path = write(radiograph(), tmp_path / "x.nrrd")
    image = sitk.ReadImage(str(path))
    image.SetMetaData(HEADER_KEY, json.dumps(json.loads(image.GetMetaData(HEADER_KEY)) | changes))
    sitk.WriteImage(image, str(path))
    assert x2ct.read_radiograph(path).scale is IntensityScale.DISPLAY
    for text in ("", "{", "[]", "null"):
        image.SetMetaData(HEADER_KEY, text)
        sitk.WriteImage(image, str(path))
        assert x2ct.read_radiograph(path).scale is IntensityScale.DISPLAY


def test_frames_that_were_changed_are_a_volume_again(tmp_path: Path):
    path = write(radiograph(3), tmp_path / "x.nrrd")
    image = sitk.ReadImage(str(path))
    fewer = image[:, :, :2]
    fewer.SetMetaData(HEADER_KEY, image.GetMetaData(HEADER_KEY))
    sitk.WriteImage(fewer, str(path))
    with pytest.raises(x2ct.XrayToCTError, match="is a volume"):
        x2ct.read_radiograph(path)


def test_an_enhanced_cine_can_be_enhanced_again(tmp_path: Path):
    first = write(radiograph(3), tmp_path / "first.nrrd")
    second = tmp_path / "second.nrrd"
    assert main(["enhance", str(first), "-o", str(second), "--pipeline", "median"]) == 0
    read = x2ct.read_radiograph(second)
    assert read.frames == 3 and read.view is View.PA
    assert sum(sentence.startswith("Enhanced with") for sentence in read.history) == 2
