"""A path where an image belongs, or the other kind of image: a sentence, and nothing is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from test_stack_file import make_stack
from tiny_bundle import make_radiograph

import XrayToCTLib as x2ct
from XrayToCTLib.errors import XrayToCTError


@pytest.mark.parametrize("wrong", ["chest.dcm", Path("chest.dcm"), None, np.zeros((3, 4))])
def test_a_verb_for_radiographs_names_the_reader(wrong: object):
    for verb in (lambda: x2ct.translate(wrong), lambda: x2ct.enhance(wrong, "chest clarity")):  # type: ignore[arg-type]
        with pytest.raises(XrayToCTError, match=f"radiograph is needed.*{type(wrong).__name__}") as raised:
            verb()
        assert "read_radiograph" in str(raised.value.hint)


def test_a_writer_of_stacks_says_what_it_was_given_and_writes_nothing(tmp_path: Path):
    for given in ("stack.nrrd", make_radiograph()):
        for verb in (
            lambda given=given: x2ct.write_stack(given, tmp_path / "a.nrrd"),
            lambda given=given: x2ct.write_dicom(given, tmp_path / "new"),
        ):
            with pytest.raises(XrayToCTError, match=f"stack is needed.*{type(given).__name__}"):
                verb()
    assert list(tmp_path.iterdir()) == []


def test_trust_takes_the_stack_first():
    radiograph, stack = make_radiograph(), make_stack()
    with pytest.raises(XrayToCTError, match=r"stack is needed.*Radiograph"):
        x2ct.trust(radiograph, stack)  # type: ignore[arg-type]
    with pytest.raises(XrayToCTError, match=r"radiograph is needed.*str"):
        x2ct.trust(stack, "chest.dcm")  # type: ignore[arg-type]
