"""Page: the parts of a self-contained HTML page, for the library's reports and for training's.

All text is escaped, because names of files and nodes come from anywhere; pictures are embedded, there is no script and
nothing is fetched, and a content security policy in the page holds the browser to that. The marks follow WCAG 2: one
h1, landmarks, captions and scopes of tables, alternative texts, and whatever scrolls can be reached by the keyboard.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

from ..errors import XrayToCTError
from ..translation.engine import NOT_FOR_DIAGNOSTIC_USE
from .page_style import STYLE


class Best(str):
    """The text of the best cell among its neighbours; marked in bold and in words, never by colour alone."""

    __slots__ = ()


Cell = str | tuple[str, str]  # text, Best, or (text, small text below it)

SUFFIXES = (".html", ".htm")
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_PNG = b"\x89PNG\r\n\x1a\n"
_WIDE = 1.6  # a picture this much wider than high takes the whole width of the page


def page(title: str, body: Iterable[str]) -> bytes:
    """The whole document: notice, heading, ``body`` (empty parts are left out), and the notice again."""
    notice = f'<p class="notice">{escape(NOT_FOR_DIAGNOSTIC_USE)}</p>'
    content = "\n".join(part for part in body if part)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<header>{notice}\n<h1>{escape(title)}</h1></header>\n<main>\n{content}\n</main>\n"
        f"<footer>{notice}</footer>\n</body>\n</html>\n"
    ).encode()


def check_page_name(path: str | Path) -> None:
    """Raise an XrayToCTError unless a page can have this name."""
    if Path(path).suffix.lower() not in SUFFIXES:
        raise XrayToCTError(f"A report cannot be written to {Path(path).name}.", hint="End its name in .html.")


def section(heading: str, *parts: str) -> str:
    """A heading with what belongs to it; "" when there is nothing."""
    filled = [part for part in parts if part]
    return f"<section>\n<h2>{escape(heading)}</h2>\n" + "\n".join(filled) + "\n</section>" if filled else ""


def subheading(text: str) -> str:
    return f"<h3>{escape(text)}</h3>"


def text(content: str) -> str:
    """Text within a part that is written by hand."""
    return escape(content)


def paragraph(text: str, *, soft: bool = False) -> str:
    return f'<p class="soft">{escape(text)}</p>' if soft else f"<p>{escape(text)}</p>"


def bullets(sentences: Iterable[str], *, style: str = "") -> str:
    """A list; "" without sentences."""
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    kind = f' class="{escape(style)}"' if style else ""
    return f"<ul{kind}>{items}</ul>" if items else ""


def details(summary: str, *parts: str) -> str:
    """What a reader unfolds; printed unfolded."""
    return f"<details><summary>{escape(summary)}</summary>\n{''.join(parts)}</details>"


def table(
    heads: Sequence[str],
    lines: Iterable[tuple[Cell, Sequence[Cell], str]],
    *,
    first: str = "",
    caption: str = "",
    numbers: bool | Sequence[bool] = True,
    style: str = "metrics",
) -> str:
    """A table that scrolls sideways on a phone, its first column staying; "" without lines.

    Args:
        heads: headings of the columns after the first.
        lines: (heading, cells, class of the row: "own", "good", "flag", "bad" or nothing). A cell that is a pair has
            its second text in small below.
        first: heading of the first column.
        caption: above the table, and what a screen reader calls it.
        numbers: which columns hold numbers: all, none, or one bool a column.
        style: class of the table.
    """
    kinds = [
        ' class="number"' if number else ""
        for number in ([numbers] * len(heads) if isinstance(numbers, bool) else numbers)
    ]
    corner = f'<th scope="col">{escape(first)}</th>' if first else "<td></td>"
    head = corner + "".join(
        f'<th scope="col"{kind}>{escape(text)}</th>' if text else "<td></td>"
        for text, kind in zip(heads, kinds, strict=True)
    )
    body = "".join(
        f'<tr class="{escape(row_style)}"><th scope="row" class="row">{_cell(name)}</th>'
        + "".join(f"<td{kind}>{_cell(cell)}</td>" for cell, kind in zip(cells, kinds, strict=True))
        + "</tr>"
        for name, cells, row_style in lines
    )
    titled = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        f'<div class="scroll" role="group" tabindex="0" aria-label="{escape(caption or "Table")}">'
        f'<table class="{escape(style)}">{titled}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        if body
        else ""
    )


def facts(content: Mapping[str, str]) -> str:
    """A table of two columns, name and value; empty values are left out."""
    lines = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td class="long">{escape(str(value))}</td></tr>'
        for name, value in content.items()
        if value
    )
    return f'<table class="facts"><tbody>{lines}</tbody></table>' if lines else ""


def figure(picture: bytes | str | Path, caption: str, *, alternative: str = "") -> str:
    """A PNG, embedded.

    Args:
        picture: the file's content, or its path.
        caption: below the picture.
        alternative: what the picture shows, in words, for those who do not see it; the caption by default.

    Raises:
        XrayToCTError: it cannot be read, or is no PNG.
    """
    content = picture if isinstance(picture, bytes) else _read(picture)
    if not content.startswith(_PNG):
        name = "This" if isinstance(picture, bytes) else str(picture)
        raise XrayToCTError(f"{name} is not a PNG picture.", hint="Give the files that the pictures were saved to.")
    width, height = int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
    wide = ' class="wide"' if width > _WIDE * height else ""
    return (
        f'<figure{wide}><img alt="{escape(alternative or caption)}" width="{width}" height="{height}" '
        f'src="data:image/png;base64,{base64.b64encode(content).decode("ascii")}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def figures(made: Iterable[str]) -> str:
    """Figures beside each other where there is room; "" without any."""
    content = "".join(made)
    return f'<div class="pictures">{content}</div>' if content else ""


def web_link(text: str, address: str) -> str:
    """A link to a web page; only the text for any other address, which could be a script."""
    if not address.startswith(("https://", "http://")):
        return escape(text)
    return f'<a href="{escape(address)}" rel="noreferrer">{escape(text)}</a>'


def _read(path: str | Path) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise XrayToCTError(
            f"The picture {path} could not be read: {error.strerror or error}.", hint="Make the pictures first."
        ) from error


def _cell(cell: Cell) -> str:
    if isinstance(cell, Best):
        return f"<b>{escape(cell)}</b><small>best</small>"
    if isinstance(cell, str):
        return escape(cell)
    text, below = cell
    return escape(text) + (f"<small>{escape(below)}</small>" if below else "")
