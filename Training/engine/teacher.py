"""Teacher: the frozen generator of a distillation, from a run's folder or a bundle's."""

from __future__ import annotations

from pathlib import Path

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.models.bundle import load_bundle
from XrayToCTLib.models.card import CARD_FILE

from ..families.generator_in_hu import Scaled
from ..simulation.field import INPUT_MEAN, INPUT_STD, Field
from .checkpoint import load_generator, load_run_config


def open_teacher(folder: Path, field: Field) -> Scaled:
    """Normalised line integrals (n, 1 or 2, rows, cols) -> HU / 1000 (n, slabs, rows, cols), in evaluation mode.

    Args:
        folder: of a run, whose averaged generator it is, or of a bundle.
        field: of the run that learns from it.

    Raises:
        XrayToCTError: the folder is neither, or its generator works on another grid, gives other slabs, or is fed
            otherwise normalised line integrals.
    """
    if (folder / CARD_FILE).exists():
        bundle = load_bundle(folder)
        card = bundle.card
        grid = (card.grid.spacing_mm[0], card.slabs.count, card.slabs.thickness_mm)
        normalisation = (card.input.mean, card.input.std)
        scale = (card.output.slope_hu / 1000.0, card.output.intercept_hu / 1000.0)
        teacher = Scaled(bundle.load_network(), *scale)
    else:
        given = load_run_config(folder).field
        grid, normalisation = (given.spacing, given.slabs, given.slab_thickness), (INPUT_MEAN, INPUT_STD)
        teacher = load_generator(folder)
    wanted = (field.spacing, field.slabs, field.slab_thickness)
    if grid != wanted or normalisation != (INPUT_MEAN, INPUT_STD) or field.size % teacher.multiple:
        raise XrayToCTError(
            f"The teacher {folder} does not fit: it gives {grid[1]} slabs of {grid[2]:g} mm at {grid[0]:g} mm, "
            f"from multiples of {teacher.multiple} pixels normalised by {normalisation}.",
            hint="Choose the run's field like the teacher's, or another teacher.",
        )
    return teacher.eval()
