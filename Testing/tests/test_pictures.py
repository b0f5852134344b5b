"""The pictures: real PNG files, true to spacing and orientation, readable, and written wholly or not at all."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from XrayToCTLib.ct_stack import CtStack
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.fidelity import compare, pictures
from XrayToCTLib.radiograph import IntensityScale, Radiograph, SpacingSource, View

SPACING = (3.0, 1.5)  # rows twice as far apart as columns
SHAPE = (60, 100)  # 180 x 150 mm
CENTRE_MM, RADIUS_MM = (60.0, 70.0), 30.0  # a ball above the middle: upside down would show


@pytest.fixture
def stack() -> CtStack:
    """A disc of 60 mm diameter in air in each of 16 slabs."""
    y, x = ((np.arange(n) + 0.5) * step for n, step in zip(SHAPE, SPACING, strict=True))
    disc = (y[:, None] - CENTRE_MM[0]) ** 2 + (x - CENTRE_MM[1]) ** 2 < RADIUS_MM**2
    hu = np.where(disc, 400, -1000).astype(np.float32)
    return CtStack(np.repeat(hu[None], 16, 0), SPACING, 20.0, View.PA)


@pytest.fixture
def radiograph(stack) -> Radiograph:
    return Radiograph(
        pixels=stack.hu[:1] + 1000,
        spacing=SPACING,
        spacing_source=SpacingSource.CALLER,
        scale=IntensityScale.LINE_INTEGRAL,
        source="disc",
        identity="0",
        view=View.PA,
    )


def read(path: Path) -> np.ndarray:
    """Grey levels of a PNG, (rows, cols)."""
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert image is not None, f"{path} is not a picture"
    return image


def disc_box(path: Path) -> tuple[float, float, float, float]:
    """(top, left, height, width) of the largest white thing in a picture, in its pixels."""
    _, _, statistics, _ = cv2.connectedComponentsWithStats((read(path) > 200).astype(np.uint8))
    left, top, width, height, _ = statistics[1 + int(np.argmax(statistics[1:, cv2.CC_STAT_AREA]))]
    return top, left, height, width


def test_a_round_disc_stays_round_under_anisotropic_spacing(tmp_path, stack, radiograph):
    for path in (
        pictures.save_slab(tmp_path / "slab.png", stack),
        pictures.save_radiograph(tmp_path / "radiograph.png", radiograph),
    ):
        _, _, height, width = disc_box(path)
        assert width / height == pytest.approx(1, abs=0.06), path.name
        assert height > 150


def test_the_first_row_is_on_top_and_the_first_column_on_the_left(tmp_path, stack):
    path = pictures.save_slab(tmp_path / "slab.png", stack)
    top, left, height, width = disc_box(path)
    image_height = read(path).shape[0]
    millimetre = height / (2 * RADIUS_MM)
    # 600 pixels show 180 mm; the disc's centre lies 60 mm below the panel's top and 70 mm from its left.
    assert millimetre == pytest.approx(600 / 180, rel=0.05)
    panel_bottom = image_height - 30
    assert panel_bottom - (top + height / 2) == pytest.approx((180 - CENTRE_MM[0]) * millimetre, abs=8)
    assert left + width / 2 == pytest.approx(10 + CENTRE_MM[1] * millimetre, abs=8)


def test_the_montage_shows_each_of_the_16_slabs(tmp_path, stack):
    image = read(pictures.save_montage(tmp_path / "montage.png", stack))
    _, _, statistics, _ = cv2.connectedComponentsWithStats((image > 200).astype(np.uint8))
    assert (statistics[1:, cv2.CC_STAT_AREA] > 1000).sum() == 16


def test_the_window_decides_what_is_white(tmp_path, stack):
    soft = disc_box(pictures.save_slab(tmp_path / "soft.png", stack))
    wide = read(pictures.save_slab(tmp_path / "wide.png", stack, window=(1000, 4000)))
    top, left, height, width = soft
    inside = wide[int(top + height / 2), int(left + width / 2)]
    assert inside == pytest.approx(255 * (400 + 1000) / 4000, abs=3)


def test_the_difference_is_red_where_too_dense_blue_where_too_thin_and_white_at_zero(tmp_path, stack):
    hu = stack.hu.copy()
    hu[:, :20] += 300
    reference = dataclasses.replace(
        stack, hu=np.where(np.arange(100) < 50, stack.hu, stack.hu + 300).astype(np.float32)
    )
    report = compare(dataclasses.replace(stack, hu=hu), reference)
    image = cv2.imread(str(pictures.save_difference(tmp_path / "difference.png", report)))
    panel = image[72:672, 10:510].astype(int)  # 600 x 500 pixels of 180 x 150 mm, blue, green, red
    dense, thin, equal = panel[60, 30], panel[300, 480], panel[300, 20]
    assert dense[2] > dense[0] + 60
    assert thin[0] > thin[2] + 60
    assert np.ptp(equal) < 12 and equal.min() > 235


def test_the_overview_has_a_panel_for_all_that_is_given(tmp_path, stack, radiograph):
    alone = read(pictures.save_overview(tmp_path / "two.png", radiograph, stack))
    report = compare(stack, stack)
    all_four = read(pictures.save_overview(tmp_path / "four.png", radiograph, stack, stack, report))
    assert all_four.shape[0] == alone.shape[0]
    assert all_four.shape[1] > 1.9 * alone.shape[1]


def test_a_contact_sheet_takes_any_number_of_items(tmp_path, stack, radiograph):
    heights = []
    for count in (1, 3, 6):
        items = [(f"{'long name ' * 9}{number}$x_1$.png", radiograph, stack) for number in range(count)]
        heights.append(read(pictures.save_contact_sheet(tmp_path / f"{count}.png", items)).shape[0])
    assert heights[0] < heights[1] == heights[2]  # six stand two abreast


def test_a_stack_of_one_slab_can_be_shown(tmp_path, stack, radiograph):
    single = dataclasses.replace(stack, hu=stack.hu[:1])
    for path in (
        pictures.save_montage(tmp_path / "montage.png", single),
        pictures.save_overview(tmp_path / "overview.png", radiograph, single),
        pictures.save_contact_sheet(tmp_path / "sheet.png", [("one", radiograph, single)]),
    ):
        assert (read(path) > 200).sum() > 1000, path.name


def test_pictures_can_be_made_in_a_thread_and_leave_no_global_figure(tmp_path, stack):
    import sys

    thread = threading.Thread(target=pictures.save_slab, args=(tmp_path / "slab.png", stack))
    thread.start()
    thread.join()
    assert read(tmp_path / "slab.png").size
    if "matplotlib.pyplot" in sys.modules:
        assert sys.modules["matplotlib.pyplot"].get_fignums() == []


def test_bad_requests_get_a_sentence_and_leave_no_file(tmp_path, stack, radiograph):
    for sentence, call in (
        ("no slab 16", lambda: pictures.save_slab(tmp_path / "a.png", stack, slab=16)),
        ("no slab -1", lambda: pictures.save_difference(tmp_path / "a.png", compare(stack, stack), slab=-1)),
        ("no frame 1", lambda: pictures.save_radiograph(tmp_path / "a.png", radiograph, frame=1)),
        ("cannot be written to a.jpg", lambda: pictures.save_slab(tmp_path / "a.jpg", stack)),
        ("could not be written", lambda: pictures.save_slab(tmp_path / "missing" / "a.png", stack)),
        ("nothing to put", lambda: pictures.save_contact_sheet(tmp_path / "a.png", [])),
    ):
        with pytest.raises(XrayToCTError, match=sentence):
            call()
    assert list(tmp_path.iterdir()) == []
