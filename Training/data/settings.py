"""What a run's YAML says about its data.

Without slots: jsonargparse reads defaults of nested records through ``vars``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

SourceKind = Literal["ct", "mri", "radiograph", "reformat"]
PatientFrom = Literal["file stem", "folder", "dicom", "csv"]


@dataclass(frozen=True)
class SourceSettings:
    """One place that images come from: a file, or a folder that is searched to any depth.

    Attributes:
        path: CT and MRI: NIfTI, NRRD, MHA files and folders with one DICOM series each. Radiographs: whatever
            ``XrayToCTLib.read_radiograph`` reads. Reformats: NIfTI, NRRD or MHA images with one thin axis.
        kind: "ct" (Hounsfield units), "mri" (any units), "radiograph", or "reformat" (2D images in Hounsfield units,
            for training only, since such collections rarely say which images show one patient).
        name: of the data set, for the credits; the folder's name when empty.
        licence, credit, url: as they shall stand in the card of a model.
        catalogue: a YAML list of {match, name, licence, credit, url}, for a folder that mixes data sets: the first
            entry whose ``match`` begins the file's stem wins.
        include, exclude: patterns (* and ?) for file stems; a series' stem is its folder's name.
        patient_from: the patient's identity is the file's stem, the name of the folder that holds it, the DICOM
            Patient ID, or a column of a CSV.
        index: the CSV, when it is not ``index.csv`` in the folder.
        columns: what the CSV calls its columns ``file`` (a name or a path from the CSV's folder), ``patient`` and,
            when there is one, ``finding``; those names themselves when it is not said.
        training_only: never on the test side of any split.
        remove_table: CT: air wherever the patient is not.
        spacing_mm: instead of the files' own: (z, y, x) of a volume, (row, column) of a radiograph.
        polarity: of radiographs without a DICOM header, as in ``read_radiograph``.
    """

    path: Path
    kind: SourceKind = "ct"
    name: str = ""
    licence: str = "not stated"
    credit: str = ""
    url: str = ""
    catalogue: Path | None = None
    include: list[str] = field(default_factory=lambda: ["*"])
    exclude: list[str] = field(default_factory=list)
    patient_from: PatientFrom = "file stem"
    index: Path | None = None
    columns: dict[str, str] = field(default_factory=dict)
    training_only: bool = False
    remove_table: bool = True
    spacing_mm: tuple[float, ...] | None = None
    polarity: Literal["auto", "bone-bright", "bone-dark"] = "auto"


@dataclass(frozen=True)
class SplitSettings:
    """Who trains and who tests: by lists, or by folds. Patients are never divided.

    Attributes:
        train: name -> sampling weight. Empty: everybody who does not test.
        test: names. Empty: those of the fold.
        validation: names that neither train nor test, for stopping and calibration.
        folds, fold: when ``test`` is empty: the patients are dealt into so many folds, and this one (from 0) tests.
            ``folds: 0`` trains on everybody.
        seed: of the dealing. All folds of one cross-validation must share it.
        weights: name or pattern -> sampling weight, for those whom ``train`` does not name; 1 otherwise; 0 leaves out.
        never_test: names or patterns that may only train (a metal implant, a crop).
        same_patient: groups of names or patterns, of volumes and radiographs, that may show one patient and stay on
            one side.
        known_different: pairs of names or patterns that the leak check finds alike and that you know to be two
            patients; [["*", "*"]] for simulated bodies, which are all alike.
        leave_out: names or patterns that neither train nor test.
        kinds: kinds of volumes that the split is about.
        radiograph_holdout_every: every n-th radiograph patient, by sorted identity, is kept out of training; 0 none.
    """

    train: dict[str, float] = field(default_factory=dict)
    test: list[str] = field(default_factory=list)
    validation: list[str] = field(default_factory=list)
    folds: int = 5
    fold: int = 0
    seed: int = 0
    weights: dict[str, float] = field(default_factory=dict)
    never_test: list[str] = field(default_factory=list)
    same_patient: list[list[str]] = field(default_factory=list)
    known_different: list[list[str]] = field(default_factory=list)
    leave_out: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=lambda: ["ct"])
    radiograph_holdout_every: int = 5


@dataclass(frozen=True)
class DataSettings:
    """Sources, the folder they are prepared into, and the split.

    Attributes:
        sources: where images come from.
        prepared: the cache's folder. Runs with different splits share it; another spacing needs another folder.
        prepared_spacing_mm: of volumes: head-foot, front-back, side to side.
        radiograph_spacing_mm: of prepared radiographs, about: the edge is a whole number of pixels.
        radiograph_edge_mm: edge of the square field that radiographs are put on. One without a pixel spacing has its
            long edge taken as this: that of a 35 x 43 cm cassette.
        split: who trains and who tests.
        workers: processes that prepare volumes; each needs about 1 GB for a full chest CT.
    """

    sources: list[SourceSettings]
    prepared: Path
    prepared_spacing_mm: tuple[float, float, float] = (2.0, 4.0, 1.5)
    radiograph_spacing_mm: float = 1.5
    radiograph_edge_mm: float = 430.0
    split: SplitSettings = field(default_factory=SplitSettings)
    workers: int = 1
