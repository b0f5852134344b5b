"""Task: one input file of a batch and what is to be made of it, as JSON types that can be sent to another process."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from typing import Any

DICOM = "dicom"
FORMATS = {"nrrd": ".nrrd", "nii.gz": ".nii.gz", "nii": ".nii", "mha": ".mha", DICOM: ".dcm"}
"""What ``format`` may be -> the suffix of the files."""
ALL_FRAMES = "all"
TRUST = ("none", "quick", "full")
"""How far each stack's trust is checked: not, without further runs of the network, or with seven of them."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How a file is to be read, as for ``read_radiograph``, which frame of it, from 0 or "all", and, for DICOM that is
    made from other formats, whose it is."""

    spacing: tuple[float, float] | None = None
    polarity: str = "auto"
    view: str | None = None
    frame: int | str = 0
    patient_id: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """What all tasks of a batch share.

    Attributes:
        model_folder, model_sha256: which model; the second stands for its whole content.
        device: as for ``translate``.
        pipeline: of the enhancement before it, as JSON types; None for none.
        format: one of ``FORMATS``.
        compress: gzip inside the files.
        output: absolute folder of the results.
        work: absolute folder within it where files are made before they are published.
        overwrite: files that are there and were made otherwise may be replaced.
        trust: one of ``TRUST``. No part of a task's key: it changes no file.
    """

    model_folder: str
    model_sha256: str
    device: str
    pipeline: dict[str, Any] | None
    format: str
    compress: bool
    output: str
    work: str
    overwrite: bool
    trust: str = "none"


@dataclass(frozen=True, slots=True)
class Task:
    """One input file.

    Attributes:
        input: its absolute path.
        name: of the result, relative to the output folder, with "/"; it stands for the task in the ledger. A ``*`` in
            it is the place of the frame's number.
        options: how to read it.
        problem: (message, hint): why it cannot be translated, known before it was opened; None for most.
        known: the ledger's line of an earlier run that made this task's files; None without one.
    """

    input: str
    name: str
    options: ReadOptions
    problem: tuple[str, str] | None = None
    known: dict[str, Any] | None = None

    def to_record(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Task:
        """The task that ``to_record``, perhaps through JSON, made a record of."""
        options = dict(record["options"])
        options["spacing"] = tuple(options["spacing"]) if options["spacing"] else None
        problem = record.get("problem")
        return cls(
            record["input"],
            record["name"],
            ReadOptions(**options),
            (problem[0], problem[1]) if problem else None,
            record.get("known"),
        )


def settings_of(record: dict[str, Any]) -> Settings:
    """The settings in a record, which may come through JSON."""
    return Settings(**{field.name: record[field.name] for field in fields(Settings)})


def task_key(content_sha256: str, options: ReadOptions, settings: Settings) -> str:
    """What a result depends on, as one SHA-256: the input's content, the model's, and every option that changes it."""
    parts = [
        content_sha256,
        settings.model_sha256,
        settings.device,
        settings.pipeline,
        settings.format,
        settings.compress,
        asdict(options),
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def frame_name(name: str, frame: int) -> str:
    """The name of one frame's result."""
    return name.replace("*", f"{frame:04d}")
