"""Starting the volume rendering beside the demo, and taking it up again: a crash or a hang of OpenGL ends there."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parents[2]
# On Linux without a display VTK draws through EGL (libegl1) or OSMesa (libosmesa6); elsewhere it knows what to use.
_WINDOWS = ("vtkEGLRenderWindow", "vtkOSOpenGLRenderWindow") if sys.platform.startswith("linux") else ("",)


class RenderingProcess:
    """Renders a stack file into a PNG while the caller goes on."""

    def __init__(self, stack: Path, picture: Path) -> None:
        self._stack, self._picture = stack, picture
        self._picture.unlink(missing_ok=True)  # a picture of an earlier run must not stand for this one
        self._waiting = list(_WINDOWS)
        self._reasons: list[str] = []
        self._process = self._start()

    def finish(self, timeout: float) -> str:
        """Waits; returns "" when the picture is there, else the reason why not."""
        end = time.monotonic() + timeout
        while True:
            try:
                _, errors = self._process.communicate(timeout=max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.communicate()
                self._reasons.append(f"it took more than {timeout:g} s")
                return "; ".join(self._reasons)
            if self._process.returncode == 0 and self._picture.is_file():
                return ""
            self._reasons.append(self._failure(errors))
            if not self._waiting:
                return "; ".join(self._reasons)
            self._process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        self._window = self._waiting.pop(0)
        environment = {**os.environ, **({"VTK_DEFAULT_OPENGL_WINDOW": self._window} if self._window else {})}
        return subprocess.Popen(
            [sys.executable, "-m", "Testing.demo.volume_rendering", str(self._stack), str(self._picture)],
            cwd=_REPOSITORY,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )

    def _failure(self, errors: str) -> str:
        code = self._process.returncode
        how = f"was ended by signal {-code}" if code < 0 else f"failed with code {code}"
        last = next((line.strip() for line in reversed(errors.splitlines()) if line.strip()), "it said nothing")
        return f"{self._window or 'VTK'} {how} ({last[:160]})"
