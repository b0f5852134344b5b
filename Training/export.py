"""Export: the averaged generator as a bundle, with a card that says what was measured and what was not."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import yaml

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.models.bundle import write_bundle

from .config import RunConfig
from .evaluate import EVALUATION_FILE, Row, architecture_of, averaged_generator, means
from .prepare import read_manifest
from .samples import INPUT_MEAN, INPUT_STD, reference_of

_BUNDLES = Path(__file__).resolve().parents[1] / "XrayToCTLib" / "Resources" / "Models"
_ID, _VERSION = "chest-pa-physics-cyclegan", "0.1.0"
_UNITS = {"MAE": "HU", "PSNR": "dB", "SSIM": "", "ME": "HU"}
_PREDICTORS = (("model", "line integrals"), ("model", "display-processed"), ("mean CT", "nothing"))
_LIMITS = (
    "Research use only; not for diagnostic use.",
    "Depth is not in a single radiograph: slabs are the most plausible anatomy, not a measurement. A lesion may be "
    "missing, misplaced in depth or invented.",
    "HU are estimates. From a display-processed image (PNG, JPEG, most DICOM for presentation) the exposure is unknown "
    "and the values are mapped onto a reference distribution.",
    "Trained on chest CT of {patients} patients and on radiographs of adults; frontal views only (PA, AP). Children, "
    "lateral views, other anatomy, implants, large effusions and post-surgical chests were not, or hardly, seen.",
    "Measured on simulated radiographs of held-out CT patients; on real radiographs there was no reference CT to "
    "measure against.",
    "Fine detail (small vessels, fissures, small nodules) is smoothed away and soft tissues are hardly told apart: "
    "seen on pictures, not measured.",
)
_LICENCE_TEXT = (
    "The weights in this folder are licensed under the Creative Commons Attribution 4.0 International licence\n"
    "(CC BY 4.0, https://creativecommons.org/licenses/by/4.0/). The data they were trained on carry their own\n"
    "licences: see CREDITS.txt.\n"
)


def export(config: RunConfig, folder: Path = _BUNDLES) -> None:
    """Write the bundle into ``folder`` (the library's models), replacing the one of the same id.

    Raises:
        XrayToCTError: the run was not trained or not evaluated.
    """
    evaluation = config.run / EVALUATION_FILE
    if not evaluation.exists():
        raise XrayToCTError(f"{config.run} was not evaluated.", hint="Run `python -m Training evaluate` first.")
    rows = [Row(**record) for record in json.loads(evaluation.read_text(encoding="utf-8"))]
    network = averaged_generator(config)
    sources = _training_data(config)
    reference = reference_of(config)
    record = {
        "schema_version": 1,
        "id": _ID,
        "version": _VERSION,
        "title": "Chest PA: radiograph to 16 coronal CT-like slabs",
        "description": "U-Net generator of a physics-cycle CycleGAN: paired simulated radiographs anchor the anatomy, "
        "unpaired real radiographs close the cycle through the projector.",
        "source_modality": "radiograph",
        "target_modality": "CT",
        "anatomy": "chest",
        "views": ["PA", "AP"],
        "architecture": {"name": "unet-slabs", "parameters": architecture_of(config)},
        "grid": {
            "spacing_mm": [config.grid_mm] * 2,
            "trained_shape": [config.grid_size] * 2,
            "multiple": network.multiple,
        },
        "slabs": {"count": config.slabs, "thickness_mm": config.slab_thickness_mm},
        "input": {
            "quantity": "line_integral",
            "mean": INPUT_MEAN,
            "std": INPUT_STD,
            "reference_quantiles": {
                "probabilities": list(reference.probabilities),
                "line_integrals": [round(value, 5) for value in reference.line_integrals],
            },
        },
        "output": {"slope_hu": 1000.0, "intercept_hu": 0.0, "window_hu": [-1024.0, 1476.0]},
        "training_data": sources,
        "fidelity": _fidelity(rows, config.grid_mm),
        "limits": [line.format(patients=len(config.ct.train)) for line in _LIMITS],
        "licence": "CC-BY-4.0",
    }
    credits_text = "\n".join(f"{s['name']} ({s['licence']}): {s['credit']}. {s['url']}" for s in sources) + "\n"
    files: dict[str, str | bytes | Path] = {"LICENSE.txt": _LICENCE_TEXT, "CREDITS.txt": credits_text}
    bundle = write_bundle(folder / _ID, record, network.state_dict(), files, overwrite=True)
    print(f"written to {bundle.folder}")


def _training_data(config: RunConfig) -> list[dict[str, object]]:
    """The sources of what was used, with the number of patients of each."""
    sources = yaml.safe_load((Path(__file__).parent / "sources.yaml").read_text(encoding="utf-8"))
    radiographs = read_manifest(config.prepared)["radiographs"]
    assert isinstance(radiographs, dict)
    used: list[dict[str, object]] = []
    for source in sources:
        match = source.pop("match")
        if match == "radiographs":
            patients = len({item["patient"] for item in radiographs["items"] if not item["test"]})
        else:
            patients = sum(name.startswith(match) for name in config.ct.train)
        if patients:
            used.append({**source, "patients": patients})
    return used


def _fidelity(rows: list[Row], grid_mm: float) -> list[dict[str, object]]:
    """Body-masked figures on the network's grid, the primary one first, and the mean-CT predictor beside them."""
    grid = f"{grid_mm:g} mm"
    patients = sorted({row.patient for row in rows})
    average = means(rows)
    entries: list[dict[str, object]] = []
    for metric, slabs, (predictor, fed) in product(_UNITS, ("central slab", "all slabs"), _PREDICTORS):
        value = average[(metric, predictor, fed, grid, slabs, "body")]
        each = [
            row.value
            for patient in patients
            for row in rows
            if (row.patient, row.metric, row.predictor, row.input, row.slabs, row.mask, row.grid_mm)
            == (patient, metric, predictor, fed, slabs, "body", grid_mm)
        ]
        digits = 3 if metric == "SSIM" else 1
        size = "2D" if slabs == "central slab" else "volume"
        who = f"input {fed}" if predictor == "model" else "baseline: the mean of the training CTs"
        entries.append(
            {
                "metric": metric if predictor == "model" else f"{metric} of the mean CT",
                "value": round(value, digits),
                "unit": _UNITS[metric],
                "protocol": f"{slabs} ({size}), body mask; {who}; simulated PA radiographs, "
                f"mean of {len(patients)} held-out patients ("
                + ", ".join(f"{p} {v:.{digits}f}" for p, v in zip(patients, each, strict=True))
                + f"); window -1024..1476 HU, range 2500, {grid} grid, rays within the scanned length.",
            }
        )
    return entries
