"""report: one self-contained HTML page, to look at and to send on.

Pictures are embedded, styles are inline, there is no script and nothing is fetched; a content security policy in the
page holds the browser to that. All text is escaped: names of files and nodes come from anywhere.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from html import escape
from pathlib import Path

from ..ct_stack import CtStack
from ..errors import XrayToCTError
from ..models.card import MeasuredFidelity, ModelCard, TrainingData
from ..radiograph import Radiograph
from ..translation.engine import NOT_FOR_DIAGNOSTIC_USE
from ..version import __version__
from ..whole_file import write_whole
from .fidelity_report import FidelityReport
from .page_style import STYLE

_PNG = b"\x89PNG\r\n\x1a\n"
_WIDE = 1.6  # a picture this much wider than high takes the whole width of the page


def write_report(
    path: str | Path,
    *,
    title: str,
    pictures: Sequence[tuple[str, str | Path]] = (),
    report: FidelityReport | None = None,
    radiograph: Radiograph | None = None,
    stack: CtStack | None = None,
    card: ModelCard | None = None,
    extra: Mapping[str, str] | None = None,
) -> Path:
    """Write the page; returns its path.

    Args:
        path: ends in .html.
        title: heading of the page.
        pictures: (caption, PNG file), in the order of the page.
        report: the metrics, shown with their protocol.
        radiograph, stack: the provenance and warnings of both are shown.
        card: the model; the stack's own when None.
        extra: heading -> paragraph, shown below the pictures: what the page should say about its sample.

    Raises:
        XrayToCTError: a picture is missing or no PNG, another suffix, or the page cannot be written.
    """
    if Path(path).suffix.lower() not in (".html", ".htm"):
        raise XrayToCTError(f"A report cannot be written to {Path(path).name}.", hint="End its name in .html.")
    if card is None and stack is not None:
        card = stack.card
    made = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    body = [
        f'<p class="notice">{escape(NOT_FOR_DIAGNOSTIC_USE)}</p>',
        f"<h1>{escape(title)}</h1>",
        f'<p class="soft">Made by XrayToCT {escape(__version__)}, {made}. HU are estimated by a model.</p>',
        _warnings(radiograph, stack),
        _pictures(pictures),
        *(_section(heading, _paragraph(text)) for heading, text in (extra or {}).items()),
        _metrics(report) if report is not None else "",
        _provenance(radiograph, stack),
        _model(card) if card is not None else "",
        f'<p class="soft">{escape(NOT_FOR_DIAGNOSTIC_USE)}</p>',
    ]
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(part for part in body if part)
        + "\n</body>\n</html>\n"
    )
    return write_whole(path, page.encode())


def _section(heading: str, *content: str) -> str:
    return f"<h2>{escape(heading)}</h2>\n" + "\n".join(content)


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _warnings(radiograph: Radiograph | None, stack: CtStack | None) -> str:
    sentences = (*(radiograph.warnings if radiograph else ()), *(stack.warnings if stack else ()))
    if not sentences:
        return ""
    return f'<ul class="warnings">{_items(dict.fromkeys(sentences))}</ul>'


def _items(sentences: Iterable[str]) -> str:
    return "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)


def _pictures(pictures: Sequence[tuple[str, str | Path]]) -> str:
    return f'<div class="pictures">{"".join(_figure(*picture) for picture in pictures)}</div>' if pictures else ""


def _figure(caption: str, path: str | Path) -> str:
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise XrayToCTError(
            f"The picture {path} could not be read: {error.strerror or error}.", hint="Make the pictures first."
        ) from error
    if not content.startswith(_PNG):
        raise XrayToCTError(f"{path} is not a PNG picture.", hint="Give the files that the pictures were saved to.")
    width, height = int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
    wide = ' class="wide"' if width > _WIDE * height else ""
    return (
        f'<figure{wide}><img alt="{escape(caption)}" width="{width}" height="{height}" '
        f'src="data:image/png;base64,{base64.b64encode(content).decode("ascii")}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _metrics(report: FidelityReport) -> str:
    scopes = list(dict.fromkeys((row.slabs, row.region) for row in report.rows))
    names = list(dict.fromkeys(row.metric for row in report.rows))
    values = {(row.metric, row.slabs, row.region): row.value_text for row in report.rows}
    head = "".join(f'<th class="number">{escape(slabs)}, {escape(region)}</th>' for slabs, region in scopes)
    lines = "".join(
        f"<tr><th>{escape(name)}</th>"
        + "".join(f'<td class="number">{escape(values.get((name, *scope), ""))}</td>' for scope in scopes)
        + "</tr>"
        for name in names
    )
    each = "".join(
        f'<tr><th>{escape(row.metric)}</th><td class="number">{escape(row.value_text)}</td>'
        f"<td>{escape(row.protocol)}</td></tr>"
        for row in report.rows
    )
    return _section(
        "Fidelity against the reference",
        f'<div class="scroll"><table class="metrics"><thead><tr><th></th>{head}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>",
        f'<p class="soft">{escape(report.protocol)} Alignment: {escape(report.alignment)}.</p>',
        "<details><summary>Every number with its whole protocol</summary>"
        f'<div class="scroll"><table class="rows"><tbody>{each}</tbody></table></div></details>',
    )


def _provenance(radiograph: Radiograph | None, stack: CtStack | None) -> str:
    facts: dict[str, str] = {}
    if radiograph is not None:
        rows, cols = radiograph.shape
        facts |= {
            "radiograph": _name_alone(radiograph.source),
            "identity": radiograph.identity,
            "modality": radiograph.modality,
            "view": radiograph.view.value if radiograph.view is not None else "not stated",
            "pixels": f"{rows} x {cols}, {radiograph.frames} frame{'s' if radiograph.frames > 1 else ''}",
            "spacing": f"{radiograph.spacing[0]:.4g} x {radiograph.spacing[1]:.4g} mm "
            f"({radiograph.spacing_source.value})",
            "intensities": radiograph.scale.value.lower().replace("_", " "),
            "reading": " ".join(radiograph.history),
        }
    if stack is not None:
        facts["stack"] = f"{stack.slabs} slabs of {stack.slab_thickness:g} mm, {stack.view.value} view"
        facts |= {key.replace("_", " "): _name_alone(value) for key, value in stack.provenance.items()}
    return _section("Provenance", _facts(facts)) if facts else ""


def _name_alone(text: str) -> str:
    """A file without its folders: the page is sent on, and folders name users and sometimes patients."""
    return Path(text).name if Path(text).is_absolute() else text


def _facts(facts: Mapping[str, str]) -> str:
    lines = "".join(
        f'<tr><th>{escape(key)}</th><td class="long">{escape(str(value))}</td></tr>'
        for key, value in facts.items()
        if value
    )
    return f'<table class="facts"><tbody>{lines}</tbody></table>'


def _model(card: ModelCard) -> str:
    low, high = card.output.window_hu
    facts = {
        "model": f"{card.id} {card.version}",
        "translates": f"{card.source_modality} to {card.target_modality}, {card.anatomy}, "
        f"{' or '.join(view.value for view in card.views)} view",
        "network": card.architecture.name,
        "grid": f"{card.grid.spacing_mm[0]:g} x {card.grid.spacing_mm[1]:g} mm, {card.slabs.count} slabs of "
        f"{card.slabs.thickness_mm:g} mm",
        "HU window": f"{low:g} to {high:g}",
        "licence": card.licence,
    }
    return _section(
        "The model",
        f"<h3>{escape(card.title)}</h3>",
        _paragraph(card.description),
        _facts(facts),
        "<h3>Measured fidelity</h3>",
        '<div class="scroll"><table class="rows"><tbody>'
        + "".join(_measured(row) for row in card.fidelity)
        + "</tbody></table></div>",
        f"<h3>Limits</h3><ul>{_items(card.limits)}</ul>",
        "<h3>Training data, licences, credits</h3>",
        f"<ul>{''.join(_credit(data) for data in card.training_data)}</ul>",
    )


def _measured(row: MeasuredFidelity) -> str:
    interval = f" [{row.interval95[0]:g}, {row.interval95[1]:g}]" if row.interval95 is not None else ""
    value = f"{row.value:g}{interval} {row.unit}".strip()
    return (
        f'<tr><th>{escape(row.metric)}</th><td class="number">{escape(value)}</td><td>{escape(row.protocol)}</td></tr>'
    )


def _credit(data: TrainingData) -> str:
    name = escape(data.name)
    # Any other scheme could be a script; the address is the card author's, not ours.
    if data.url.startswith(("https://", "http://")):
        name = f'<a href="{escape(data.url)}" rel="noreferrer">{name}</a>'
    return f"<li>{name}, {data.patients} patients, {escape(data.licence)}. {escape(data.credit)}</li>"
