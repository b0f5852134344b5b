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
