"""Threads: how many a backend may use.

Each backend's own default, one a physical core, is right on a desktop. It is wrong where a job scheduler or a container
gives the process a part of the machine: then it starts more threads than it has cores, and they wait for each other.
"""

from __future__ import annotations

import os
from pathlib import Path

from ...errors import XrayToCTError

THREADS_ENVIRONMENT = "XRAYTOCT_THREADS"
_CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")  # Linux control groups, version 2


def thread_count() -> int:
    """XRAYTOCT_THREADS, else OMP_NUM_THREADS, else the cores that this process may use; 0 where that is all of them.

    Raises:
        XrayToCTError: XRAYTOCT_THREADS is no positive whole number.
    """
    if wanted := os.environ.get(THREADS_ENVIRONMENT):
        if not wanted.isdecimal() or int(wanted) < 1:
            raise XrayToCTError(
                f"{THREADS_ENVIRONMENT} is {wanted!r}, which is no number of threads.",
                hint=f"Set {THREADS_ENVIRONMENT} to 1 or more, or remove it.",
            )
        return int(wanted)
    # OMP_NUM_THREADS may be a list, one number a nesting level.
    first = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    if first.isdecimal() and int(first) > 0:
        return int(first)
    everything = os.cpu_count() or 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else everything
    allowed = min(allowed, _quota() or allowed)
    return allowed if allowed < everything else 0


def _quota() -> int:
    """Cores that the container may use, rounded up; 0 for no limit."""
    try:
        quota, period = _CPU_QUOTA.read_text(encoding="ascii").split()
        return -(-int(quota) // int(period))
    except (OSError, ValueError, ZeroDivisionError):  # no such file, or "max": no limit
        return 0
