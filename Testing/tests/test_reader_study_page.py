"""The results page in a real browser: it renders, fetches nothing, fits a phone, prints, and passes axe."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from headless_browser import chromium
from study_files import make_study, read_whole

from XrayToCTLib.reader_study import study_results, write_results

PHONE = {"width": 400, "height": 800}
DESK = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("study")
    study = make_study(folder, cases=3, repeats=3, title="A study with a rather long title & <tags>")
    for reader in ("R1", "R2"):
        read_whole(study, reader)
    _, _, page = write_results(study_results(study), folder / "results")
    return Path(page).as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


@pytest.fixture
def opened(browser: Any, address: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    context = browser.new_context(**request.param)
    page = context.new_page()
    page.requests, page.messages = [], []
    page.on("request", lambda asked: page.requests.append(asked.url))
    page.on("console", lambda said: page.messages.append(said.text))
    page.goto(address)
    yield page
    context.close()


on_a_desk = pytest.mark.parametrize("opened", [{"viewport": DESK}], indirect=True)
on_a_phone = pytest.mark.parametrize("opened", [{"viewport": PHONE}], indirect=True)


@on_a_desk
def test_it_renders_with_all_its_plots_and_asks_for_nothing(opened: Any) -> None:
    opened.wait_for_load_state("networkidle")
    assert opened.locator("h1").inner_text() == "A study with a rather long title & <tags>"
    sizes = opened.evaluate("[...document.images].map(image => image.complete && image.naturalWidth)")
    assert len(sizes) == 9
    assert all(size > 100 for size in sizes)
    assert [url for url in opened.requests if not url.startswith("data:")] == [opened.url]
    assert opened.messages == []


@on_a_phone
def test_it_fits_a_phone(opened: Any) -> None:
    assert opened.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@on_a_desk
def test_it_prints_with_the_folded_tables(opened: Any) -> None:
    folded = opened.locator("details td").last
    opened.emulate_media(media="print")
    assert folded.is_visible()
    assert opened.pdf(format="A4").startswith(b"%PDF-")


@pytest.mark.parametrize(
    "opened", [{"viewport": DESK, "color_scheme": "light"}, {"viewport": PHONE, "color_scheme": "dark"}], indirect=True
)
def test_axe_finds_nothing_to_complain_about(opened: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    opened.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    found = axe.Axe().run(opened).response
    complaints = [(item["id"], node["html"][:120]) for item in found["violations"] for node in item["nodes"]]
    assert complaints == []
    assert len(found["passes"]) > 15  # it did look
