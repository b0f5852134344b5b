"""FidelityReport: what a comparison measured, each number with the protocol that makes it readable."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import numpy as np

from ..alignment.record import AlignmentRecord
from ..errors import XrayToCTError


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One number and all that must be known to compare it with another.

    Attributes:
        metric: MAE, ME, RMSE, PSNR-2500, SSIM...
        value: in ``unit``; PSNR is inf when the two are equal, NaN stands for "cannot be said here".
        unit: HU, dB, or "" for a pure number.
        slabs: "central slab", "all slabs", or "image" where a single image was compared.
        region: "body", "given mask" or "whole field".
        n: number of voxels that went in.
        protocol: one sentence: window, range, mask, 2D or 3D, grid, n.
        window: what both were clipped to, "[-1024, 1476] HU", or "none".
        data_range: the range that PSNR and SSIM relate to, "2500 HU"; "" where the metric has none.
        kernel: the window or filter of the metric, "gaussian 11 x 11, sigma 1.5"; "" where it has none.
        pooling: "2D image", "3D, all voxels pooled", "2D maps of each slab, pooled"...
        grid: "256 x 256 at 1.5 x 1.5 mm".
        variant: "" for the project's own protocol, else whose it follows: "SynthRAD2023-style", "X2CT-GAN-style".
        better: which way is better: "lower", "higher", "zero" (a bias), or "" where no way is.
    """

    metric: str
    value: float
    unit: str
    slabs: str
    region: str
    n: int
    protocol: str
    window: str = ""
    data_range: str = ""
    kernel: str = ""
    pooling: str = ""
    grid: str = ""
    variant: str = ""
    better: str = ""

    @property
    def value_text(self) -> str:
        """The value as people read it, with its unit: "141 HU", "-3.2 HU", "21.35 dB", "0.873"."""
        if not math.isfinite(self.value):
            return f"{self.value} {self.unit}".strip()
        digits = {"HU": 1, "dB": 2}.get(self.unit, 3)
        return f"{self.value:.{digits}f} {self.unit}".strip()


COLUMNS = tuple(item.name for item in fields(MetricRow))
"""The columns of a table of rows, in order: of the CSV, and of Slicer's table node."""


@dataclass(frozen=True, slots=True, eq=False)
class FidelityReport:
    """The outcome of ``compare``.

    Attributes:
        rows: the metrics, central slab before all slabs, body before whole field.
        difference: stack - reference, HU, float32, shape (slabs, rows, cols), on the reference's grid, both clipped
            to the window.
        spacing: (row, column) of that grid in mm.
        slab_thickness: mm.
        protocol: what holds for all rows, in full sentences.
        alignment: ``alignment_record.sentence``; "none" means that the two were compared where they lay.
        alignment_record: the pose or transform with its residual.
        candidate, reference: names, for people; "" where nobody gave one.
        modality: of the reference: "CT", "MR" or "X-ray".
        unit: of ``difference``, ``result_image`` and ``reference_image``: "HU", or "" for line integrals and greys.
        window: (low, high) that both were clipped to.
        result_image, reference_image: float32 (slabs, rows, cols), clipped to the window: what was compared.
        ssim_map: float32 (slabs, rows, cols), the SSIM of every pixel; None where SSIM makes no sense (MR).
        region: bool (slabs, rows, cols), the body or the caller's mask.
        warnings: what a reader should know before trusting the numbers, one sentence each; those about the alignment
            are in its record.
    """

    rows: tuple[MetricRow, ...]
    difference: np.ndarray
    spacing: tuple[float, float]
    slab_thickness: float
    protocol: str
    alignment: str = "none"
    alignment_record: AlignmentRecord = field(default_factory=AlignmentRecord)
    candidate: str = ""
    reference: str = ""
    modality: str = "CT"
    unit: str = "HU"
    window: tuple[float, float] = (-1024.0, 1476.0)
    result_image: np.ndarray | None = None
    reference_image: np.ndarray | None = None
    ssim_map: np.ndarray | None = None
    region: np.ndarray | None = None
    warnings: tuple[str, ...] = ()

    @property
    def has_difference(self) -> bool:
        """Whether result and reference share a scale; of an MRI ``difference`` is NaN everywhere."""
        return self.modality != "MR"

    def row(self, metric: str, *, slabs: str = "central slab", region: str = "body") -> MetricRow:
        """The row of one metric.

        Raises:
            XrayToCTError: there is no such row.
        """
        for row in self.rows:
            if (row.metric, row.slabs, row.region) == (metric, slabs, region):
                return row
        raise XrayToCTError(
            f"The report has no {metric} for {slabs}, {region}.",
            hint="It has: " + "; ".join(f"{row.metric}, {row.slabs}, {row.region}" for row in self.rows) + ".",
        )

    def to_json(self) -> str:
        """The report without its images, as JSON text; infinite and NaN values become null (JSON has none)."""
        rows = [{**asdict(row), "value": row.value if math.isfinite(row.value) else None} for row in self.rows]
        content = {
            "protocol": self.protocol,
            "alignment": self.alignment,
            "alignment_record": self.alignment_record.as_dict(),
            "candidate": self.candidate,
            "reference": self.reference,
            "modality": self.modality,
            "unit": self.unit,
            "window": list(self.window),
            "warnings": list(self.warnings),
            "grid": {
                "shape": list(self.difference.shape),
                "spacing_mm": list(self.spacing),
                "slab_thickness_mm": self.slab_thickness,
            },
            "rows": rows,
            "not_for_diagnostic_use": True,
        }
        return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)

    def to_csv(self, path: str | Path) -> Path:
        """Write one line a row, with its protocol, UTF-8; returns the path.

        Raises:
            XrayToCTError: the file cannot be written.
        """
        from ..whole_file import write_whole

        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(tuple(getattr(row, column) for column in COLUMNS) for row in self.rows)
        return write_whole(path, text.getvalue().encode())

    def table_text(self) -> str:
        """A table for a terminal: a line a metric, a column a scope, and the protocol under it."""
        scopes = list(dict.fromkeys((row.slabs, row.region) for row in self.rows))
        metrics = list(dict.fromkeys(row.metric for row in self.rows))
        cells = {(row.metric, row.slabs, row.region): row.value_text for row in self.rows}
        lines = [["", *(f"{slabs}, {region}" for slabs, region in scopes)]]
        lines += [[metric, *(cells.get((metric, *scope), "") for scope in scopes)] for metric in metrics]
        widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
        table = [
            "  ".join(
                [
                    line[0].ljust(widths[0]),
                    *(text.rjust(width) for text, width in zip(line[1:], widths[1:], strict=True)),
                ]
            )
            for line in lines
        ]
        return "\n".join([*table, self.protocol, f"Alignment: {self.alignment}."])
