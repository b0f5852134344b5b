"""The report page: whole, self-contained, escaped, and with the report's own numbers."""

from __future__ import annotations

import base64
import dataclasses
from pathlib import Path

import numpy as np
import pytest
from html_page import Page

from XrayToCTLib.ct_stack import CtStack
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.fidelity import compare, pictures
from XrayToCTLib.fidelity.report import write_report
from XrayToCTLib.models.card import (
    Architecture,
    Grid,
    MeasuredFidelity,
    ModelCard,
    NetworkInput,
    NetworkOutput,
    ReferenceQuantiles,
    Slabs,
    TrainingData,
)
from XrayToCTLib.radiograph import IntensityScale, Radiograph, SpacingSource, View

NASTY = "<script>alert(1)</script> & \"quoted\" 'x'"


@pytest.fixture(scope="module")
def reference() -> CtStack:
    hu = np.full((4, 40, 40), -1000, np.float32)
    hu[:, 8:32, 8:32] = np.random.default_rng(1).normal(0, 80, (4, 24, 24))
    return CtStack(hu, (2.0, 2.0), 20.0, View.PA)


@pytest.fixture(scope="module")
def card() -> ModelCard:
    return ModelCard(
        id="test-model",
        version="1.2.3",
        title=f"A model {NASTY}",
        description="For a test.",
        source_modality="radiograph",
        target_modality="CT",
        anatomy="chest",
        views=(View.PA, View.AP),
        architecture=Architecture("unet-slabs", {}),
        grid=Grid((1.5, 1.5), (256, 256), 32),
        slabs=Slabs(4, 20.0),
        input=NetworkInput("line_integral", 2.5, 1.5, ReferenceQuantiles((0.0, 1.0), (0.0, 5.0))),
        output=NetworkOutput(1000.0, 0.0, (-1024.0, 1476.0)),
        training_data=(
            TrainingData("LIDC-IDRI", 3, "CC BY 3.0", "Armato et al.", "https://example.org/a?b=1&c=2"),
            TrainingData("Elsewhere", 1, "CC0", "Nobody", "javascript:alert(1)"),
        ),
        fidelity=(MeasuredFidelity("MAE", 101.5, "HU", "central slab, 4 patients", (90.0, 113.0)),),
        limits=("Adults only.", f"Not for {NASTY}"),
        licence="CC-BY-4.0",
        files={},
    )


@pytest.fixture(scope="module")
def radiograph(reference) -> Radiograph:
    return Radiograph(
        pixels=reference.hu[:1],
        spacing=(2.0, 2.0),
        spacing_source=SpacingSource.ASSUMED,
        scale=IntensityScale.DISPLAY,
        source=f"chest {NASTY}.png",
        identity="1.2.3.4",
        history=("Read as PNG.",),
        warnings=(f"The spacing was assumed for {NASTY}.",),
    )


@pytest.fixture(scope="module")
def page(tmp_path_factory, reference, radiograph, card) -> tuple[Page, object, Path]:
    folder = tmp_path_factory.mktemp("page")
    stack = dataclasses.replace(
        reference,
        hu=reference.hu + 33,
        card=card,
        provenance={"model_id": "test-model", "source": NASTY},
        warnings=("HU are estimated.",),
    )
    report = compare(stack, reference)
    picture = pictures.save_slab(folder / "slab.png", stack)
    path = write_report(
        folder / "report.html",
        title=f"Report {NASTY}",
        pictures=[(f"Central slab {NASTY}", picture)],
        report=report,
        radiograph=radiograph,
        stack=stack,
        extra={"About the sample": "It is SIMULATED."},
    )
    return Page(path), report, picture


def test_the_page_is_well_formed_and_says_first_that_it_is_not_for_diagnosis(page):
    parsed = page[0]
    assert parsed.tags[0] == "html"
    body = parsed.text[parsed.text.index("Research use only") :]
    assert body.startswith("Research use only. Not for diagnostic use.")
    assert parsed.text.index("Research use only") < parsed.text.index("Made by XrayToCT")


def test_nothing_is_loaded_from_anywhere_and_nothing_runs(page):
    parsed = page[0]
    assert parsed.loads and all(address.startswith("data:image/png;base64,") for address in parsed.loads)
    assert not {"script", "iframe", "object", "embed", "link", "form"} & set(parsed.tags)
    policy = next(meta["content"] for meta in parsed.meta if meta.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy


def test_the_embedded_picture_is_the_file_byte_for_byte(page):
    parsed, _, picture = page
    assert base64.b64decode(parsed.loads[0].partition(",")[2]) == picture.read_bytes()


def test_the_numbers_on_the_page_are_the_reports_rows(page):
    parsed, report, _ = page
    for row in report.rows:
        assert [row.metric, row.value_text, row.protocol] in parsed.rows
    table = next(cells for cells in parsed.rows if cells[0] == "MAE" and len(cells) == 5)
    assert table[1:] == [row.value_text for row in report.rows if row.metric == "MAE"]
    assert report.protocol in parsed.text and "Alignment: none" in parsed.text


def test_text_from_files_nodes_and_cards_is_escaped(page):
    parsed = page[0]
    assert "script" not in parsed.tags
    assert parsed.text.count(NASTY) >= 6  # title twice, caption, file name, warning, card title, limit


def test_provenance_warnings_card_and_credits_are_on_the_page(page):
    text = page[0].text
    for fact in (
        "HU are estimated.",
        "1.2.3.4",
        "Read as PNG.",
        "test-model 1.2.3",
        "101.5 [90, 113] HU",
        "central slab, 4 patients",
        "Adults only.",
        "Armato et al.",
        "CC BY 3.0",
        "CC-BY-4.0",
        "It is SIMULATED.",
    ):
        assert fact in text, fact


def test_folders_of_this_machine_stay_off_the_page(tmp_path, radiograph, reference):
    away = dataclasses.replace(radiograph, source="/home/anna/patients/smith/chest.dcm")
    stack = dataclasses.replace(reference, provenance={"source": "/home/anna/patients/smith/chest.dcm"})
    text = Page(write_report(tmp_path / "report.html", title="Sent on", radiograph=away, stack=stack)).text
    assert text.count("chest.dcm") == 2
    assert "smith" not in text


def test_only_web_addresses_of_a_card_become_links(page):
    assert page[0].links == ["https://example.org/a?b=1&c=2"]


def test_the_page_fits_a_phone(page):
    viewport = next(meta["content"] for meta in page[0].meta if meta.get("name") == "viewport")
    assert "width=device-width" in viewport


def test_a_page_without_reference_model_and_pictures_still_stands(tmp_path, radiograph):
    parsed = Page(write_report(tmp_path / "bare.html", title="Bare", radiograph=radiograph))
    assert "Fidelity" not in parsed.text
    assert parsed.text.count("Bare") == 2


def test_bad_requests_get_a_sentence_and_leave_no_page(tmp_path):
    text = tmp_path / "notes.png"
    text.write_text("not a picture")
    for sentence, call in (
        (
            "could not be read",
            lambda: write_report(tmp_path / "a.html", title="", pictures=[("x", tmp_path / "no.png")]),
        ),
        ("is not a PNG", lambda: write_report(tmp_path / "a.html", title="", pictures=[("x", text)])),
        ("cannot be written to a.pdf", lambda: write_report(tmp_path / "a.pdf", title="")),
        ("could not be written", lambda: write_report(tmp_path / "missing" / "a.html", title="")),
    ):
        with pytest.raises(XrayToCTError, match=sentence):
            call()
    assert list(tmp_path.iterdir()) == [text]
