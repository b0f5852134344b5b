"""The plain regression: what every adversarial model has to be compared with."""

from __future__ import annotations

from typing import Any

from .family import Family, Terms
from .moment import Moment, Part
from .regression import regression_terms


class Cnn(Family):
    """Learns from simulated pairs alone, the whole run long."""

    def joined(self, share: float) -> bool:
        return False

    def _terms(self, part: Part, moment: Moment, joined: bool) -> tuple[Terms, Any]:
        stacks = self.generator(part.batch.image)
        return regression_terms(stacks, part.batch, self.config, moment), None
