"""Radiographs, a model and results that the tests of batches share."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from onnx import TensorProto, helper, numpy_helper
from phantom_files import XA, dicom_file
from tiny_bundle import FILES, PARAMETERS, card_record, make_radiograph

from XrayToCTLib.batches.output_folder import STATE, SUMMARY
from XrayToCTLib.models.bundle import Bundle, write_bundle
from XrayToCTLib.networks.architectures import build_network
from XrayToCTLib.translation.backends.protocol import GRAPH_FILE


def write_quick_bundle(folder: Path, **changes: Any) -> Bundle:
    """The tiny model with a graph of one convolution that was written by hand: no process needs torch to run it, and
    none here needs the minute that an export may take."""
    rng = np.random.default_rng(0)
    kernel = rng.normal(0, 0.2, (4, 1, 3, 3)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("Conv", ["image", "kernel"], ["stack"], pads=[1, 1, 1, 1])],
        "quick",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 1, "rows", "cols"])],
        [helper.make_tensor_value_info("stack", TensorProto.FLOAT, ["n", 4, "rows", "cols"])],
        [numpy_helper.from_array(kernel, "kernel")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    weights = build_network("unet-slabs", PARAMETERS).state_dict()
    return write_bundle(folder, card_record(**changes), weights, {**FILES, GRAPH_FILE: model.SerializeToString()})


def write_image(path: Path, shape: tuple[int, int] = (60, 50)) -> Path:
    """A radiograph as NRRD, with 2 mm a pixel, or as PNG, which cannot say so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = make_radiograph(shape).pixels[0]
    if path.suffix == ".png":
        pixels = (pixels / pixels.max() * 65535).astype(np.uint16)
    image = sitk.GetImageFromArray(pixels)
    image.SetSpacing((2.0, 2.0))
    sitk.WriteImage(image, str(path))
    return path


def write_cine(path: Path, *, constant: int | None = None) -> Path:
    """A radiograph of three frames as DICOM; the one of that number has nothing in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = make_radiograph((60, 50), frames=3).pixels
    stored = np.rint(pixels / pixels.max() * 4000).astype(np.uint16)
    if constant is not None:
        stored[constant] = 7
    return dicom_file(path, stored, sop_class=XA, modality="XA", ImagerPixelSpacing=[2.0, 2.0])


def write_images(folder: Path, names: list[str]) -> Path:
    """One radiograph a name, each of another size."""
    for number, name in enumerate(names):
        write_image(folder / name, (60 + number, 50))
    return folder


def results(output: Path) -> dict[str, str]:
    """Name -> SHA-256 of every result: where two batches differ, pytest would compare megabytes for minutes."""
    return {
        path.relative_to(output).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(output.rglob("*"))
        if path.is_file() and path.name != SUMMARY and STATE not in path.parts
    }


def summary(output: Path) -> dict[str, dict[str, str]]:
    """The summary's lines by the name of their input."""
    with (output / SUMMARY).open(encoding="utf-8", newline="") as file:
        return {Path(row["input"]).name: row for row in csv.DictReader(file)}


def work_left(output: Path) -> list[Path]:
    """What is half-done; nothing ought to be."""
    work = output / STATE / "work"
    hidden = [path for path in output.rglob(".*") if path.name != STATE]
    return [*(work.iterdir() if work.exists() else ()), *hidden]
