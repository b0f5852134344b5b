"""Report, trust: what speaks against a result: warnings, flags and maps of the trust checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from ..ct_stack import CtStack
from ..radiograph import Radiograph
from ..trust_map import TrustMap
from . import page
from .canvas import Canvas
from .illustration import Illustration, quantity

_CHECKED = ("input_gate", "trust", "uncertainty", "reprojection")  # beginnings of provenance keys
_STYLES = {"fine": "good", "doubtful": "bad", "unknown": "flag"}


class TrustFindings(Protocol):
    """What the page needs of a trust report (``XrayToCTLib.trust``, which stands above this room).

    ``flags`` have name, level (an Enum whose values are words), sentence, value, limit and limit_source.
    """

    @property
    def flags(self) -> Sequence[Any]: ...

    @property
    def maps(self) -> Sequence[TrustMap]: ...


def trust_section(
    radiograph: Radiograph | None,
    stacks: Sequence[CtStack],
    names: Sequence[str],
    findings: Sequence[TrustFindings | None] = (),
) -> str:
    """Warnings, flags and maps; "" when nothing was said.

    Args:
        names, findings: of the stacks.
    """
    warnings = dict.fromkeys(
        (*(radiograph.warnings if radiograph else ()), *(text for stack in stacks for text in stack.warnings))
    )
    parts = [page.bullets(warnings, style="warnings")]
    for index, (stack, name) in enumerate(zip(stacks, names, strict=True)):
        found = findings[index] if index < len(findings) else None
        checked = _checks(stack, found)
        if checked:
            parts += [page.subheading(f"Checks of {name}") if len(stacks) > 1 else "", *checked]
    return page.section("How far to trust it", *parts)


def is_check(key: str) -> bool:
    """Whether a key of a stack's provenance is about trust rather than origin."""
    return key.lower().startswith(_CHECKED)


def _checks(stack: CtStack, found: TrustFindings | None) -> list[str]:
    parts = [page.facts({key.replace("_", " "): text for key, text in stack.provenance.items() if is_check(key)})]
    maps = stack.trust_maps
    if found is not None:
        maps = tuple(found.maps) or maps
        parts.append(
            page.table(
                ["verdict", "finding"],
                [
                    (flag.name.replace("_", " "), [flag.level.value, (flag.sentence, _measured(flag))],
                     _STYLES.get(flag.level.value, "flag"))
                    for flag in found.flags
                ],
                first="check",
                caption="Trust flags: fine ones are no proof that the result is right",
                numbers=False,
                style="rows",
            )
        )  # fmt: skip
    pictures = [_illustration(item) for item in maps]
    parts.append(page.figures(page.figure(p.png, p.caption, alternative=p.alternative) for p in pictures))
    return [part for part in parts if part]


def _measured(flag: Any) -> str:
    if flag.value is None:
        return ""
    limit = f", limit {flag.limit:.3g}{f' ({flag.limit_source})' if flag.limit_source else ''}"
    return f"measured {flag.value:.3g}{limit if flag.limit is not None else ''}"


def _illustration(item: TrustMap) -> Illustration:
    index = len(item.values) // 2
    image = item.values[index]
    extent = (image.shape[0] * item.spacing[0], image.shape[1] * item.spacing[1])
    canvas = Canvas(item.title, extent, height=6.0, bars=1)
    where = "" if len(item.values) == 1 else f"slab {index + 1} of {len(item.values)}"
    colours = "RdBu_r" if item.signed else "magma"
    canvas.show(0, image, item.spacing, item.limits, title=where, colours=colours, bar=item.unit or item.title)
    low, high = float(image.min()), float(image.max())
    return Illustration(
        canvas.png(),
        f"{item.title}{f', {where}' if where else ''}. {item.explanation}",
        f"Map: {item.title}{f', {where}' if where else ''}, from {quantity(low, item.unit)} to "
        f"{quantity(high, item.unit)}, mean {quantity(float(image.mean()), item.unit)}.",
    )
