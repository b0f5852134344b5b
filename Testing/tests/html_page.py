"""A strict reader of the pages that the reports write."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

VOID = {"meta", "img", "br", "hr", "link", "input"}


class Page(HTMLParser):
    """Reads a page strictly: every tag must close in order. Collects text, tags, addresses, pictures and tables."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.links: list[str] = []
        self.alternatives: list[str] = []
        self.meta: list[dict[str, str | None]] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))
        self.close()
        assert self.open == [], f"left open: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        given = dict(attributes)
        assert not [name for name in given if name.startswith("on")], "an event handler is a script"
        if tag == "meta":
            self.meta.append(given)
        if tag == "img":
            self.alternatives.append(given["alt"])
        if tag == "a":
            self.links.append(given["href"])
        else:
            self.loads += [given[name] for name in ("src", "href", "srcset", "data", "action") if name in given]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "style":
            assert "url(" not in data and "@import" not in data
            return
        self.text += data
        for tag, inner in (("td", self.open[-2:]), ("th", self.open[-2:])):
            if tag in inner and "small" not in inner:
                self.rows[-1][-1] += data
                break
