"""Prepare: CT and radiographs, once, into arrays that training maps into memory."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.projection import CtVolume, ProjectionGeometry, project, read_ct, remove_table

from .config import RunConfig

PROBABILITIES = np.linspace(0.0, 1.0, 65)


@dataclass(frozen=True, slots=True, eq=False)
class PreparedCt:
    """A table-free CT in a plane-major layout: relative attenuation, float16 (y, z, x), spacing (z, y, x) mm."""

    name: str
    attenuation: np.ndarray
    spacing: tuple[float, float, float]
    centre: tuple[float, float, float]


def prepare(config: RunConfig) -> None:
    """Write ``ct/<name>.npy``, ``radiographs.npy`` and ``manifest.json`` into the prepared folder.

    A broken file is reported, skipped and counted. The reference quantiles are the mean quantile function of the
    training patients' simulated PA radiographs.
    """
    folder = config.prepared
    (folder / "ct").mkdir(parents=True, exist_ok=True)
    manifest: dict[str, object] = {"ct": {}, "skipped": []}
    skipped: list[str] = []
    quantiles: list[np.ndarray] = []
    entries: dict[str, object] = {}
    for name in tqdm([*config.ct.train, *config.ct.test], desc="CT"):
        try:
            volume = remove_table(read_ct(config.data / "chest_ct" / f"{name}.nii.gz"))
        except XrayToCTError as error:
            skipped.append(f"{name}: {error}")
            continue
        attenuation, spacing, centre = _resampled(volume, config.prepared_spacing_mm)
        np.save(folder / "ct" / f"{name}.npy", attenuation)
        entries[name] = {"spacing": spacing, "centre": centre, "test": name in config.ct.test}
        covers = volume.hu.shape[0] * volume.spacing[0]
        if name in config.ct.train and covers > 200:
            quantiles.append(_quantiles(volume, covers))
    manifest.update(ct=entries, skipped=skipped)
    manifest["reference_quantiles"] = {
        "probabilities": PROBABILITIES.tolist(),
        "line_integrals": np.mean(quantiles, axis=0).tolist(),
    }
    manifest["radiographs"] = _prepare_radiographs(config, folder)
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    for line in skipped:
        print("skipped", line)
    print(f"{len(entries)} CT prepared, {len(skipped)} skipped; written to {folder}")


def read_manifest(folder: Path) -> dict[str, object]:
    path = folder / "manifest.json"
    if not path.exists():
        raise XrayToCTError(f"{folder} holds no prepared data.", hint="Run `python -m Training prepare` first.")
    manifest: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return manifest


def load_cts(folder: Path, names: Iterable[str]) -> list[PreparedCt]:
    entries = read_manifest(folder)["ct"]
    assert isinstance(entries, dict)
    return [
        PreparedCt(
            name=name,
            attenuation=np.load(folder / "ct" / f"{name}.npy", mmap_mode="r"),
            spacing=tuple(entries[name]["spacing"]),
            centre=tuple(entries[name]["centre"]),
        )
        for name in names
        if name in entries
    ]


def _resampled(
    volume: CtVolume, spacing: tuple[float, float, float]
) -> tuple[np.ndarray, tuple[float, float, float], tuple[float, float, float]]:
    """Area averages where the grid is coarser than the CT, linear interpolation where it is finer."""
    import cv2

    def along(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        smaller = size[0] <= image.shape[1] and size[1] <= image.shape[0]
        return cv2.resize(image, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)

    mu = volume.relative_attenuation()
    sizes = [max(2, round(n * s / t)) for n, s, t in zip(mu.shape, volume.spacing, spacing, strict=True)]
    mu = np.stack([along(slice_, (sizes[2], sizes[1])) for slice_ in mu])
    planes = np.stack([along(np.ascontiguousarray(mu[:, y]), (sizes[2], sizes[0])) for y in range(sizes[1])])
    exact = [n * s / size for n, s, size in zip(volume.hu.shape, volume.spacing, sizes, strict=True)]
    centre = [(c + 0.5) * s / t - 0.5 for c, s, t in zip(volume.centre, volume.spacing, exact, strict=True)]
    return planes.astype(np.float16), (exact[0], exact[1], exact[2]), (centre[0], centre[1], centre[2])


def _quantiles(volume: CtVolume, covers_mm: float) -> np.ndarray:
    """Quantiles of a simulated radiograph as long as the scan, so that missing neck and belly do not count as air."""
    length = covers_mm * 1.05
    geometry = ProjectionGeometry(shape=(round(length / 3.0), 128), spacing=(3.0, 3.0))
    return np.quantile(project(volume, geometry=geometry).pixels[0], PROBABILITIES)


def _prepare_radiographs(config: RunConfig, folder: Path) -> dict[str, object]:
    """All radiographs at the network's spacing, uint8 (n, rows, cols), with the split by patient."""
    import cv2

    with (config.data / "xray" / "index.csv").open(encoding="utf-8") as stream:
        rows = sorted(csv.DictReader(stream), key=lambda row: row["file"])
    patients = sorted({row["patient"] for row in rows})
    held_out = set(patients[:: config.radiograph_holdout_every])
    side = round(config.radiograph_edge_mm / config.grid_mm)
    images, kept = [], []
    for row in tqdm(rows, desc="radiographs"):
        image = cv2.imread(str(config.data / "xray" / row["file"]), cv2.IMREAD_GRAYSCALE)
        if image is None:
            print("skipped", row["file"], "which is no image")
            continue
        images.append(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA))
        kept.append({**row, "test": row["patient"] in held_out})
    np.save(folder / "radiographs.npy", np.stack(images))
    return {"spacing_mm": config.radiograph_edge_mm / side, "items": kept}
