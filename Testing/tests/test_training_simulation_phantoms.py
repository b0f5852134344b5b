"""Torso phantoms: seeded, shaped like chests, and read like any CT."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("cv2")
pytest.importorskip("tqdm")
pytest.importorskip("torch")

from Training.simulation.phantoms import torso_phantom, write_phantoms
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.projection import read_ct
from XrayToCTLib.projection.body import body_mask

COARSE = (5.0, 5.0, 5.0)
ROUGH = (9.0, 8.0, 7.0)


def test_a_phantom_is_its_seed() -> None:
    (one, _), (same, _), (other, _) = (torso_phantom(seed, ROUGH) for seed in (4, 4, 5))
    np.testing.assert_array_equal(one, same)
    assert one.dtype == np.int16 and (one.shape != other.shape or (one != other).any())


@pytest.mark.parametrize("seed", range(3))
def test_a_phantom_has_an_adults_lungs_bones_and_a_heart_on_the_left(seed: int) -> None:
    hu, spacing = torso_phantom(seed, COARSE)
    litre = np.prod(spacing) / 1e6
    inside = body_mask(hu, spacing)
    lung = inside & (hu < -500)
    assert 2.0 < lung.sum() * litre < 9.0
    assert 0.01 < (hu > 200).sum() / inside.sum() < 0.12
    assert 12.0 < inside.sum() * litre < 70.0
    # Between the lungs, in front, more lies to the left (towards higher x): the heart.
    columns = np.flatnonzero(inside.any(axis=(0, 1)))
    middle = (columns[0] + columns[-1] + 1) // 2
    rows = np.flatnonzero(lung.sum(axis=(1, 2)) > 50)
    low, high = (rows[0] + int(share * (rows[-1] - rows[0])) for share in (0.42, 0.55))
    planes = np.flatnonzero(lung[low:high].any(axis=(0, 2)))
    front = slice(int(planes[0]) + 4, int(planes.mean()))
    reach = round(70.0 / spacing[2])
    heart = ~lung[low:high, front]
    assert heart[..., middle : middle + reach].sum() > heart[..., middle - reach : middle].sum()


def test_phantoms_are_written_once_and_read_as_cts(tmp_path: Path) -> None:
    paths = write_phantoms(tmp_path / "phantoms", 2, seed=7, spacing=ROUGH)
    assert [path.name for path in paths] == ["phantom-000007.nii.gz", "phantom-000008.nii.gz"]
    assert sorted((tmp_path / "phantoms").iterdir()) == paths
    before = paths[0].stat().st_mtime_ns
    write_phantoms(tmp_path / "phantoms", 1, seed=7, spacing=ROUGH)
    assert paths[0].stat().st_mtime_ns == before
    hu, spacing = torso_phantom(7, ROUGH)
    ct = read_ct(paths[0])
    np.testing.assert_array_equal(ct.hu, hu)
    assert ct.spacing == pytest.approx(spacing)


def test_impossible_phantoms_are_refused(tmp_path: Path) -> None:
    with pytest.raises(XrayToCTError, match="voxels"):
        torso_phantom(0, (0.0, 3.0, 3.0))
    with pytest.raises(XrayToCTError, match="cannot be made"):
        write_phantoms(tmp_path, 0)
    (tmp_path / "file").write_text("")
    with pytest.raises(XrayToCTError, match="cannot be written"):
        write_phantoms(tmp_path / "file", 1, spacing=COARSE)
