"""The generator as an ONNX graph for image sizes of any multiple, its weights shared with weights.safetensors.

ONNX lets a tensor lie at an offset of another file, and a safetensors file is such tensors after a header. So a bundle
holds its weights once: the graph (some 100 kB) points into the file that torch reads too.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import struct
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.translation.backends.onnxruntime_backend import import_onnxruntime

if TYPE_CHECKING:
    import onnx

_OPSET = 18
_LARGEST_MULTIPLES = 128  # of the network's multiple along an edge: 4096 and more pixels
_SHARED_FROM_BYTES = 4096  # smaller tensors stay in the graph, in single precision


def onnx_graph(network: torch.nn.Module, weights: Path) -> bytes:
    """The graph as the bytes of an .onnx file that lies beside ``weights``.

    Args:
        network: in evaluation mode, as loaded from ``weights`` (so that it holds the rounded values); has ``multiple``.
        weights: the safetensors file of the bundle, float16.

    Returns:
        A model with input ``image`` (n, channels, rows, cols) and output ``stack`` (n, slabs, rows, cols), float32;
        rows and cols are multiples of the network's ``multiple``.

    Raises:
        XrayToCTError: the packages for the conversion are missing, or the network cannot be converted.
    """
    model = _converted(network)
    _share_weights(model, weights)
    return bytes(model.SerializeToString())


def check_onnx(folder: Path, graph: str, network: torch.nn.Module, image: torch.Tensor, tolerance: float) -> float:
    """Run the graph in ONNX Runtime, compare it with torch, and return the largest difference (HU / 1000).

    Args:
        folder, graph: where the graph lies, beside its weights.
        image: (n, channels, rows, cols), a real input as the network is fed it.
        tolerance: HU / 1000.

    Raises:
        XrayToCTError: they differ by more than ``tolerance``, or the graph cannot be run.
    """
    try:
        onnxruntime = import_onnxruntime()  # which also keeps it from reporting to its maker
    except ImportError as error:
        raise _missing(error) from error
    try:
        session = onnxruntime.InferenceSession(str(folder / graph), providers=["CPUExecutionProvider"])
        made = session.run(None, {"image": image.numpy()})[0]
    except Exception as error:  # ONNX Runtime raises a class of its own for each failure
        raise XrayToCTError(
            f"ONNX Runtime cannot run the exported graph: {error}.", hint="Nothing was written."
        ) from error
    with torch.inference_mode():
        expected = network(image).numpy()
    difference = float(np.abs(made - expected).max())
    if not difference <= tolerance:
        raise XrayToCTError(
            f"The ONNX graph differs from torch by {difference:.2g} (allowed {tolerance:.2g}, HU / 1000).",
            hint="Nothing was written. Update torch and onnxscript, or export without ONNX (--card.onnx false).",
        )
    return difference


def _converted(network: torch.nn.Module) -> onnx.ModelProto:
    try:
        import onnxscript  # noqa: F401  # torch asks for it late and less clearly
    except ImportError as error:
        raise _missing(error) from error
    multiple = int(network.multiple)  # type: ignore[arg-type]  # every generator has it
    batch = torch.export.Dim("n", min=1, max=4096)
    height = torch.export.Dim("h", min=2, max=_LARGEST_MULTIPLES)
    width = torch.export.Dim("w", min=2, max=_LARGEST_MULTIPLES)
    example = torch.zeros(2, int(network.in_channels), 4 * multiple, 3 * multiple)  # type: ignore[arg-type]  # as before
    loud = logging.getLogger("torch.onnx")
    level = loud.level
    loud.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                network,
                (example,),
                dynamo=True,
                verbose=False,
                opset_version=_OPSET,
                input_names=["image"],
                output_names=["stack"],
                dynamic_shapes=({0: batch, 2: multiple * height, 3: multiple * width},),
            )
    except Exception as error:  # torch wraps what goes wrong in many classes
        first = str(error).strip().splitlines()
        raise XrayToCTError(
            f"The network cannot be converted to ONNX: {first[0] if first else type(error).__name__}.",
            hint="Use operations that torch.onnx.export knows, or export without ONNX (--card.onnx false).",
        ) from error
    finally:
        loud.setLevel(level)
    assert program is not None
    model: onnx.ModelProto = program.model_proto
    _forget_the_machine(model)
    return model


def _share_weights(model: onnx.ModelProto, weights: Path) -> None:
    """Let every large weight point into the safetensors file, and convert it when the graph is loaded."""
    import onnx

    offsets = _tensor_offsets(weights)
    graph = model.graph
    casts: list[onnx.NodeProto] = []
    for tensor in graph.initializer:
        place = offsets.get(tensor.name)
        if place is None or tensor.data_type != onnx.TensorProto.FLOAT or tensor.ByteSize() < _SHARED_FROM_BYTES:
            continue
        if list(tensor.dims) != place["shape"] or place["dtype"] != "F16":
            continue
        name, shared = tensor.name, f"{tensor.name}.float16"
        start, stop = place["span"]
        dims = list(tensor.dims)
        tensor.Clear()
        tensor.name, tensor.data_type = shared, onnx.TensorProto.FLOAT16
        tensor.dims.extend(dims)
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in (("location", weights.name), ("offset", start), ("length", stop - start)):
            tensor.external_data.add(key=key, value=str(value))
        casts.append(onnx.helper.make_node("Cast", [shared], [name], f"single {name}", to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _tensor_offsets(weights: Path) -> dict[str, dict[str, Any]]:
    """Name -> dtype, shape and span in the file. Format: 8 bytes of header length, JSON, data (safetensors 0.4)."""
    with weights.open("rb") as stream:
        (length,) = struct.unpack("<Q", stream.read(8))
        header = json.loads(stream.read(length))
    return {
        name: {
            "dtype": entry["dtype"],
            "shape": entry["shape"],
            "span": tuple(8 + length + offset for offset in entry["data_offsets"]),
        }
        for name, entry in header.items()
        if name != "__metadata__"
    }


def _forget_the_machine(model: onnx.ModelProto) -> None:
    """Drop what torch notes for debugging: paths and source lines of the machine that exported."""
    del model.metadata_props[:]
    for part in (*model.graph.node, *model.graph.input, *model.graph.output, *model.graph.value_info):
        del part.metadata_props[:]
    for node in model.graph.node:
        node.doc_string = ""
    del model.graph.value_info[:]


def _missing(error: ImportError) -> XrayToCTError:
    return XrayToCTError(
        f"A package for the ONNX graph is missing ({error.name}).",
        hint='Install it with `pip install "xraytoct[train]"`, or export without ONNX (--card.onnx false).',
    )
