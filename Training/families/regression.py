"""Terms of a simulated pair: what the stack should be is known."""

from __future__ import annotations

from torch import Tensor

from ..config import RunConfig
from ..simulation.field import TARGET_HIGH, TARGET_LOW, PairedBatch
from .losses import gradient_l1, line_integrals, masked_l1
from .moment import Moment
from .structural_similarity import ms_ssim


def regression_terms(stacks: Tensor, batch: PairedBatch, config: RunConfig, moment: Moment) -> dict[str, Tensor]:
    """Weighted terms, those of weight zero left out; ``stacks`` (n, slabs, rows, cols), HU / 1000."""
    weights = config.family.weights
    terms: dict[str, Tensor] = {}
    if weights.l1:
        terms["l1"] = weights.l1 * masked_l1(stacks, batch.target, batch.valid)
    if weights.gradient or weights.ms_ssim:
        # On some slabs, drawn anew: on all of them these terms would cost a tenth of the step.
        count = min(config.family.gradient_slabs, stacks.shape[1])
        some = moment.chance("slabs").choice(stacks.shape[1], count, replace=False).tolist()
        part, target = stacks[:, some], batch.target[:, some]
        if weights.gradient:
            terms["gradient"] = weights.gradient * gradient_l1(part, target, batch.valid)
        if weights.ms_ssim:
            # Where there is no target there is nothing to be unlike.
            known = part * batch.valid + target * (1.0 - batch.valid)
            terms["ms_ssim"] = weights.ms_ssim * (1.0 - ms_ssim(known, target, TARGET_HIGH - TARGET_LOW))
    if weights.projection:
        thickness = config.field.slab_thickness
        made, true = line_integrals(stacks, thickness), line_integrals(batch.target, thickness)
        terms["projection"] = weights.projection * masked_l1(made, true, batch.valid)
    return terms


def visible(stacks: Tensor, valid: Tensor) -> Tensor:
    """Air where a simulated pair has no scan: repeated end slices must not give a true stack away."""
    return stacks * valid - (1.0 - valid)
