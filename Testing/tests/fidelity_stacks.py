"""Stacks of known content for tests of comparisons and their pages."""

from __future__ import annotations

import dataclasses

import numpy as np

from XrayToCTLib.ct_stack import CtStack
from XrayToCTLib.radiograph import View


def box_stack(slabs: int = 4, rows: int = 48, cols: int = 40) -> CtStack:
    """A box of soft tissue with texture and a lung in air, HU."""
    rng = np.random.default_rng(7)
    hu = np.full((slabs, rows, cols), -1000, np.float32)
    hu[:, rows // 6 : -rows // 6, cols // 5 : -cols // 5] = 40
    hu[:, rows // 3 : rows // 2, cols // 3 : cols // 2] = -800
    hu += rng.normal(0, 15, hu.shape).astype(np.float32)
    return CtStack(hu=hu, spacing=(3.0, 2.0), slab_thickness=20.0, view=View.PA)


def shifted(stack: CtStack, offset: float, *, noise: float = 0.0, name: str = "", seed: int = 1) -> CtStack:
    """The stack with an offset and noise in HU; ``name`` becomes its model."""
    rng = np.random.default_rng(seed)
    hu = stack.hu + np.float32(offset) + rng.normal(0, noise or 1e-6, stack.hu.shape).astype(np.float32)
    provenance = {"model_id": name} if name else {}
    return dataclasses.replace(stack, hu=hu.astype(np.float32), provenance=provenance)
