"""Nothing phones home: two of the packages that run networks would, from their import on."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Number of the system call socket(2), and what seccomp calls the processor.
_SOCKET = {"x86_64": (41, 0xC000003E), "aarch64": (198, 0xC00000B7)}

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in _SOCKET, reason="the kernel of Linux does the watching"
)

# Python's audit hooks see what Python code does, also in processes that it forks; they cannot see native code. So the
# kernel (seccomp) kills whatever asks for a socket of the internet. Local sockets are left alone.
WATCHED = """
import ctypes, os, struct, sys
log = os.open({log!r}, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
def watch(event, arguments):
    asked = event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.gethostbyname")
    if asked or (event == "socket.__new__" and arguments[1] in (2, 10)):
        os.write(log, (event + "\\n").encode())
        raise OSError("this test has no network")
sys.addaudithook(watch)
def step(code, yes, no, value):
    return struct.pack("HBBI", code, yes, no, value)
filter = b"".join([
    step(0x20, 0, 0, 4), step(0x15, 0, 5, {machine}),   # another processor's calls: allow
    step(0x20, 0, 0, 0), step(0x15, 0, 3, {call}),      # not socket(): allow
    step(0x20, 0, 0, 16), step(0x15, 2, 0, 2), step(0x15, 1, 0, 10),   # AF_INET, AF_INET6: kill
    step(0x06, 0, 0, 0x7FFF0000), step(0x06, 0, 0, 0x80000000),
])
buffer = ctypes.create_string_buffer(filter)
program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(filter) // 8, ctypes.addressof(buffer)))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, program, 0, 0):
    sys.exit(77)
sys.path[:0] = [{tests!r}, {root!r}]
{work}
"""
TRANSLATE_WITH_ALL = """
from pathlib import Path
from tiny_bundle import make_radiograph
from XrayToCTLib import translate
for device in ("auto", "openvino/fp32", "onnxruntime", "torch-cpu"):
    stack = translate(make_radiograph(), model=Path({folder!r}), device=device)
    assert not any("instead of" in warning for warning in stack.warnings), stack.warnings
import time
time.sleep(1)
"""
NATIVE = "ctypes.CDLL(None).socket(2, 1, 0)"


def watched(work: str, folder: Path) -> tuple[int, str, list[str]]:
    """(exit code, what Python code asked of the network, the files left in the user's home) of some code."""
    log, home = folder / "log", folder / "home"
    home.mkdir()
    call, machine = _SOCKET[platform.machine()]
    script = WATCHED.format(
        log=str(log), tests=str(Path(__file__).parent), root=str(ROOT), work=work, call=call, machine=machine
    )
    # With these, OpenVINO and ONNX Runtime take the machine for one of a service, and keep silent by themselves.
    hushing = ("CI", "TF_BUILD", "JENKINS_URL", "GITHUB_ACTIONS", "ORT_DISABLE_TELEMETRY", "ORT_TELEMETRY_DISABLED")
    environment = {name: value for name, value in os.environ.items() if name not in hushing}
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "PYTEST_CURRENT_TEST"):
        environment.pop(name, None)
    environment |= {"HOME": str(home), "XRAYTOCT_CACHE": str(folder / "cache")}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    if done.returncode == 77:
        pytest.skip("this kernel allows no seccomp filter")
    if done.returncode > 0:
        raise AssertionError(done.stderr)
    return done.returncode, log.read_text(), sorted(path.name for path in home.rglob("*") if path.is_file())


def test_no_backend_opens_a_connection_or_writes_into_the_home(tmp_path: Path) -> None:
    for package in ("openvino", "onnxruntime", "onnxscript"):
        pytest.importorskip(package)
    from graph_bundle import write_graph_bundle

    bundle = write_graph_bundle(tmp_path / "graph")
    assert watched(TRANSLATE_WITH_ALL.format(folder=str(bundle.folder)), tmp_path) == (0, "", [])


def test_a_native_socket_would_have_been_noticed(tmp_path: Path) -> None:
    code, _, _ = watched(NATIVE, tmp_path)
    assert code < 0  # killed by a signal


@pytest.mark.parametrize("package", ["openvino", "onnxruntime"])
def test_a_package_by_itself_would_have_been_noticed(tmp_path: Path, package: str) -> None:
    """Else the first test could not fail. A release without telemetry passes too."""
    pytest.importorskip(package)
    code, asked, files = watched(f"import {package}, time; time.sleep(2)", tmp_path)
    if (code, asked, files) == (0, "", []):
        pytest.skip(f"this release of {package} keeps silent")
    assert code < 0 or asked or files
