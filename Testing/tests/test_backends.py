"""Backends: one bundle, several programs that can run it, one result."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnxscript")
pytest.importorskip("onnxruntime")
pytest.importorskip("openvino")

from graph_bundle import write_graph_bundle  # after the packages it needs
from tiny_bundle import make_radiograph, write_tiny_bundle

from XrayToCTLib import read_radiograph, translate
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.models.bundle import Bundle
from XrayToCTLib.radiograph import IntensityScale
from XrayToCTLib.translation import engine
from XrayToCTLib.translation.backends import memory, remembered
from XrayToCTLib.translation.backends import run as run_module
from XrayToCTLib.translation.backends.choice import choose_backends
from XrayToCTLib.translation.backends.onnxruntime_backend import OnnxRuntimeBackend
from XrayToCTLib.translation.backends.openvino_backend import OpenVinoBackend
from XrayToCTLib.translation.backends.protocol import BackendFailure, BackendOutOfMemory, backend_key
from XrayToCTLib.translation.backends.table import candidates
from XrayToCTLib.translation.backends.torch_backend import TorchBackend
from XrayToCTLib.translation.device import Device, choose_device

SINGLE = ("torch-cpu/fp32", "onnxruntime/fp32", "openvino/fp32")


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return write_graph_bundle(tmp_path_factory.mktemp("models") / "graph")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Without an ONNX graph, as the first bundles were."""
    return write_tiny_bundle(tmp_path_factory.mktemp("models") / "plain")


def works(backend: str) -> bool:
    return not candidates(backend)[0].unusable()


@pytest.mark.parametrize("shape", [(120, 90), (16, 16), (301, 47)])
@pytest.mark.parametrize("scale", [IntensityScale.LINE_INTEGRAL, IntensityScale.DISPLAY])
def test_single_precision_gives_the_same_hu_everywhere(
    graph: Bundle, shape: tuple[int, int], scale: IntensityScale
) -> None:
    radiograph = make_radiograph(shape, scale=scale)
    stacks = {name: translate(radiograph, model=graph.folder, device=name) for name in SINGLE}
    expected = stacks["torch-cpu/fp32"].hu
    assert np.ptp(expected) > 100
    for name, stack in stacks.items():
        assert np.abs(stack.hu - expected).max() < 2.0
        assert stack.provenance["device"] == "cpu"
        package = "torch" if name.startswith("torch") else name.partition("/")[0]
        assert stack.provenance["backend"].startswith(package + " ")
        assert stack.provenance["backend"].endswith(" fp32")
        assert not [warning for warning in stack.warnings if "was used instead" in warning]


@pytest.mark.parametrize("name", ["torch-cpu/bf16", "openvino/bf16"])
def test_half_precision_stays_within_five_hu_in_the_mean(graph: Bundle, real_data: Path, name: str) -> None:
    if not works(name):
        pytest.skip("this processor has no bfloat16")
    radiograph = read_radiograph(sorted((real_data / "xray").glob("*.png"))[0])
    exact = translate(radiograph, model=graph.folder, device="torch-cpu/fp32").hu
    rounded = translate(radiograph, model=graph.folder, device=name).hu
    difference = np.abs(rounded - exact)
    assert 0 < difference.mean() < 5.0
    assert difference.max() < 50.0


def test_openvino_takes_sizes_it_was_not_compiled_for(graph: Bundle) -> None:
    network = OpenVinoBackend("fp32").load(graph, 1)
    rng = np.random.default_rng(0)
    exact = TorchBackend().load(graph, 0)
    for size in (32, 64, 32, 48):
        image = rng.normal(size=(2, size, 40)).astype(np.float32)
        np.testing.assert_allclose(network.run(image), exact.run(image), atol=2e-3)


def test_a_result_is_not_overwritten_by_the_next_run(graph: Bundle) -> None:
    for name in SINGLE:
        network = candidates(name)[0].load(graph, 1)
        first = network.run(np.zeros((2, 32, 32), np.float32))
        kept = first.copy()
        network.run(np.ones((2, 32, 32), np.float32))
        assert np.array_equal(first, kept)


def test_an_image_of_the_wrong_kind_is_a_failure_in_one_line(graph: Bundle) -> None:
    for name in SINGLE:
        with pytest.raises(BackendFailure) as failure:
            candidates(name)[0].load(graph, 1).run(np.zeros((5, 32, 32), np.float32))
        assert str(failure.value) and "\n" not in str(failure.value)


