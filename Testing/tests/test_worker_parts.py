"""Worker: its messages, arrays, times and interpreters, one by one."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from XrayToCTLib.worker import array_file, process_tree
from XrayToCTLib.worker.array_file import take_array, write_array
from XrayToCTLib.worker.protocol import BrokenMessage, decode, encode
from XrayToCTLib.worker.remaining_time import RemainingTime
from XrayToCTLib.worker.worker_process import worker_command


def test_a_message_survives_the_way():
    sent = {"id": 3, "fraction": 1 / 3, "phase": "größer ½\nnew line \u2028 \x00"}
    line = encode("progress", **sent)
    assert line.count(b"\n") == 1
    assert decode(line) == {"kind": "progress", **sent}


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b'{"kind": "shutdown"}',
        b"[1, 2]\n",
        b"null\n",
        b'"shutdown"\n',
        b'{"kind": null}\n',
        b'{"kind": ["shutdown"]}\n',
        b'{"kind": "cancel"}\n',
        b'{"kind": "cancel", "id": "1"}\n',
        b'{"kind": "progress", "id": 1, "fraction": null, "phase": "x"}\n',
        b'{"kind": "hello", "protocol": "1", "version": "1"}\n',
        b"\xff\xfe\x00\n",
        b"[" * 100_000 + b"\n",
    ],
)
def test_what_is_no_message_is_refused(line: bytes):
    with pytest.raises(BrokenMessage):
        decode(line)


@pytest.mark.parametrize("shape", [(4, 30, 20), (1, 1, 1), (2, 1000, 300)])
def test_an_array_survives_the_way_and_its_file_is_gone(tmp_path: Path, rng: np.random.Generator, shape: tuple):
    array = rng.normal(size=shape).astype(np.float32)
    for given in (array, array[:, ::-1], np.asfortranarray(array)):
        write_array(tmp_path / "a.npy", given)
        assert np.array_equal(np.load(tmp_path / "a.npy"), given)
        taken = take_array(tmp_path / "a.npy")
        assert np.array_equal(taken, given)
        assert taken.flags.writeable
        assert list(tmp_path.iterdir()) == []


def test_many_arrays_at_once_do_not_use_up_the_file_descriptors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(array_file, "_MOST_MAPPED", 3 + sum(held() is not None for held in array_file._mapped))
    taken = []
    for number in range(6):
        write_array(tmp_path / "a.npy", np.full((2, 2), number, np.float32))
        taken.append(take_array(tmp_path / "a.npy"))
    mapped = [isinstance(array.base, np.memmap) for array in taken]
    assert [float(array[0, 0]) for array in taken] == [0, 1, 2, 3, 4, 5]
    if sys.platform != "win32":
        assert mapped == [True] * 3 + [False] * 3
        del taken[:3]
        write_array(tmp_path / "a.npy", np.zeros((2, 2), np.float32))
        assert isinstance(take_array(tmp_path / "a.npy").base, np.memmap)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x93NUMPY\x01\x00\x10\x00{'descr': '<f4'}\n"])
def test_a_file_that_is_no_array_is_a_value_error_and_gone(tmp_path: Path, content: bytes):
    path = tmp_path / "a.npy"
    path.write_bytes(content)
    with pytest.raises(ValueError):
        take_array(path)
    assert not path.exists()


def test_an_array_of_objects_is_never_unpickled(tmp_path: Path):
    np.save(tmp_path / "a.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"(?i)object|pickle"):
        take_array(tmp_path / "a.npy")


class Clock:
    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


def test_the_remaining_time_of_a_first_run_follows_from_the_share_that_is_done():
    clock = Clock()
    remaining = RemainingTime(now=clock)
    assert remaining.estimate() is None
    clock.time += 2
    remaining.note(0.25)
    assert remaining.estimate() == pytest.approx(6)
    clock.time += 1
    assert remaining.estimate() == pytest.approx(5)  # it falls between two reports
    clock.time += 100
    assert remaining.estimate() == 0


def test_the_remaining_time_of_a_later_run_follows_the_course_of_the_earlier_one():
    """The second half of the fractions took nine of ten seconds; this run is twice as slow."""
    clock = Clock()
    remaining = RemainingTime([(0.0, 0.0), (0.5, 1.0), (1.0, 10.0)], now=clock)
    assert remaining.estimate() == pytest.approx(10)
    clock.time += 2
    remaining.note(0.5)
    assert remaining.estimate() == pytest.approx(18)
    remaining.note(0.4)  # what falls back is not noted
    assert remaining.course == [(0.0, 0.0), (0.5, 2.0)]


def test_within_slicer_the_worker_runs_on_pythonslicer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    bin_folder = tmp_path / "Slicer-5.10" / "bin"
    bin_folder.mkdir(parents=True)
    suffix = ".exe" if sys.platform == "win32" else ""
    python_slicer = bin_folder / f"PythonSlicer{suffix}"
    python_slicer.touch()
    for slicer in (bin_folder / "SlicerApp-real", tmp_path / "Slicer-5.10" / "MacOS" / "Slicer"):
        monkeypatch.setattr(process_tree.sys, "executable", str(slicer))
        assert worker_command()[0] == str(python_slicer)
    monkeypatch.setattr(process_tree.sys, "executable", str(bin_folder / "PythonSlicer"))
    assert worker_command()[0] == str(bin_folder / "PythonSlicer")
    assert worker_command("/opt/python")[0] == "/opt/python"
