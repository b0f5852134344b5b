"""Engine: a radiograph of any size and spacing becomes a stack on its own pixels."""

from __future__ import annotations

import subprocess
import sys
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_bundle import PARAMETERS, card_record, make_radiograph, write_tiny_bundle

import XrayToCTLib
from XrayToCTLib import translate
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.models.bundle import Bundle
from XrayToCTLib.progress import TranslationCancelled
from XrayToCTLib.radiograph import IntensityScale, SpacingSource, View
from XrayToCTLib.translation import engine
from XrayToCTLib.translation.backends import run as run_module
from XrayToCTLib.translation.backends import torch_backend
from XrayToCTLib.translation.backends.protocol import Backend, failure_of
from XrayToCTLib.translation.backends.torch_backend import TorchBackend
from XrayToCTLib.translation.device import Device, choose_device
from XrayToCTLib.translation.network_input import network_input
from XrayToCTLib.translation.resample import resample


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return write_tiny_bundle(tmp_path_factory.mktemp("models") / "tiny")


class SlabNumbers:
    """Gives back what it was fed in slab 0, and constants beyond the window and within it in the others."""

    def run(self, image: np.ndarray) -> np.ndarray:
        return np.concatenate([image, image * 0 + 9.0, image * 0 - 9.0, image * 0 + 0.25])


