"""Trust check of a batch's stack, with the warm network of its process."""

from __future__ import annotations

from dataclasses import replace

from ..ct_stack import CtStack
from ..errors import XrayToCTError
from ..radiograph import Radiograph
from ..translation.translator import Translator
from ..trust.check import TrustCheck
from ..trust.trust_report import TrustLevel
from .outcome import Row

_DIGITS = 4  # of what is measured: a table is to be read


def trust_checked(
    row: Row, stack: CtStack, radiograph: Radiograph, frame: int, translator: Translator, *, perturb: bool
) -> Row:
    """The row with what the check found. A check that cannot be made fails no image: it says "unknown".

    Args:
        row: of the stack.
        stack, radiograph, frame: as for ``trust``.
        translator: of the model that made the stack.
        perturb: run the network on slightly moved radiographs too.
    """
    try:
        check = TrustCheck(stack, radiograph, frame=frame, model=translator.folder)
        report = check.report([translator.translate(given).hu for given in check.inputs] if perturb else [])
    except MemoryError:
        raise
    except Exception as error:  # the stack is there, and this is about something else
        why = error.message if isinstance(error, XrayToCTError) else f"{type(error).__name__}: {error}."
        return replace(row, trust="unknown", warnings=(*row.warnings, f"Its trust was not checked: {why}"))
    doubts = tuple(flag.sentence for flag in report.flags if flag.level is TrustLevel.DOUBTFUL)
    return replace(
        row,
        trust="doubtful" if doubts else "fine",
        doubts=doubts,
        trust_values={flag.name: round(flag.value, _DIGITS) for flag in report.flags if flag.value is not None},
    )
