"""Files: a request, and the reports that answer it, in a folder that two processes share."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from ..alignment.record import AlignmentKind, AlignmentRecord
from ..alignment.reference_volume import ReferenceVolume
from ..ct_stack import CtStack
from ..fidelity.fidelity_report import FidelityReport, MetricRow
from ..radiograph import Radiograph
from ..whole_file import write_whole
from ..worker.array_file import write_array
from ..worker.records import radiograph_of, radiograph_record, stack_of, stack_record
from .charts import Chart, Series
from .request import Candidate, ComparisonRequest, VolumeReference

REQUEST, REPORTS, CHARTS = "request.json", "reports.json", "charts.json"
_IMAGES = ("difference", "result_image", "reference_image", "ssim_map", "region")


def write_request(folder: Path, request: ComparisonRequest, **options: Any) -> None:
    """Write a request with its arrays; ``options`` are JSON values that travel along.

    Raises:
        OSError, XrayToCTError: it cannot be written.
    """
    reference = request.reference
    assert not isinstance(reference, ReferenceVolume)  # made of a VolumeReference where it is measured
    record = {
        "candidates": [
            {"name": candidate.name, "image": _write_image(folder, f"candidate-{number}", candidate.image)}
            for number, candidate in enumerate(request.candidates)
        ],
        "reference": _write_image(folder, "reference", reference),
        "reference_name": request.reference_name,
        "alignment": request.alignment,
        "view": request.view,
        "metrics": request.metrics,
        "mask": _write(folder, "mask.npy", request.mask),
        "radiograph": _write_image(folder, "radiograph", request.radiograph) if request.radiograph else None,
        "options": options,
    }
    write_whole(folder / REQUEST, json.dumps(record).encode())


def read_request(folder: Path) -> tuple[ComparisonRequest, dict[str, Any]]:
    """(request, options)"""
    record = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
    candidates = tuple(
        Candidate(item["name"], _read_image(folder, item["image"]))  # type: ignore[arg-type]  # never a volume
        for item in record["candidates"]
    )
    radiograph = _read_image(folder, record["radiograph"]) if record["radiograph"] else None
    assert radiograph is None or isinstance(radiograph, Radiograph)
    return ComparisonRequest(
        candidates=candidates,
        reference=_read_image(folder, record["reference"]),
        reference_name=record["reference_name"],
        alignment=record["alignment"],
        view=record["view"],
        metrics=record["metrics"],
        mask=_read(folder, record["mask"]),
        radiograph=radiograph,
    ), record["options"]


def write_reports(folder: Path, reports: Sequence[FidelityReport], charts: Sequence[Chart]) -> None:
    """Write reports with their images, and charts."""
    records = []
    for number, report in enumerate(reports):
        record = {
            item.name: getattr(report, item.name) for item in fields(report) if item.name not in (*_IMAGES, "rows")
        }
        record["alignment_record"] = asdict(report.alignment_record) | {"kind": report.alignment_record.kind.value}
        record["rows"] = [asdict(row) for row in report.rows]
        for name in _IMAGES:
            record[name] = _write(folder, f"{number}-{name}.npy", getattr(report, name))
        records.append(record)
    drawn = []
    for index, chart in enumerate(charts):
        series = [
            {"name": item.name, "line": item.line, "values": _write(folder, f"chart-{index}-{place}.npy",
                                                                    np.stack((item.x, item.y)))}
            for place, item in enumerate(chart.series)
        ]  # fmt: skip
        words = {name: getattr(chart, name) for name in ("kind", "title", "x_label", "y_label")}
        drawn.append({**words, "series": series})
    write_whole(folder / CHARTS, json.dumps(drawn).encode())
    write_whole(folder / REPORTS, json.dumps(records).encode())  # NaN and inf as Python's json spells them


def read_reports(folder: Path) -> tuple[tuple[FidelityReport, ...], list[Chart]]:
    """What ``write_reports`` wrote. The images stay in their files and are mapped."""
    reports = []
    for record in json.loads((folder / REPORTS).read_text(encoding="utf-8")):
        aligned: dict[str, Any] = record["alignment_record"]
        aligned |= {key: tuple(value) for key, value in aligned.items() if isinstance(value, list)}
        known = record | {name: _read(folder, record[name]) for name in _IMAGES}
        known["alignment_record"] = AlignmentRecord(**(aligned | {"kind": AlignmentKind(aligned["kind"])}))
        known["rows"] = tuple(MetricRow(**row) for row in record["rows"])
        for name in ("spacing", "window", "warnings"):
            known[name] = tuple(record[name])
        reports.append(FidelityReport(**known))
    drawn = []
    for record in json.loads((folder / CHARTS).read_text(encoding="utf-8")):
        series = []
        for item in record.pop("series"):
            values = _read(folder, item["values"])
            assert values is not None
            series.append(Series(item["name"], values[0], values[1], item["line"]))
        drawn.append(Chart(**record, series=tuple(series)))
    return tuple(reports), drawn


def _write_image(folder: Path, name: str, image: CtStack | Radiograph | VolumeReference) -> dict[str, Any]:
    if isinstance(image, CtStack):
        return {"stack": stack_record(image), "array": _write(folder, f"{name}.npy", image.hu)}
    if isinstance(image, Radiograph):
        return {"radiograph": radiograph_record(image), "array": _write(folder, f"{name}.npy", image.pixels)}
    place = {"ijk_to_ras": np.asarray(image.ijk_to_ras, float).tolist(), "modality": image.modality}
    return {"volume": place, "array": _write(folder, f"{name}.npy", image.values)}


def _read_image(folder: Path, record: dict[str, Any]) -> CtStack | Radiograph | VolumeReference:
    array = _read(folder, record["array"])
    assert array is not None
    if "stack" in record:
        return stack_of(record["stack"], array)
    if "radiograph" in record:
        return radiograph_of(record["radiograph"], array)
    return VolumeReference(array, np.array(record["volume"]["ijk_to_ras"]), record["volume"]["modality"])


def _write(folder: Path, name: str, array: np.ndarray | None) -> str | None:
    if array is None:
        return None
    write_array(folder / name, array)
    return name


def _read(folder: Path, name: str | None) -> np.ndarray | None:
    if name is None:
        return None
    return np.load(folder / name, mmap_mode="c", allow_pickle=False).view(np.ndarray)
