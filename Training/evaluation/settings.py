"""What an evaluation measures beside the core table, and how often it draws.

Without slots: jsonargparse reads defaults of nested records through ``vars``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from XrayToCTLib.errors import XrayToCTError


@dataclass(frozen=True)
class EvaluationSettings:
    """The choices of one evaluation.

    Attributes:
        model: folder of a bundle or of another run to stand in the run's place; the run itself when None. A bundle goes
            through the engine as a user's radiograph does, so that its input checks can be tested too.
        others: label -> folder of another run or of a bundle, to stand in the same table (cnn, pix2pix, cyclegan...).
        folds: evaluated runs of the other folds of a cross-validation: the report pools their test patients with the
            run's own.
        classical: measure the classical filters and the ridge regression.
        hallucination: insert and remove lesions, a rib, a lung, and see what follows.
        robustness: turn, expose, blur and cut the input, and see what the error does.
        cost: parameters, multiplications, time and memory.
        resamples: of the bootstrap.
        seed: of everything that is drawn.
        positions: lesions of each size in each patient.
        diameters_mm: of the lesions.
        threads: of the network while its time is taken.
        remarks: what a person has to say about the figures, above all why a bar is missed; stands below the bars.
    """

    model: Path | None = None
    others: dict[str, Path] = field(default_factory=dict)
    folds: list[Path] = field(default_factory=list)
    classical: bool = True
    hallucination: bool = True
    robustness: bool = True
    cost: bool = True
    resamples: int = 10_000
    seed: int = 20261122
    positions: int = 6
    diameters_mm: tuple[float, ...] = (6.0, 10.0, 15.0, 20.0)
    threads: int = 1
    remarks: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.resamples < 100 or self.positions < 1 or self.threads < 1:
            raise XrayToCTError(
                f"An evaluation of {self.resamples} resamples, {self.positions} positions and {self.threads} threads "
                "cannot be made.",
                hint="Take at least 100 resamples, 1 position and 1 thread.",
            )
        if not self.diameters_mm or min(self.diameters_mm) <= 0 or max(self.diameters_mm) > 60:
            raise XrayToCTError(
                f"Lesions of {self.diameters_mm} mm cannot be inserted.", hint="Give diameters between 0 and 60 mm."
            )
