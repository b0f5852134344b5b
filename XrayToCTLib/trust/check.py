"""The trust check of one stack: everything that can be asked without a reference CT."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ..ct_stack import CtStack, TrustMap, require_stack
from ..errors import XrayToCTError
from ..models.bundle import Bundle
from ..models.card import ModelCard, model_name
from ..models.registry import find_model
from ..progress import ProgressCallback, report
from ..radiograph import Radiograph, require_radiograph
from ..translation.engine import translate
from ..translation.input_gate import judge_input
from .network_grid import check_belongs, line_integrals_on_grid, radiograph_on_grid, seen_through, slabs_on_grid
from .perturbations import PERTURBATIONS
from .reprojection_check import BODY_INTEGRAL, reprojection_flags, reprojection_map
from .trust_report import TrustFlag, TrustLevel, TrustReport, sorted_flags
from .unsteadiness import unsteadiness_flag, unsteadiness_map

# Rounding to int16 HU is 0.3 HU apart in the mean, another backend some HU.
_SAME_WITHIN_HU = 10.0


def trust(
    stack: CtStack,
    radiograph: Radiograph,
    *,
    model: str | Path | ModelCard | None = None,
    device: str = "auto",
    frame: int = 0,
    perturb: bool = True,
    progress: ProgressCallback | None = None,
) -> TrustReport:
    """Check how far a stack is to be believed, given nothing but the radiograph it was made from.

    Args:
        stack: what ``translate`` gave, or ``read_stack`` of it; also one that was changed since.
        radiograph: that it was made from.
        model: that made it; default: what the stack itself says. None is known of a stack from a CT: then the
            re-projection alone is checked.
        device: as for ``translate``.
        frame: of the radiograph.
        perturb: also translate slightly moved copies of the radiograph (seven runs of the network) for the
            unsteadiness.
        progress: called with (fraction, phase); returning False cancels.

    Returns:
        Flags and maps. Fine flags are no proof that a stack is right: whatever a reference CT alone could tell is not
        in them.

    Raises:
        TranslationCancelled: ``progress`` returned False.
        XrayToCTError: the two do not belong together, the model is not there, or it cannot be run.
    """
    report(progress, 0.0, "re-projecting the stack")
    check = TrustCheck(stack, radiograph, model=model, frame=frame)
    answers: list[np.ndarray] = []
    inputs = check.inputs if perturb else ()
    for index, given in enumerate(inputs):
        report(progress, 0.1 + 0.85 * index / len(inputs), "translating slightly moved radiographs")
        answers.append(translate(given, model=check.model, device=device).hu)
    found = check.report(answers)
    report(progress, 1.0, "done")
    return found


class TrustCheck:
    """A trust check in parts, for a program that lets the network run elsewhere: translate ``inputs``, in their order,
    with ``model``, and hand what came back to ``report``.

    Args:
        stack, radiograph, model, frame: as for ``trust``.

    Attributes:
        model: to translate with; None when none is known, and then there are no inputs.
        inputs: small radiographs: the unmoved one, then the moved ones.

    Raises:
        XrayToCTError: the two do not belong together, or there is no such frame or model.
    """

    def __init__(
        self,
        stack: CtStack,
        radiograph: Radiograph,
        *,
        model: str | Path | ModelCard | None = None,
        frame: int = 0,
    ) -> None:
        require_stack(stack)
        require_radiograph(radiograph)
        radiograph = radiograph.frame(frame)
        check_belongs(stack, radiograph)
        self._bundle = _bundle_of(stack, model)
        self.model: Path | None = self._bundle.folder if self._bundle else None
        card = self._bundle.card if self._bundle else None
        self._stack, self._shape = stack, radiograph.shape
        self._small = radiograph_on_grid(radiograph, card)
        self._integrals = line_integrals_on_grid(self._small, card)
        self._hu = slabs_on_grid(stack.hu, self._small.shape)
        moved = [perturbation.apply(self._small) for perturbation in PERTURBATIONS]
        self.inputs: tuple[Radiograph, ...] = (self._small, *moved) if self._bundle else ()

    def report(self, answers: Sequence[np.ndarray] = ()) -> TrustReport:
        """The report.

        Args:
            answers: HU (slabs, rows, cols) of each input; none leaves the unsteadiness out.

        Raises:
            XrayToCTError: another number of answers than of inputs.
        """
        if answers and len(answers) != len(self.inputs):
            raise XrayToCTError(
                f"{len(answers)} answers to {len(self.inputs)} inputs cannot be compared.", hint="Translate them all."
            )
        maps: list[TrustMap] = []
        flags = list(self._gate_flags())
        thickness = self._stack.slab_thickness
        if len(self._hu) == 1:  # the classic 2D translation: a part of what the radiograph shows
            sentence = "One slab alone does not add up to a radiograph: the re-projection was not looked at."
            flags.append(TrustFlag("reprojection", TrustLevel.UNKNOWN, sentence))
        else:
            maps.append(reprojection_map(self._hu, self._integrals, self._small.spacing, thickness, self._small.scale))
            flags += reprojection_flags(self._hu, self._integrals, thickness, maps[0], self._bundle)
        if answers:
            flags += self._origin_flag(answers[0])
            moved = zip(PERTURBATIONS, answers[1:], strict=True)
            back = [perturbation.undo(hu, self._small) for perturbation, hu in moved]
            maps.append(unsteadiness_map([answers[0], *back], self._small.spacing))
            flags.append(unsteadiness_flag(maps[-1], self._integrals > BODY_INTEGRAL))
        else:
            why = "it was not asked for" if self._bundle else "the model that made the stack is not there"
            sentence = f"The network's unsteadiness was not looked at: {why}."
            flags.append(TrustFlag("unsteadiness", TrustLevel.UNKNOWN, sentence))
        return TrustReport(sorted_flags(flags), tuple(maps))

    def _gate_flags(self) -> Iterator[TrustFlag]:
        verdict = None
        if self._bundle is not None:
            verdict = judge_input(self._bundle, self._integrals, self._small.scale)
        if verdict is None:
            text = "The model has no input gate: whether this radiograph is of the kind it was trained on is not known."
            if self._bundle is None:
                text = "The model that made the stack is not there: its input gate could not be asked."
            yield TrustFlag("input-gate", TrustLevel.UNKNOWN, text)
            return
        source = "calibrated on the model's ordinary inputs"
        for sentence in verdict.sentences:
            yield TrustFlag("input-gate", TrustLevel.DOUBTFUL, sentence, verdict.score, verdict.threshold, source)
        if not verdict.sentences:
            text = (
                f"The radiograph looks like those that the model was trained on (score {verdict.score:.2f}, "
                f"limit {verdict.threshold:g})."
            )
            yield TrustFlag("input-gate", TrustLevel.FINE, text, verdict.score, verdict.threshold, source)

    def _origin_flag(self, answer: np.ndarray) -> list[TrustFlag]:
        """Whether the stack is what the model makes of the radiograph."""
        if answer.shape != self._hu.shape:
            text = (
                f"The stack has {self._hu.shape[0]} slabs, but the model gives {answer.shape[0]}: another one made it."
            )
            return [TrustFlag("origin", TrustLevel.DOUBTFUL, text)]
        again = seen_through(answer, self._shape)
        apart = float(np.mean([np.abs(a - b).mean() for a, b in zip(again, self._hu, strict=True)]))
        source = "rounding and another backend stay well below"
        if apart > _SAME_WITHIN_HU:
            text = (
                f"The stack is not what the model makes of this radiograph: {apart:.0f} HU apart in the mean. It was "
                "changed since, or made from another image or by another model."
            )
            return [TrustFlag("origin", TrustLevel.DOUBTFUL, text, apart, _SAME_WITHIN_HU, source)]
        text = "The stack is what the model makes of this radiograph."
        return [TrustFlag("origin", TrustLevel.FINE, text, apart, _SAME_WITHIN_HU, source)]


def _bundle_of(stack: CtStack, model: str | Path | ModelCard | None) -> Bundle | None:
    """The model that made a stack: the one given, else the one on its card or in its provenance, else None."""
    if model is not None:
        return find_model(model)
    if stack.card is not None:
        return find_model(stack.card)
    identity, version, variant = (stack.provenance.get(f"model_{key}", "") for key in ("id", "version", "variant"))
    if not identity:
        return None
    try:
        return find_model(model_name(identity, version, variant))
    except XrayToCTError:  # it was removed since: what needs no model can still be checked
        return None
