"""Page: the parts of a self-contained HTML page; all text is escaped, pictures are embedded, there is no script."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from XrayToCTLib.fidelity.page_style import STYLE
from XrayToCTLib.translation.engine import NOT_FOR_DIAGNOSTIC_USE

_EXTRA_STYLE = """
td small, th small { color: var(--soft); font-size: .78em; display: block; white-space: nowrap; }
th small { font-weight: 400; } tr.own > * { background: var(--panel); }
tr.good > th { border-left: 5px solid #4caf50; } tr.flag > th { border-left: 5px solid #d99a00; }
tr.bad > th { border-left: 5px solid #e05a55; }
.scroll table { width: auto; min-width: 100%; } .scroll thead th { white-space: nowrap; }
.scroll th.row { position: sticky; left: 0; background: var(--ground); font-weight: 600; min-width: 12.5rem; }
.scroll tr.own th.row { background: var(--panel); }
@media (max-width: 34rem) { .scroll th.row { min-width: 8.5rem; max-width: 42vw; } }
"""
Cell = str | tuple[str, str]  # text, or (text, small text below it)


def page(title: str, body: Iterable[str]) -> bytes:
    """The whole document."""
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    notice = f'<p class="notice">{escape(NOT_FOR_DIAGNOSTIC_USE)}</p>'
    content = "\n".join(part for part in body if part)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}{_EXTRA_STYLE}</style>\n</head>\n<body>\n"
        f"{notice}\n<h1>{escape(title)}</h1>\n{content}\n{notice}\n</body>\n</html>\n"
    ).encode()


def section(heading: str, *parts: str) -> str:
    filled = [part for part in parts if part]
    return f"<h2>{escape(heading)}</h2>\n" + "\n".join(filled) if filled else ""


def paragraph(text: str, *, soft: bool = False) -> str:
    return f'<p class="soft">{escape(text)}</p>' if soft else f"<p>{escape(text)}</p>"


def bullets(sentences: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(sentence)}</li>' for sentence in sentences)}</ul>"


def details(summary: str, *parts: str) -> str:
    return f"<details><summary>{escape(summary)}</summary>\n{''.join(parts)}</details>"


def table(
    heads: Sequence[str],
    lines: Iterable[tuple[Cell, Sequence[Cell], str]],
    *,
    first: str = "",
    numbers: bool = True,
) -> str:
    """A table that scrolls sideways on a phone, its first column staying.

    Args:
        lines: (heading, cells, class of the row: "own", "good", "flag", "bad" or nothing).
    """
    kind = ' class="number"' if numbers else ""
    head = f"<th>{escape(first)}</th>" + "".join(f"<th{kind}>{escape(text)}</th>" for text in heads)
    body = "".join(
        f'<tr class="{escape(style)}"><th class="row">{_cell(name)}</th>'
        + "".join(f"<td{kind}>{_cell(cell)}</td>" for cell in cells)
        + "</tr>"
        for name, cells, style in lines
    )
    return (
        f'<div class="scroll"><table class="metrics"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        if body
        else ""
    )


def figure(path: Path, caption: str) -> str:
    """A PNG file, embedded."""
    content = path.read_bytes()
    width, height = int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
    return (
        f'<figure><img alt="{escape(caption)}" width="{width}" height="{height}" '
        f'src="data:image/png;base64,{base64.b64encode(content).decode("ascii")}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _cell(cell: Cell) -> str:
    if isinstance(cell, str):
        return escape(cell)
    text, below = cell
    return escape(text) + (f"<small>{escape(below)}</small>" if below else "")
