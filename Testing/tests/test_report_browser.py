"""The pages in a real browser: they render, fetch nothing, print, fit a phone, and pass an accessibility check."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fidelity_stacks import box_stack, shifted
from headless_browser import chromium

from XrayToCTLib import write_stack
from XrayToCTLib.fidelity import compare, pictures
from XrayToCTLib.fidelity.batch_cases import Case
from XrayToCTLib.fidelity.batch_compare import compare_cases
from XrayToCTLib.fidelity.batch_report import write_batch_report
from XrayToCTLib.fidelity.report import write_report
from XrayToCTLib.trust_map import TrustMap

PHONE = {"width": 400, "height": 800}
DESK = {"width": 1280, "height": 900}
SMALLEST_TEXT = 11.0  # CSS pixels


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page of two candidates with everything on it, and one of a batch."""
    folder = tmp_path_factory.mktemp("pages")
    reference = box_stack()
    doubt = TrustMap(
        "reprojection", "Re-projection", "", np.ones((1, 24, 20), np.float32), (6.0, 4.0), (-2.0, 2.0), "Said."
    )
    stacks = [
        dataclasses.replace(
            shifted(reference, offset, noise=20),
            warnings=("HU are estimated.",),
            provenance={"model_id": name, "model_sha256": "0123456789abcdef" * 4, "input_gate": "score 0.2"},
            trust_maps=(doubt,),
        )
        for name, offset in (("a-model-with-a-rather-long-name", 10), ("another", 40))
    ]
    reports = [
        dataclasses.replace(compare(stack, reference), candidate=stack.provenance["model_id"], warnings=("A remark.",))
        for stack in stacks
    ]
    files = [write_stack(stack, folder / f"{number}.nrrd") for number, stack in enumerate([*stacks, reference])]
    one = write_report(
        folder / "one.html",
        title="Two candidates against their reference",
        pictures=[("All slabs of the reference", pictures.save_montage(folder / "m.png", reference))],
        report=reports,
        stack=stacks,
        files={f"file {path.stem}": path for path in files},
        extra={"The sample": "It is SIMULATED."},
    )
    cases = [Case(case, "", file, files[2]) for case, file in zip(("anna", "bert"), files, strict=False)]
    broken = Case("dora", "", folder / "missing.nrrd", files[2])
    batch = write_batch_report(folder / "batch.html", compare_cases([*cases, broken]), title="A batch")
    return {"report": one, "batch": batch}


@pytest.fixture
def opened(browser: Any, pages: dict[str, Path], request: pytest.FixtureRequest) -> Iterator[Any]:
    """A page of the parameter's name, with what it asked for and said in ``requests`` and ``messages``."""
    name, options = request.param
    context = browser.new_context(**options)
    page = context.new_page()
    page.requests, page.messages = [], []
    page.on("request", lambda asked: page.requests.append(asked.url))
    page.on("console", lambda said: page.messages.append(said.text))
    page.on("pageerror", lambda error: page.messages.append(str(error)))
    page.goto(pages[name].as_uri())
    yield page
    context.close()


def every_page(**options: Any) -> Any:
    return pytest.mark.parametrize(
        "opened", [(name, options) for name in ("report", "batch")], ids=["report", "batch"], indirect=True
    )


@every_page(viewport=DESK)
def test_it_renders_with_all_its_pictures_and_without_a_complaint(opened: Any) -> None:
    assert opened.locator("h1").is_visible()
    assert opened.locator("img").count() >= 4
    broken = opened.evaluate(
        "Promise.all([...document.images].map(i => i.decode().then(() => '', () => i.alt)))"
        ".then(found => found.filter(Boolean))"
    )
    assert broken == []
    assert opened.messages == []


@every_page(viewport=DESK)
def test_it_asks_for_nothing_but_itself(opened: Any) -> None:
    opened.wait_for_load_state("networkidle")
    asked = [address for address in opened.requests if not address.startswith("data:")]
    assert asked == [opened.url]


@every_page(viewport=PHONE)
def test_it_fits_a_phone_and_can_be_read_there(opened: Any) -> None:
    assert opened.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    beyond = opened.evaluate(
        """width => [...document.querySelectorAll('main *')]
        .filter(e => !e.closest('.scroll') && e.getClientRects().length && e.getBoundingClientRect().right > width + 1)
        .map(e => e.outerHTML.slice(0, 80))""",
        PHONE["width"],
    )
    assert beyond == []
    smallest = opened.evaluate(
        """() => Math.min(...[...document.querySelectorAll('body *')].filter(e => e.getClientRects().length &&
        [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
        .map(e => parseFloat(getComputedStyle(e).fontSize)))"""
    )
    assert smallest >= SMALLEST_TEXT


@every_page(viewport=DESK)
def test_it_prints_to_pdf_with_all_that_is_folded_on_the_screen(opened: Any) -> None:
    folded = opened.locator("details td").last
    assert not folded.is_visible()
    opened.emulate_media(media="print")
    assert folded.is_visible()
    assert opened.locator(".notice").first.is_visible()
    pdf = opened.pdf(format="A4")
    assert pdf.startswith(b"%PDF-") and pdf.rstrip().endswith(b"%%EOF")
    assert len(pdf) > 20_000


@every_page(viewport=DESK, color_scheme="dark")
def test_paper_is_white_also_for_those_who_read_in_the_dark(opened: Any) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    assert opened.evaluate(ground) == "rgb(17, 22, 27)"
    opened.emulate_media(media="print", color_scheme="dark")
    assert opened.evaluate(ground) == "rgb(255, 255, 255)"


@pytest.mark.parametrize(
    "opened",
    [
        (name, {"viewport": size, "color_scheme": scheme})
        for name in ("report", "batch")
        for size, scheme in ((DESK, "light"), (PHONE, "dark"))
    ],
    ids=["report, desk, light", "report, phone, dark", "batch, desk, light", "batch, phone, dark"],
    indirect=True,
)
def test_axe_finds_nothing_to_complain_about(opened: Any) -> None:
    """All of axe-core's rules: WCAG 2 A and AA, and its best practices."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    opened.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    found = axe.Axe().run(opened).response
    complaints = [
        (item["id"], node["html"][:120], node["failureSummary"])
        for item in found["violations"]
        for node in item["nodes"]
    ]
    assert complaints == []
    assert len(found["passes"]) > 15  # it did look


@every_page(viewport=DESK)
def test_what_scrolls_can_be_reached_by_the_keyboard(opened: Any) -> None:
    assert opened.locator(".scroll").count() == opened.locator(".scroll[tabindex='0'][aria-label]").count() > 0
