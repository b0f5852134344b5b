"""Translator: one model that stays warm, for many radiographs and from many threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from tiny_bundle import make_radiograph, write_tiny_bundle

import XrayToCTLib as x2ct
from XrayToCTLib import Radiograph, Translator, XrayToCTError, translate
from XrayToCTLib.ct_stack import CtStack
from XrayToCTLib.models.bundle import Bundle
from XrayToCTLib.translation import engine
from XrayToCTLib.translation.backends import run


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return write_tiny_bundle(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def translator(tiny: Bundle) -> Iterator[Translator]:
    with Translator(tiny.folder, "cpu") as translator:
        yield translator


def radiographs(count: int) -> list[Radiograph]:
    return [make_radiograph((40 + 10 * number, 50), identity=str(number)) for number in range(count)]


def test_it_translates_as_translate_does(translator: Translator, tiny: Bundle):
    radiograph = make_radiograph(frames=2)
    expected = translate(radiograph, model=tiny.folder, device="cpu", frame=1)
    stack = translator.translate(radiograph, frame=1)
    assert np.array_equal(stack.hu, expected.hu)
    assert stack.provenance == expected.provenance
    assert translator.card == tiny.card


def test_a_wrong_model_is_told_before_the_first_image(tmp_path: Path):
    with pytest.raises(XrayToCTError, match="no model"):
        Translator("no-such-model")


def test_a_closed_translator_refuses_and_may_be_closed_again(tiny: Bundle):
    translator = Translator(tiny.folder, "cpu")
    translator.close()
    translator.close()
    with pytest.raises(XrayToCTError, match="closed"):
        translator.translate(make_radiograph())


def test_closing_one_translator_leaves_the_network_of_another_model_warm(tiny: Bundle, tmp_path: Path):
    other = write_tiny_bundle(tmp_path / "other", version="0.2.0")
    one, two = Translator(tiny.folder, "torch-cpu/fp32"), Translator(other.folder, "torch-cpu/fp32")
    one.translate(make_radiograph())
    two.translate(make_radiograph())
    kept = {key[0] for key in run._networks}
    assert {tiny.sha256, other.sha256} <= kept
    one.close()
    assert {key[0] for key in run._networks} == kept - {tiny.sha256}
    two.close()


def test_progress_cancels(translator: Translator):
    with pytest.raises(x2ct.XrayToCTError, match="cancelled"):
        translator.translate(make_radiograph(), progress=lambda fraction, phase: False)


def test_many_threads_may_share_it_and_take_turns(translator: Translator, monkeypatch: pytest.MonkeyPatch):
    given = radiographs(8)
    expected = [translator.translate(radiograph).hu for radiograph in given]
    inside, most = 0, 0
    real = engine.translate

    def counted(*arguments: object, **options: object) -> CtStack:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        time.sleep(0.002)
        try:
            return real(*arguments, **options)  # type: ignore[arg-type]
        finally:
            inside -= 1

    monkeypatch.setattr(engine, "translate", counted)
    with ThreadPoolExecutor(4) as pool:
        stacks = list(pool.map(translator.translate, given))
    assert most == 1
    assert all(np.array_equal(stack.hu, hu) for stack, hu in zip(stacks, expected, strict=True))


def test_translate_many_streams_in_order(translator: Translator):
    stacks = list(translator.translate_many(radiographs(6)))
    assert [stack.provenance["source_identity"] for stack in stacks] == list("012345")


def test_translate_many_reads_paths(translator: Translator, tmp_path: Path):
    import SimpleITK as sitk

    paths = []
    for number in range(3):
        image = sitk.GetImageFromArray(make_radiograph((30 + number, 40)).pixels[0])
        paths.append(tmp_path / f"{number}.nrrd")
        sitk.WriteImage(image, str(paths[-1]))
    assert [stack.hu.shape[1] for stack in translator.translate_many([str(paths[0]), *paths[1:]])] == [30, 31, 32]


def test_an_endless_iterable_is_taken_bit_by_bit(translator: Translator):
    taken = 0

    def endless() -> Iterator[Radiograph]:
        nonlocal taken
        while True:
            taken += 1
            yield make_radiograph((40, 50))

    threads = threading.active_count()
    stream = translator.translate_many(endless(), ahead=1)
    next(stream)
    time.sleep(0.3)
    assert taken <= 6
    stream.close()
    assert threading.active_count() == threads
    next(translator.translate_many(radiographs(1)))  # it can be used again


def test_reading_translating_and_writing_overlap(tiny: Bundle, monkeypatch: pytest.MonkeyPatch):
    """Each of the three meets both others at one barrier: they can only pass it when all three run at once."""
    met = threading.Barrier(3, timeout=20)
    number = {"read": 0, "translate": 0, "write": 0}

    def meet(stage: str, at: int) -> None:
        number[stage] += 1
        if number[stage] == at:
            met.wait()

    def read(path: str | Path) -> Radiograph:
        meet("read", 3)
        return make_radiograph((40, 50))

    real = engine.translate

    def translate_one(*arguments: object, **options: object) -> CtStack:
        meet("translate", 2)
        return real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "translate", translate_one)
    with Translator(tiny.folder, "cpu", read=read) as translator:
        for _ in translator.translate_many(["a", "b", "c", "d"], ahead=1):
            meet("write", 1)
    assert number == {"read": 4, "translate": 4, "write": 4}


def test_a_radiograph_that_fails_ends_the_stream_or_takes_its_place_as_asked(translator: Translator, tmp_path: Path):
    one, two = radiographs(2)
    sources = [one, tmp_path / "missing.dcm", two]
    stream = translator.translate_many(sources)
    assert isinstance(next(stream), CtStack)
    with pytest.raises(XrayToCTError, match=r"missing\.dcm"):
        next(stream)
    results = list(translator.translate_many(sources, errors="yield"))
    assert [type(result) for result in results] == [CtStack, XrayToCTError, CtStack]


def test_what_the_iterable_raises_reaches_the_caller(translator: Translator):
    def broken() -> Iterator[Radiograph]:
        yield make_radiograph()
        raise KeyError("of the caller")

    stream = translator.translate_many(broken(), errors="yield")
    next(stream)
    with pytest.raises(KeyError, match="of the caller"):
        next(stream)


def test_nothing_to_translate_gives_nothing(translator: Translator):
    assert list(translator.translate_many([])) == []