@pytest.fixture
def echo(tiny: Bundle, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    """The tiny bundle with a network whose output is known, so that geometry and units can be checked exactly."""
    monkeypatch.setattr(run_module, "kept_network", lambda bundle, backend: SlabNumbers())
    return tiny


@pytest.mark.parametrize("shape", [(120, 90), (33, 200), (501, 64), (1, 300), (7, 7)])
def test_the_stack_lies_on_the_radiographs_pixels_whatever_their_number(tiny: Bundle, shape: tuple[int, int]):
    stack = translate(make_radiograph(shape), model=tiny.folder)
    assert stack.hu.shape == (4, *shape)
    assert stack.hu.dtype == np.float32
    assert np.isfinite(stack.hu).all()
    assert stack.spacing == (2.0, 2.0)
    assert stack.slab_thickness == 50.0
    assert stack.view is View.PA


def test_the_same_radiograph_gives_the_same_stack(tiny: Bundle):
    radiograph = make_radiograph()
    first = translate(radiograph, model=tiny.folder)
    assert np.array_equal(first.hu, translate(radiograph, model=tiny.folder).hu)


def test_the_radiograph_is_not_changed(tiny: Bundle):
    radiograph = make_radiograph(scale=IntensityScale.DISPLAY)
    before = radiograph.pixels.copy()
    translate(radiograph, model=tiny.folder)
    assert np.array_equal(radiograph.pixels, before)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the call itself holds its arguments")
def test_a_radiograph_that_the_caller_does_not_hold_is_free_before_the_stack_is_made(tiny: Bundle):
    given = [make_radiograph((120, 90))]
    pixels = weakref.ref(given[0].pixels)
    held: list[bool] = []

    def allocate(shape: tuple[int, int, int]) -> np.ndarray:
        held.append(pixels() is not None)
        return np.empty(shape, np.float32)

    translate(given.pop(), model=tiny.folder, allocate=allocate)
    assert held == [False]


def test_anisotropic_pixels_of_one_field_give_the_same_anatomy(tiny: Bundle):
    """The same 240 mm x 180 mm field sampled at 2 x 2 mm and at 1 x 3 mm."""
    square = translate(make_radiograph((120, 90), (2.0, 2.0)), model=tiny.folder)
    oblong = translate(make_radiograph((240, 60), (1.0, 3.0)), model=tiny.folder)
    on_square = np.stack([resample(slab, (120, 90)) for slab in oblong.hu])
    assert np.abs(on_square - square.hu).mean() < 0.03 * np.ptp(square.hu)


def test_the_same_pixels_with_another_spacing_give_another_result(tiny: Bundle):
    radiograph = make_radiograph((120, 90), (2.0, 2.0))
    stretched = replace(radiograph, spacing=(2.0, 3.0))
    a, b = translate(radiograph, model=tiny.folder), translate(stretched, model=tiny.folder)
    assert b.spacing == (2.0, 3.0)
    assert np.abs(a.hu - b.hu).max() > 1.0


@pytest.mark.parametrize(
    ("shape", "spacing"),
    [((120, 90), (2.0, 2.0)), ((240, 60), (1.0, 3.0)), ((37, 151), (7.1, 1.3)), ((600, 450), (0.4, 0.4))],
)
def test_what_the_network_is_shown_comes_back_in_place(
    echo: Bundle, shape: tuple[int, int], spacing: tuple[float, float]
):
    """With an echo for a network, slab 0 is the radiograph itself: (value - 2.5) / 1.5 * 1000 HU."""
    radiograph = make_radiograph(shape, spacing)
    hu = translate(radiograph, model=echo.folder).hu[0]
    values = radiograph.pixels[0]
    expected = np.clip((values - 2.5) / 1.5 * 1000, -1024, 1476)

    def centre(image: np.ndarray) -> tuple[float, float]:
        weight = image - image.min()
        rows, cols = np.indices(image.shape)
        return float((rows * weight).sum() / weight.sum()), float((cols * weight).sum() / weight.sum())

    assert centre(hu) == pytest.approx(centre(expected), abs=0.1)
    assert np.abs(hu - expected).mean() < 25.0


def test_a_feature_at_the_edge_of_the_field_stays_at_the_edge(echo: Bundle):
    radiograph = make_radiograph((300, 200), (1.0, 1.0))
    pixels = np.full_like(radiograph.pixels, 2.5)
    pixels[0, :, :30] = 3.5
    pixels[0, -30:, :] = 3.5
    hu = translate(replace(radiograph, pixels=pixels), model=echo.folder).hu[0]
    assert hu[:240, :28] == pytest.approx(666.7, abs=1)
    assert hu[-28:, :] == pytest.approx(666.7, abs=1)
    assert hu[:260, 40:] == pytest.approx(0, abs=1)
    row = hu[150]
    step = float(np.interp(-333.3, -row[25:35], np.arange(25, 35)))  # where it falls through half height
    assert step == pytest.approx(29.5, abs=0.1)


def test_hu_are_clamped_to_the_window_of_the_card(echo: Bundle):
    hu = translate(make_radiograph(), model=echo.folder).hu
    assert (hu[1] == 1476.0).all()
    assert (hu[2] == -1024.0).all()
    assert hu[3] == pytest.approx(250.0)


def test_a_display_image_does_not_depend_on_gain_and_offset(tiny: Bundle):
    radiograph = make_radiograph(scale=IntensityScale.DISPLAY)
    louder = replace(radiograph, pixels=radiograph.pixels * 300 + 50)
    a, b = translate(radiograph, model=tiny.folder), translate(louder, model=tiny.folder)
    assert np.abs(a.hu - b.hu).max() < 1.0


def test_one_frame_is_translated(tiny: Bundle):
    radiograph = make_radiograph(frames=3)
    second = translate(radiograph, model=tiny.folder, frame=1)
    alone = translate(radiograph.frame(1), model=tiny.folder)
    assert np.array_equal(second.hu, alone.hu)
    assert not np.array_equal(second.hu, translate(radiograph, model=tiny.folder).hu)
    assert second.provenance["source_frame"] == "1"
    with pytest.raises(XrayToCTError, match="no frame 3"):
        translate(radiograph, model=tiny.folder, frame=3)


def test_the_stack_says_where_it_came_from(tiny: Bundle):
    stack = translate(make_radiograph(), model=tiny.folder, device="cpu")
    assert stack.card == tiny.card
    assert stack.provenance["model_id"] == "tiny"
    assert stack.provenance["model_version"] == "0.1.0"
    assert stack.provenance["model_sha256"] == tiny.sha256
    assert stack.provenance["device"] == "cpu"
    assert stack.provenance["source"] == "blobs"
    assert stack.provenance["source_identity"] == "1.2.3"
    assert XrayToCTLib.__version__ in stack.provenance["software_version"]
    assert "Not for diagnostic use" in stack.provenance["not_for_diagnostic_use"]
    assert "as they are" in stack.provenance["harmonisation"]


def test_an_input_as_the_model_expects_it_gets_no_warning(tiny: Bundle):
    assert translate(make_radiograph(), model=tiny.folder, device="cpu").warnings == ()


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"spacing": (0.2, 0.2)}, "field is 24 mm x 18 mm"),
        ({"spacing": (7.0, 7.0)}, "field is 840 mm x 630 mm"),
        ({"scale": IntensityScale.DISPLAY}, "display-processed"),
        ({"scale": IntensityScale.LOG_EXPOSURE}, "unknown exposure"),
        ({"spacing_source": SpacingSource.ASSUMED}, "was assumed"),
        ({"view": View.LATERAL}, "LATERAL"),
        ({"body_part": "HIP"}, "shows HIP"),
        ({"view": None}, "PA was assumed"),
        ({"warnings": ("The reader said so.",)}, "The reader said so."),
    ],
)
def test_what_the_user_should_know_is_in_the_warnings(tiny: Bundle, changes: dict, word: str):
    warnings = translate(make_radiograph(**changes), model=tiny.folder).warnings
    assert len(warnings) == 1
    assert word in warnings[0]


