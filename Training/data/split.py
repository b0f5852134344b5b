"""Splits by patient, made from names alone, before anything is rendered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

import numpy as np

from XrayToCTLib.errors import XrayToCTError

from .manifest import CtEntry, Manifest, RadiographEntry
from .settings import SplitSettings


@dataclass(frozen=True, slots=True)
class Split:
    """Who trains, who tests.

    Attributes:
        train: name of a prepared volume -> sampling weight, above 0.
        test: names that are looked at after training.
        validation: names that neither train nor test.
        held_out_radiographs: names of radiographs that do not train.
        known_different: pairs of names or patterns that look alike, and that a person knows to be two patients.
    """

    train: Mapping[str, float]
    test: tuple[str, ...]
    validation: tuple[str, ...] = ()
    held_out_radiographs: frozenset[str] = field(default_factory=frozenset)
    known_different: tuple[tuple[str, str], ...] = ()

    def differ(self, one: str, other: str) -> bool:
        """Whether a person has said that two names are two patients."""
        return any(
            (fnmatchcase(one, a) and fnmatchcase(other, b)) or (fnmatchcase(one, b) and fnmatchcase(other, a))
            for a, b in self.known_different
        )


def make_split(manifest: Manifest, settings: SplitSettings) -> Split:
    """The split that the settings state, over what is prepared.

    Raises:
        XrayToCTError: a name that is not prepared, a patient on two sides, nobody left to train on, or more folds
            than patients.
    """
    skipped = {item.name for item in manifest.skipped}
    # A broken training volume was reported when it was skipped; a missing test patient would change the result.
    settings = replace(settings, train={name: w for name, w in settings.train.items() if name not in skipped})
    return split_entries(manifest.cts, manifest.radiographs.items, settings)


def folds(manifest: Manifest, settings: SplitSettings) -> list[Split]:
    """Every fold of a cross-validation. Each patient that may test tests exactly once."""
    return [make_split(manifest, replace(settings, test=[], fold=fold)) for fold in range(settings.folds)]


def split_entries(cts: Sequence[CtEntry], radiographs: Sequence[RadiographEntry], settings: SplitSettings) -> Split:
    """As ``make_split``, of entries that need not be prepared yet."""
    named = [*settings.train, *settings.test, *settings.validation]
    names = [entry.name for entry in cts if entry.kind in settings.kinds and not _any(settings.leave_out, entry.name)]
    names = [name for name in names if name in named or _weight(settings, name) > 0]
    unknown = [name for name in named if name not in names]
    if unknown:
        raise XrayToCTError(
            f"The split names volumes that are not prepared: {', '.join(unknown)}.",
            hint=f"Prepared are: {', '.join(names) or 'none'}. Correct the names, or see what was skipped.",
        )
    person = _people([*cts, *radiographs], settings.same_patient)
    person_of = {entry.name: person[entry.patient] for entry in cts}
    groups = [sorted(name for name in names if person_of[name] == who) for who in _ordered(names, person_of)]
    kept = {entry.name for entry in cts if entry.training_only}
    never = {name for name in names if name in kept or _any(settings.never_test, name)}
    test = list(settings.test) or _fold(groups, never, settings)
    forbidden = sorted(set(test) & never)
    if forbidden:
        raise XrayToCTError(
            f"{', '.join(forbidden)} may only train, and the split tests on it.",
            hint="Take it from `test`, or from `never_test` and `training_only`.",
        )
    held_back = {*test, *settings.validation}
    if settings.train:
        train = dict(settings.train)
    else:
        # Whoever may show a held-back patient stays out too.
        shadow = {name for group in groups if held_back & set(group) for name in group}
        train = {name: _weight(settings, name) for name in names if name not in shadow}
    _check_sides({"train": list(train), "test": test, "validation": settings.validation}, groups)
    if names and not train:
        raise XrayToCTError("The split leaves nobody to train on.", hint="Add patients, or lower the test side.")
    if min(train.values(), default=1.0) <= 0:
        raise XrayToCTError("A sampling weight is not above 0.", hint="Name the volume in `leave_out` instead.")
    return Split(
        train=train,
        test=tuple(test),
        validation=tuple(settings.validation),
        held_out_radiographs=_held_out(
            radiographs,
            person,
            settings.radiograph_holdout_every,
            trained={person_of[name] for name in train},
            tested={person_of[name] for name in held_back},
        ),
        known_different=_pairs(settings.known_different),
    )


def _ordered(names: Iterable[str], person_of: Mapping[str, str]) -> list[str]:
    return sorted({person_of[name] for name in names})


def _people(entries: Iterable[CtEntry | RadiographEntry], same_patient: Sequence[Sequence[str]]) -> dict[str, str]:
    """Patient -> the first of those who may be the same person; groups that share a member become one."""
    entries = list(entries)
    person = {entry.patient: entry.patient for entry in entries}

    def first(patient: str) -> str:
        while person[patient] != patient:
            patient = person[patient]
        return patient

    for patterns in same_patient:
        members = sorted({first(entry.patient) for entry in entries if _any(patterns, entry.name)})
        for member in members:
            person[member] = members[0]
    return {patient: first(patient) for patient in person}


def _fold(groups: Sequence[Sequence[str]], never: set[str], settings: SplitSettings) -> list[str]:
    """Names of one fold: the groups that may test, shuffled by the seed and dealt out like cards."""
    if settings.folds == 0 or not groups:
        return []
    if settings.folds < 2 or not 0 <= settings.fold < settings.folds:
        raise XrayToCTError(
            f"There is no fold {settings.fold} of {settings.folds}.",
            hint="Take at least 2 folds, counted from 0; `folds: 0` trains on everybody.",
        )
    may_test = [[name for name in group if name not in never] for group in groups]
    may_test = [group for group in may_test if group]
    if len(may_test) < settings.folds:
        raise XrayToCTError(
            f"{len(may_test)} patient{'s' if len(may_test) != 1 else ''} cannot be dealt into {settings.folds} folds.",
            hint="Take fewer folds, add patients, or `folds: 0` to train on everybody without a test. Where all images "
            "carry one identity (ANONYMOUS), take another `patient_from`.",
        )
    order = np.random.default_rng(settings.seed).permutation(len(may_test))
    return sorted(name for index in order[settings.fold :: settings.folds] for name in may_test[index])


def _check_sides(sides: Mapping[str, Sequence[str]], groups: Sequence[Sequence[str]]) -> None:
    """No group on two sides."""
    for group in groups:
        found = {side: [name for name in group if name in names] for side, names in sides.items()}
        found = {side: members for side, members in found.items() if members}
        if len(found) > 1:
            raise XrayToCTError(
                "One patient, or what may be one, stands on both sides of the split: "
                + "; ".join(f"{', '.join(members)} ({side})" for side, members in found.items())
                + ".",
                hint="Keep them on one side, or name the ones that are not needed in `leave_out`.",
            )


def _held_out(
    radiographs: Sequence[RadiographEntry],
    person: Mapping[str, str],
    every: int,
    *,
    trained: set[str],
    tested: set[str],
) -> frozenset[str]:
    """Every n-th patient. Whoever has a CT too goes where the CT goes."""
    only_train = {person[item.patient] for item in radiographs if item.training_only}
    free = sorted({person[item.patient] for item in radiographs} - only_train - trained - tested)
    out = {*(free[::every] if every > 0 else []), *tested}
    return frozenset(item.name for item in radiographs if person[item.patient] in out)


def _pairs(known_different: Sequence[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    wrong = [pair for pair in known_different if len(pair) != 2]
    if wrong:
        raise XrayToCTError(
            f"known_different holds {wrong[0]}, which is no pair.", hint="Write [[one, other], [third, fourth]]."
        )
    return tuple((pair[0], pair[1]) for pair in known_different)


def _weight(settings: SplitSettings, name: str) -> float:
    for pattern, weight in settings.weights.items():
        if fnmatchcase(name, pattern):
            return weight
    return 1.0


def _any(patterns: Iterable[str], name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
