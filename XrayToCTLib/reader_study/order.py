"""Order: which image a reader sees when, under which label. Blinded, random, counterbalanced, reproducible anywhere.

Generator "XrayToCT reader study order 1": a random permutation of names is the names sorted by
SHA-256(generator, study id, seed, reader, purpose, name), the parts joined by line feeds in UTF-8. It depends on no
library's random numbers, so any language can repeat it.

1. Every case occurs once a round; there are as many rounds as a case has candidates. Within a round the cases are
   permuted for each reader, so that two images of a case lie about a round apart.
2. Which candidate of a case comes in which round: rows of a Williams design (E. J. Williams, Aust. J. Sci. Res. A 2,
   149-168, 1949) over the methods. The row is (rank of the case + rank of the reader) modulo the number of rows: over
   the cases, and over the readers, each method comes equally often first, second ... and after each other method.
   Readers whom the study lists have their place in the list as rank; others one drawn from their code.
3. Repeats are images drawn from the first half of the order, shown again at its end under new case numbers, so that
   the reader cannot tell them from new ones and most was seen in between.
4. A case does not follow itself, as far as that can be: the first two of a round are exchanged, repeats drawn apart.
5. Labels: cases are numbered by a permutation of their own, images lettered in the order of their showing.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..errors import XrayToCTError
from .study import Candidate, Case, Study

GENERATOR = "XrayToCT reader study order 1"
_READER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True)
class Presentation:
    """What a reader may know of an image: nothing here depends on its method.

    Attributes:
        position: from 0, in the order of showing.
        label: "Case 3 - image B".
    """

    position: int
    label: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What lies behind a presentation. Never given to a reader, never written into a session."""

    case: Case
    candidate: Candidate
    is_repeat: bool


@dataclass(frozen=True, slots=True)
class ReaderOrder:
    """Presentations, and in the same order what lies behind them."""

    presentations: tuple[Presentation, ...]
    key: tuple[Shown, ...]


def reader_code(text: str, study: Study) -> str:
    """A reader's code as it is kept: capitals, so that r1 and R1 are one person on every file system.

    Raises:
        XrayToCTError: not a code, or not a reader of this study.
    """
    code = text.strip()
    if not _READER.fullmatch(code):
        raise XrayToCTError(
            f"{text!r} is no reader's code.",
            hint="Give up to 40 letters, digits, - and _, such as R1; a code rather than a name.",
        )
    allowed = [reader.upper() for reader in study.readers]
    if allowed and code.upper() not in allowed:
        raise XrayToCTError(
            f"The study has no reader {code}.", hint=f"Its readers are {', '.join(study.readers)}. Ask who made it."
        )
    return code.upper()


def reader_order(study: Study, reader: str) -> ReaderOrder:
    """The order of one reader; the same at every call.

    Raises:
        XrayToCTError: not a reader's code, or not a reader of this study.
    """
    reader = reader_code(reader, study)
    shown = _rounds(study, reader)
    shown += _repeats(study, reader, shown)
    numbers = {case_id: number for number, case_id in enumerate(_permuted(study, reader, "numbers", _ids(study)), 1)}
    letters = dict.fromkeys(numbers, 0)
    next_number = len(numbers) + 1
    presentations = []
    for position, item in enumerate(shown):
        if item.is_repeat:
            label, next_number = _label(next_number, 0), next_number + 1
        else:
            label = _label(numbers[item.case.id], letters[item.case.id])
            letters[item.case.id] += 1
        presentations.append(Presentation(position, label))
    return ReaderOrder(tuple(presentations), tuple(shown))


def _rounds(study: Study, reader: str) -> list[Shown]:
    sequences = _sequences(study, reader)
    cases = {case.id: case for case in study.cases}
    shown: list[Shown] = []
    for number in range(max(len(sequence) for sequence in sequences.values())):
        names = [name for name in cases if number < len(sequences[name])]
        ordered = _permuted(study, reader, f"round {number}", names)
        if shown and len(ordered) > 1 and ordered[0] == shown[-1].case.id:
            ordered[0], ordered[1] = ordered[1], ordered[0]
        shown += [Shown(cases[name], sequences[name][number], is_repeat=False) for name in ordered]
    return shown


def _sequences(study: Study, reader: str) -> dict[str, list[Candidate]]:
    """The candidates of each case in the order of the rounds."""
    rows = williams_design(len(study.methods))
    methods = _permuted(study, "", "methods", study.methods)  # the same for all readers: the rows balance them
    listed = [code.upper() for code in study.readers]
    rank = listed.index(reader) if reader in listed else int(_key(study, reader, "rank", "")[:8], 16)
    sequences = {}
    for case_rank, case_id in enumerate(_permuted(study, "", "cases", _ids(study))):
        case = next(case for case in study.cases if case.id == case_id)
        by_method = {candidate.method: candidate for candidate in case.candidates}
        row = [methods[column] for column in rows[(case_rank + rank) % len(rows)]]
        sequences[case_id] = [by_method[method] for method in row if method in by_method]
    return sequences


def _repeats(study: Study, reader: str, shown: Sequence[Shown]) -> list[Shown]:
    if not study.repeats:
        return []
    eligible = max(study.repeats, len(shown) // 2)
    drawn = _permuted(study, reader, "repeats", [str(position) for position in range(eligible)])
    chosen = [shown[int(name)] for name in drawn[: study.repeats]]
    return [Shown(item.case, item.candidate, is_repeat=True) for item in _apart(chosen, shown[-1])]


def _apart(items: list[Shown], before: Shown) -> list[Shown]:
    """The items with those of one case drawn apart: next comes the case that has most left and is not the last one."""
    left, ordered = list(items), [before]
    while left:
        others = [item for item in left if item.case.id != ordered[-1].case.id] or left
        most = Counter(item.case.id for item in left)
        chosen = max(others, key=lambda item: most[item.case.id])  # the first of equals, as they were drawn
        left.remove(chosen)
        ordered.append(chosen)
    return ordered[1:]


def williams_design(treatments: int) -> list[list[int]]:
    """Rows in which each of ``treatments`` (0, 1, ...) is equally often in each place and after each other one.

    Source: E. J. Williams, Aust. J. Sci. Res. A 2, 149-168 (1949). An even number needs as many rows as treatments, an
    odd one twice as many.
    """
    first = [0]
    for step in range(1, treatments):
        first.append((first[-1] + (step if step % 2 else -step)) % treatments)
    rows = [[(value + shift) % treatments for value in first] for shift in range(treatments)]
    return rows if treatments % 2 == 0 or treatments == 1 else rows + [row[::-1] for row in rows]


def _label(number: int, letter: int) -> str:
    letters = ""
    letter += 1
    while letter:
        letter, last = divmod(letter - 1, 26)
        letters = chr(ord("A") + last) + letters
    return f"Case {number} - image {letters}"


def _ids(study: Study) -> list[str]:
    return [case.id for case in study.cases]


def _permuted(study: Study, reader: str, purpose: str, names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: _key(study, reader, purpose, name))


def _key(study: Study, reader: str, purpose: str, name: str) -> str:
    parts = (GENERATOR, study.id, str(study.seed), reader, purpose, name)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