def test_a_field_that_no_detector_has_is_refused(tiny: Bundle):
    with pytest.raises(XrayToCTError, match="no detector is that large"):
        translate(make_radiograph(spacing=(100.0, 2.0)), model=tiny.folder)


def test_progress_rises_from_nothing_to_done(tiny: Bundle):
    seen: list[tuple[float, str]] = []
    translate(make_radiograph(), model=tiny.folder, progress=lambda fraction, phase: seen.append((fraction, phase)))
    fractions = [fraction for fraction, _ in seen]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)
    assert [*dict.fromkeys(phase for _, phase in seen)] == [
        "loading the model",
        "translating",
        "resampling to the radiograph's pixels",
        "done",
    ]


@pytest.mark.parametrize("when", [0.0, 0.2, 0.6, 0.8])
def test_a_callback_that_returns_false_cancels(tiny: Bundle, when: float):
    with pytest.raises(TranslationCancelled):
        translate(make_radiograph(), model=tiny.folder, progress=lambda fraction, phase: fraction < when)
    assert translate(make_radiograph(), model=tiny.folder).slabs == 4


def test_an_error_of_the_callback_passes_through(tiny: Bundle):
    def fail(fraction: float, phase: str) -> None:
        raise XrayToCTError("The panel was closed.", hint="Open it again.")

    with pytest.raises(XrayToCTError, match="panel was closed"):
        translate(make_radiograph(), model=tiny.folder, progress=fail)


def test_a_second_call_does_not_load_the_network_again(tiny: Bundle, monkeypatch: pytest.MonkeyPatch):
    engine.forget_networks()
    translate(make_radiograph(), model=tiny.folder)

    def fail(*_: object) -> None:
        raise AssertionError("loaded again")

    monkeypatch.setattr(Bundle, "load_network", fail)
    translate(make_radiograph((50, 60)), model=tiny.folder)
    engine.forget_networks()
    with pytest.raises(AssertionError, match="loaded again"):
        translate(make_radiograph(), model=tiny.folder)


def test_a_network_that_breaks_its_cards_promise_is_refused(tmp_path: Path):
    bundle = write_tiny_bundle(tmp_path / "tiny", slabs={"count": 5, "thickness_mm": 50.0})
    with pytest.raises(XrayToCTError, match="promises 5 slabs"):
        translate(make_radiograph(), model=bundle.folder)


def test_a_network_that_gives_nan_is_refused(tiny: Bundle, monkeypatch: pytest.MonkeyPatch):
    class Nan:
        def run(self, image: np.ndarray) -> np.ndarray:
            return np.full((4, *image.shape[1:]), np.nan, np.float32)

    monkeypatch.setattr(run_module, "kept_network", lambda *_: Nan())
    with pytest.raises(XrayToCTError, match="NaN"):
        translate(make_radiograph(), model=tiny.folder)


