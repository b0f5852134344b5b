"""Process tree: starting a child with everything it may start itself, and ending all of them."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import XrayToCTError


def python_interpreter() -> str:
    """The interpreter to run a worker with: this one; within Slicer, whose executable is Slicer, its PythonSlicer."""
    current = Path(sys.executable or "")
    if "python" in current.name.lower():
        return str(current)
    name = "PythonSlicer.exe" if os.name == "nt" else "PythonSlicer"
    for folder in (current.parent, current.parent.parent / "bin"):
        if (folder / name).is_file():
            return str(folder / name)
    return shutil.which("PythonSlicer") or shutil.which("python3") or str(current)


def start(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a child with pipes, as the head of a process group of its own, so that Ctrl-C in a terminal is the
    parent's to handle and the whole group can be ended.

    Raises:
        XrayToCTError: it cannot be started.
    """
    windows_flags = 0
    if sys.platform == "win32":
        windows_flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    try:
        return subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environment),
            start_new_session=os.name == "posix",
            creationflags=windows_flags,
        )
    except OSError as error:
        raise XrayToCTError(
            f"The translation process could not be started with {command[0]} ({error.strerror or error}).",
            hint="Check that this Python interpreter exists and may be run, or choose another one.",
        ) from error


def end_tree(process: subprocess.Popen[bytes], grace_s: float = 0.0) -> int:
    """Wait up to ``grace_s`` for the child, then kill it and all that it started; returns its exit status.

    The group is killed before the child is reaped: until then no other process can get its number.
    """
    deadline = time.monotonic() + grace_s
    while not _has_ended(process) and time.monotonic() < deadline:
        time.sleep(0.01)
    if process.returncode is None:
        if os.name == "posix":
            # PermissionError: macOS says so of a group whose only member has ended
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        else:
            _taskkill(process)
    return process.wait()


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Without reaping it, where that is possible."""
    if process.returncode is not None:
        return True
    if not hasattr(os, "waitid"):
        return process.poll() is not None
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:  # somebody else has reaped it
        return True


def _taskkill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(
            ["taskkill", "/T", "/F", "/PID", str(process.pid)],
            capture_output=True,
            timeout=10,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    with contextlib.suppress(OSError):
        process.kill()
