"""Illustration: a picture with what is said under it and what is said to those who do not see it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Illustration:
    """One picture of a page.

    Attributes:
        png: content of a PNG file.
        caption: below it.
        alternative: what it shows, in words and numbers.
    """

    png: bytes
    caption: str
    alternative: str


def quantity(value: float, unit: str, digits: int = 3) -> str:
    """ "12.3 HU", or "0.012" without a unit."""
    return f"{value:.{digits}g} {unit}".strip()