def test_too_little_memory_is_said_in_words(tiny: Bundle, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(engine, "_on_radiograph_grid", fail)
    with pytest.raises(XrayToCTError, match="not enough memory for 4 slabs of 120 x 90"):
        translate(make_radiograph(), model=tiny.folder)


def test_without_torch_the_hint_says_how_to_get_it(tiny: Bundle, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(XrayToCTError, match=r"PyTorch extension.*pip install torch"):
        translate(make_radiograph(), model=tiny.folder)


def test_auto_takes_a_device_that_works():
    assert choose_device("auto").name in ("cpu", "cuda", "mps")
    assert choose_device("cpu") == Device("cpu", "cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_a_device_that_is_not_there_falls_back_to_the_cpu_with_a_warning(tiny: Bundle):
    stack = translate(make_radiograph(), model=tiny.folder, device="cuda:3")
    assert stack.provenance["device"] == "cpu"
    assert any("instead of cuda:3" in warning for warning in stack.warnings)


def test_a_graphics_card_that_cannot_run_a_kernel_is_not_used(monkeypatch: pytest.MonkeyPatch):
    def no_kernel(*_: object, **__: object) -> None:
        raise RuntimeError("no kernel image is available for execution on the device")

    torch_backend.forget_probes()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch, "ones", no_kernel)
    try:
        chosen = choose_device("cuda")
        assert chosen.name == "cpu"
        assert "no kernel image" in chosen.fallback
        assert choose_device("auto").name == "cpu"
    finally:
        torch_backend.forget_probes()


@pytest.mark.parametrize("when", ["loading", "running"])
def test_a_graphics_card_that_fails_hands_over_to_the_cpu(tiny: Bundle, monkeypatch: pytest.MonkeyPatch, when: str):
    class Full:
        def to(self, **_: object) -> None:
            raise torch.OutOfMemoryError("CUDA out of memory\nmore lines")

    class Lost:
        def run(self, image: np.ndarray) -> np.ndarray:
            raise failure_of(RuntimeError("CUDA error: unspecified launch failure\nmore lines"))

    card = TorchBackend("cuda", "fp16")
    real = run_module.kept_network

    def network(bundle: Bundle, backend: Backend) -> object:
        if backend is not card:
            return real(bundle, backend)
        if when == "running":
            return Lost()
        with monkeypatch.context() as patch:
            patch.setattr(Bundle, "load_network", lambda self: Full())
            return real(bundle, backend)

    engine.forget_networks()
    monkeypatch.setattr(run_module, "graphics_bytes", lambda device: None)
    monkeypatch.setattr(run_module, "kept_network", network)
    chosen = Device("cuda", "cuda (small card)", backends=(card, TorchBackend("cpu", "fp32")))
    monkeypatch.setattr(engine, "choose_device", lambda *_: chosen)
    stack = translate(make_radiograph(), model=tiny.folder)
    assert stack.provenance["device"] == "cpu"
    (warning,) = stack.warnings
    assert warning.startswith("The CPU was used instead of cuda: CUDA")
    assert "more lines" not in warning


def test_a_network_that_fails_everywhere_is_an_error_in_words(tiny: Bundle, monkeypatch: pytest.MonkeyPatch):
    class Broken:
        def __init__(self, message: str) -> None:
            self.message = message

        def run(self, image: np.ndarray) -> np.ndarray:
            raise failure_of(RuntimeError(self.message))

    for message, said in (
        ("sizes do not match", "The network failed: .*sizes do not match"),
        ("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes", "not enough memory"),
    ):
        monkeypatch.setattr(run_module, "kept_network", lambda *_, message=message: Broken(message))
        with pytest.raises(XrayToCTError, match=said):
            translate(make_radiograph(), model=tiny.folder, device="cpu")


def test_an_unknown_device_is_refused():
    with pytest.raises(XrayToCTError, match="tpu"):
        choose_device("tpu")


def test_importing_the_library_imports_nothing_heavy():
    """In Slicer the import happens at start-up: torch alone would cost seconds."""
    heavy = ("torch", "cv2", "matplotlib", "pydicom", "jsonschema", "scipy")
    script = (
        "import sys, XrayToCTLib; "
        "from XrayToCTLib import translate, models, write_stack, ModelCard, CtStack, XrayToCTError; "
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    root = Path(XrayToCTLib.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_resolves():
    for name in XrayToCTLib.__all__:
        assert getattr(XrayToCTLib, name) is not None
    with pytest.raises(AttributeError):
        _ = XrayToCTLib.nonsense


def test_a_network_that_knows_calibration_is_told_of_it(tmp_path: Path):
    """Line integrals of an exposure say how thick the patient is, harmonised grey values do not."""
    record = card_record()
    bundle = write_tiny_bundle(
        tmp_path / "two",
        architecture={"name": "unet-slabs", "parameters": {**PARAMETERS, "in_channels": 2}},
        input={**record["input"], "channels": ["line_integral", "calibrated"]},
    )
    for scale in (IntensityScale.LINE_INTEGRAL, IntensityScale.DISPLAY):
        stack = translate(replace(make_radiograph((120, 90), (2.0, 2.0)), scale=scale), model=bundle.folder)
        assert stack.hu.shape == (4, 120, 90)
    integrals = np.linspace(0, 5, 35, dtype=np.float32).reshape(5, 7)
    for calibrated in (True, False):
        image = network_input(integrals, bundle.card.input, 8, calibrated=calibrated)
        assert image.shape == (2, 8, 8) and image.dtype == np.float32
        np.testing.assert_allclose(image[0, :5, :7], (integrals - 2.5) / 1.5, rtol=1e-6)
        assert (image[1] == float(calibrated)).all()