def test_a_model_without_a_graph_runs_in_torch_whatever_was_asked(plain: Bundle) -> None:
    assert translate(make_radiograph(), model=plain.folder).provenance["backend"].startswith("torch ")
    stack = translate(make_radiograph(), model=plain.folder, device="openvino")
    assert stack.provenance["backend"].startswith("torch ")
    assert any("instead of openvino: the model has no network.onnx" in warning for warning in stack.warnings)


def test_a_graph_that_the_card_does_not_list_is_refused(graph: Bundle, plain: Bundle, tmp_path: Path) -> None:
    """Its SHA-256 would not be checked."""
    folder = tmp_path / "smuggled"
    folder.mkdir()
    for file in plain.folder.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "network.onnx").write_bytes((graph.folder / "network.onnx").read_bytes())
    with pytest.raises(XrayToCTError, match="does not list"):
        translate(make_radiograph(), model=folder)


@dataclass(frozen=True)
class Broken(OnnxRuntimeBackend):
    """Loads, and fails when it runs."""

    name: str = "broken"
    reason: str = "its driver went away"

    def load(self, bundle: Bundle, threads: int) -> Broken:  # type: ignore[override]
        return self

    def run(self, image: np.ndarray) -> np.ndarray:
        raise BackendFailure(self.reason)


