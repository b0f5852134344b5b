"""OpenVINO on the CPU: runs the bundle's ONNX graph; bfloat16 where the processor has instructions for it."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ...models.bundle import Bundle
from .packages import installed_version
from .protocol import GRAPH_FILE, BackendFailure, failure_of, lacks_graph

_TELEMETRY = "openvino_telemetry"


def import_openvino() -> Any:
    """The openvino module, its telemetry switched off.

    ``import openvino`` sends an event to Google Analytics through the package openvino_telemetry unless that package
    cannot be imported; there is no setting for it but a file in the user's home. None in sys.modules is Python's own
    way to say that a module cannot be imported, and OpenVINO then uses its silent stub. The entry stays, as parts of
    OpenVINO that are imported later would ask again.
    """
    sys.modules.setdefault(_TELEMETRY, None)  # type: ignore[arg-type]  # None is what Python expects here
    import openvino

    return openvino


@lru_cache(maxsize=1)
def _core() -> Any:
    return import_openvino().Core()


@dataclass(frozen=True, slots=True)
class OpenVinoBackend:
    """See ``protocol.Backend``."""

    precision: str = "fp32"
    name: str = "openvino"
    device: str = "cpu"

    def version(self) -> str:
        found = installed_version("openvino")
        return f"openvino {found}" if found else ""

    def unusable(self) -> str:
        if not self.version():
            return "the package openvino is not installed"
        try:
            able = _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        except Exception as error:  # what its C++ raises, and shared libraries that do not load
            return f"it does not start ({failure_of(error)})"
        if self.precision == "bf16" and "BF16" not in able:
            return "this processor has no bfloat16 instructions"
        return ""

    def unfit(self, bundle: Bundle) -> str:
        return lacks_graph(bundle)

    def describe(self) -> str:
        return "cpu"

    def load(self, bundle: Bundle, threads: int) -> _OpenVinoNetwork:
        config = {
            "INFERENCE_PRECISION_HINT": {"bf16": "bf16"}.get(self.precision, "f32"),
            "PERFORMANCE_HINT": "LATENCY",
        }
        if threads:
            config["INFERENCE_NUM_THREADS"] = str(threads)
        try:
            return _OpenVinoNetwork(_core().read_model(str(bundle.folder / GRAPH_FILE)), config)
        except Exception as error:  # OpenVINO raises RuntimeError for all and sundry
            raise failure_of(error) from error


class _OpenVinoNetwork:
    """Compiled for the first size that comes, a sixth faster than for any; and for any size when a second comes."""

    def __init__(self, model: Any, config: dict[str, str]) -> None:
        self._model, self._config = model, config
        self._first_shape: tuple[int, ...] = ()
        self._first: Any = None
        self._any: Any = None
        self._lock = threading.Lock()  # a request works on one image at a time

    def run(self, image: np.ndarray) -> np.ndarray:
        try:
            with self._lock:
                request = self._request((1, *image.shape))
                request.infer({"image": np.ascontiguousarray(image[None], np.float32)})
                # A copy: the tensor is the request's own and will be written again.
                output: np.ndarray = np.array(request.get_tensor("stack").data[0], np.float32)
                return output
        except BackendFailure:
            raise
        except Exception as error:
            raise failure_of(error) from error

    def _request(self, shape: tuple[int, ...]) -> Any:
        if self._first is None:
            fixed = self._model.clone()
            fixed.reshape({"image": list(shape)})
            self._first = self._compiled(fixed)
            self._first_shape = shape
        if shape == self._first_shape:
            return self._first
        if self._any is None:
            self._any = self._compiled(self._model)
        return self._any

    def _compiled(self, model: Any) -> Any:
        return _core().compile_model(model, "CPU", self._config).create_infer_request()
