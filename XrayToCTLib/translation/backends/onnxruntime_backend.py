"""ONNX Runtime on the CPU: runs the bundle's ONNX graph in single precision."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...models.bundle import Bundle
from .packages import installed_version
from .protocol import GRAPH_FILE, failure_of, lacks_graph

_ERRORS_ONLY = 3


def import_onnxruntime() -> Any:
    """The onnxruntime module, its telemetry switched off.

    Official builds report to Microsoft from the import on, and keep a device identifier and a database in the user's
    home. ``disable_telemetry_events`` comes too late for that; these variables, set before the import, do not (its
    Privacy.md; the second name is that of some releases). Windows' event tracing knows only the call.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = os.environ["ORT_TELEMETRY_DISABLED"] = "1"
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    return onnxruntime


@dataclass(frozen=True, slots=True)
class OnnxRuntimeBackend:
    """See ``protocol.Backend``. Its CPU kernels have no half precision that is faster."""

    precision: str = "fp32"
    name: str = "onnxruntime"
    device: str = "cpu"

    def version(self) -> str:
        found = installed_version("onnxruntime")
        return f"onnxruntime {found}" if found else ""

    def unusable(self) -> str:
        if not self.version():
            return "the package onnxruntime is not installed"
        try:
            import_onnxruntime()
        except Exception as error:  # shared libraries that do not load, a numpy that it was not built for
            return f"it does not start ({failure_of(error)})"
        return ""

    def unfit(self, bundle: Bundle) -> str:
        return lacks_graph(bundle)

    def describe(self) -> str:
        return "cpu"

    def load(self, bundle: Bundle, threads: int) -> _OnnxRuntimeNetwork:
        onnxruntime = import_onnxruntime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = _ERRORS_ONLY
        try:
            session = onnxruntime.InferenceSession(
                str(bundle.folder / GRAPH_FILE), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime raises a class of its own for each failure
            raise failure_of(error) from error
        return _OnnxRuntimeNetwork(session)


class _OnnxRuntimeNetwork:
    def __init__(self, session: Any) -> None:
        self._session = session

    def run(self, image: np.ndarray) -> np.ndarray:
        try:
            (output,) = self._session.run(["stack"], {"image": np.ascontiguousarray(image[None], np.float32)})
        except Exception as error:
            raise failure_of(error) from error
        stack: np.ndarray = output[0]
        return stack