def test_a_backend_that_fails_hands_over_to_the_next_with_a_warning(
    graph: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = Device("cpu", "cpu", backends=(Broken(), OnnxRuntimeBackend()))
    monkeypatch.setattr(engine, "choose_device", lambda *_: chosen)
    stack = translate(make_radiograph(), model=graph.folder)
    assert "onnxruntime/fp32 was used instead of broken/fp32: its driver went away." in stack.warnings
    assert stack.provenance["backend"].startswith("onnxruntime ")


def test_a_choice_that_turned_out_broken_is_measured_again_the_next_time(
    graph: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def device_once(*_: object) -> Device:
        choice = choose_backends(graph, "cpu/fp32")
        return Device("cpu", "cpu", backends=(Broken(), *choice.order), choice=choice)

    monkeypatch.setattr(engine, "choose_device", device_once)
    key = choose_backends(graph, "cpu/fp32").key
    assert remembered.recall(key)
    translate(make_radiograph(), model=graph.folder)
    assert remembered.recall(key) is None


def test_when_all_fail_each_reason_is_told(graph: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = Device("cpu", "cpu", backends=(Broken(), replace(Broken(), name="other", reason="no licence")))
    monkeypatch.setattr(engine, "choose_device", lambda *_: chosen)
    with pytest.raises(XrayToCTError, match="broken/fp32: its driver went away; other/fp32: no licence"):
        translate(make_radiograph(), model=graph.folder)


def test_too_large_an_image_is_refused_before_it_is_started(graph: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    monkeypatch.setattr(run_module, "kept_network", lambda *_: started.append(1))
    monkeypatch.setattr(run_module, "available_bytes", lambda: 10_000)
    with pytest.raises(XrayToCTError, match=r"not enough memory for 4 slabs of 120 x 90 .* of main memory") as refusal:
        translate(make_radiograph(), model=graph.folder, device="onnxruntime")
    assert "reduce the radiograph" in refusal.value.hint
    assert not started


def test_a_stack_that_cannot_fit_is_refused(graph: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "available_bytes", lambda: 1000)
    with pytest.raises(XrayToCTError, match="not enough memory"):
        translate(make_radiograph(), model=graph.folder)


def test_memory_is_known_here_and_unknown_memory_refuses_nothing() -> None:
    known = memory.available_bytes()
    assert known is None or 2**20 < known < 2**50
    memory.check_memory(2**60, None, "main memory")
    with pytest.raises(BackendOutOfMemory, match="2 MiB of main memory, of which 1 MiB"):
        memory.check_memory(2 * 2**20, 2**20, "main memory")


@pytest.mark.parametrize("name", ["tpu", "", "cuda:", "cuda:-1", "openvino/int4", "cpu/", "AUTO", "cpu/fp32/fp32"])
def test_a_name_that_nothing_goes_by_is_refused(name: str) -> None:
    with pytest.raises(XrayToCTError, match="There is no device") as refusal:
        choose_device(name)
    assert "openvino" in refusal.value.hint


def test_a_precision_that_a_backend_lacks_is_refused() -> None:
    with pytest.raises(XrayToCTError, match="does not compute in bf16"):
        choose_device("onnxruntime/bf16")


@pytest.mark.usefixtures("measured_precision")
def test_a_precision_narrows_what_goes_by_a_name() -> None:
    assert {backend.precision for backend in candidates("cpu/fp32")} == {"fp32"}
    assert {backend_key(backend) for backend in candidates("openvino")} == {"openvino/bf16", "openvino/fp32"}
    assert all(backend.device == "cpu" for backend in candidates("cpu"))


def test_the_environment_may_ask_for_single_precision_and_a_name_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    for wanted, precisions in (("fp32", {"fp32"}), ("auto", {"bf16", "fp32"}), ("", {"bf16", "fp32"})):
        monkeypatch.setenv("XRAYTOCT_PRECISION", wanted)
        assert {backend.precision for backend in candidates("cpu")} == precisions
    monkeypatch.setenv("XRAYTOCT_PRECISION", "fp32")
    assert {backend.precision for backend in candidates("cuda")} == {"fp32"}
    assert [backend_key(backend) for backend in candidates("openvino/bf16")] == ["openvino/bf16"]
    monkeypatch.setenv("XRAYTOCT_PRECISION", "half")
    with pytest.raises(XrayToCTError, match="XRAYTOCT_PRECISION is 'half'") as refusal:
        choose_device("cpu")
    assert "remove it" in refusal.value.hint


NO_TORCH = """
import sys
class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {hidden}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Nothing())
sys.path[:0] = [{tests!r}, {root!r}]
import numpy as np
from XrayToCTLib import Radiograph, XrayToCTError, translate, write_stack
from XrayToCTLib.radiograph import IntensityScale, SpacingSource, View
pixels = np.linspace(0, 5, 6000, dtype=np.float32).reshape(1, 60, 100)
radiograph = Radiograph(pixels=pixels, spacing=(2.0, 2.0), spacing_source=SpacingSource.CALLER,
    scale=IntensityScale.LINE_INTEGRAL, source="ramp", identity="1", view=View.PA)
try:
    stack = translate(radiograph, model={model!r}, device={device!r})
    write_stack(stack, {out!r})
    print(stack.provenance["backend"], stack.hu.shape, "torch" in sys.modules)
except XrayToCTError as error:
    print(error)
"""


def without(hidden: set[str], model: Path, device: str, out: Path) -> str:
    """What a translation says in a Python that lacks some packages."""
    tests = Path(__file__).parent
    script = NO_TORCH.format(
        hidden=hidden, tests=str(tests), root=str(tests.parents[1]), model=str(model), device=device, out=str(out)
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("hidden", "device", "by"),
    [
        ({"torch"}, "auto", "o"),
        ({"torch", "onnxruntime"}, "auto", "openvino "),
        ({"torch", "openvino"}, "cpu", "onnxruntime "),
        ({"torch", "openvino"}, "openvino", "onnxruntime "),
    ],
)
def test_without_torch_a_bundle_with_a_graph_is_translated(
    graph: Bundle, tmp_path: Path, hidden: set[str], device: str, by: str
) -> None:
    out = tmp_path / "stack.nrrd"
    said = without(hidden, graph.folder, device, out)
    assert said.startswith(by) and said.endswith("(4, 60, 100) False")
    assert out.stat().st_size > 1000


def test_without_torch_a_bundle_without_a_graph_says_what_is_missing(plain: Bundle, tmp_path: Path) -> None:
    said = without({"torch"}, plain.folder, "auto", tmp_path / "stack.nrrd")
    assert "Only PyTorch can run tiny@0.1.0" in said and "torch is not installed" in said
    assert "pip install torch" in said
    assert list(tmp_path.iterdir()) == []


def test_without_any_backend_the_hint_names_all_of_them(graph: Bundle, tmp_path: Path) -> None:
    said = without({"torch", "openvino", "onnxruntime"}, graph.folder, "cpu", tmp_path / "stack.nrrd")
    for package in ("openvino", "onnxruntime", "torch"):
        assert f"pip install {package}" in said
    assert "Traceback" not in said
