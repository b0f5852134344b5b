"""PyTorch's OpenMP threads: they sleep while they wait, unless the user chose otherwise."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

LOAD = """
import os
from XrayToCTLib.models.weights import require_torch
before = dict(os.environ)
require_torch()
assert dict(os.environ) == before
"""


def wait_policy(**chosen: str) -> str:
    """What OpenMP says of itself when PyTorch is loaded with these variables."""
    given = {key: value for key, value in os.environ.items() if not key.startswith(("OMP_", "GOMP_", "KMP_"))}
    done = subprocess.run(
        [sys.executable, "-c", LOAD],
        check=True, capture_output=True, text=True, env={**given, "OMP_DISPLAY_ENV": "true", **chosen},
    )  # fmt: skip
    lines = [line for line in done.stderr.splitlines() if "OMP_WAIT_POLICY" in line]
    if not lines:
        pytest.skip("this PyTorch's OpenMP does not show its settings")
    return lines[-1].partition("=")[2].strip(" '")


def test_they_sleep_and_programs_that_are_started_later_do_not_notice() -> None:
    assert wait_policy() == "PASSIVE"


def test_the_user_s_own_choice_stays() -> None:
    assert wait_policy(OMP_WAIT_POLICY="ACTIVE") == "ACTIVE"
