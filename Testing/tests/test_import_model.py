"""Importing a model: from a folder, an archive or an address; whole and checked, or not at all."""

from __future__ import annotations

import http.server
import json
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from tiny_bundle import write_tiny_bundle

import XrayToCTLib as x2ct
from XrayToCTLib import XrayToCTError
from XrayToCTLib.cli import main
from XrayToCTLib.models import archive, registry
from XrayToCTLib.models import download as download_file
from XrayToCTLib.progress import ImportCancelled
from XrayToCTLib.readers.identity import file_sha256


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("source") / "tiny").folder


@pytest.fixture(scope="module")
def zipped(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return zip_of({path.name: path.read_bytes() for path in bundle.iterdir()}, tmp_path_factory.mktemp("zip"))


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own models: none yet, and none came with the library."""
    monkeypatch.setenv("XRAYTOCT_MODELS", str(tmp_path / "own"))
    monkeypatch.setattr(registry, "_BUNDLED", tmp_path / "none")
    return tmp_path / "own"


def zip_of(files: dict[str, bytes], folder: Path, name: str = "model.zip", top: str = "tiny/") -> Path:
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as opened:
        for inside, content in files.items():
            opened.writestr(top + inside, content)
    return folder / name


def left(own: Path) -> list[str]:
    """What an import left in the folder, but for begun downloads."""
    if not own.exists():
        return []
    return sorted(path.name for path in own.iterdir() if path.name != ".downloads")


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_an_imported_model_is_listed_and_can_be_used(kind: str, bundle: Path, zipped: Path, own: Path) -> None:
    card = x2ct.import_model(bundle if kind == "folder" else zipped)
    assert [found.name for found in x2ct.models()] == [card.name] == ["tiny@0.1.0"]
    assert left(own) == ["tiny-0.1.0"]
    assert {path.name for path in (own / "tiny-0.1.0").iterdir()} == {path.name for path in bundle.iterdir()}


def test_a_model_that_is_there_already_is_left_as_it_is(bundle: Path, own: Path) -> None:
    x2ct.import_model(bundle)
    before = (own / "tiny-0.1.0" / "card.json").stat().st_mtime_ns
    assert x2ct.import_model(bundle).name == "tiny@0.1.0"
    assert (own / "tiny-0.1.0" / "card.json").stat().st_mtime_ns == before


def test_another_model_of_the_same_name_is_replaced_only_when_that_is_wanted(
    bundle: Path, own: Path, tmp_path: Path
) -> None:
    x2ct.import_model(bundle)
    other = write_tiny_bundle(tmp_path / "other", title="Another").folder
    with pytest.raises(XrayToCTError, match="another model called tiny"):
        x2ct.import_model(other)
    assert x2ct.models()[0].title == "A tiny model for tests"
    assert x2ct.import_model(other, overwrite=True).title == "Another"
    assert [card.title for card in x2ct.models()] == ["Another"]
    assert left(own) == ["tiny-0.1.0"]


def test_the_sha256_of_the_archive_is_checked_before_it_is_opened(zipped: Path, own: Path) -> None:
    with pytest.raises(XrayToCTError, match="its SHA-256 differs"):
        x2ct.import_model(zipped, sha256="0" * 64)
    assert left(own) == []
    x2ct.import_model(zipped, sha256=file_sha256(zipped).upper())
    with pytest.raises(XrayToCTError, match="is no SHA-256"):
        x2ct.import_model(zipped, sha256="abc")


def test_a_path_that_leads_out_of_the_archive_leads_nowhere(bundle: Path, own: Path, tmp_path: Path) -> None:
    files = {path.name: path.read_bytes() for path in bundle.iterdir()}
    evil = {"../evil.txt": b"x", "a/b/c.txt": b"x", "..\\evil2.txt": b"x", "notes.txt": b"x", "sub/run.py": b"x"}
    x2ct.import_model(zip_of(files | evil, tmp_path))
    installed = {path.relative_to(own).as_posix() for path in own.rglob("*") if path.is_file()}
    assert installed == {f"tiny-0.1.0/{name}" for name in files}
    assert not list(tmp_path.rglob("evil*"))


def with_link(folder: Path, files: dict[str, bytes]) -> Path:
    path = zip_of(files, folder)
    with zipfile.ZipFile(path, "a") as opened:
        link = zipfile.ZipInfo("tiny/link")
        link.external_attr = 0o120777 << 16
        opened.writestr(link, "/etc/passwd")
    return path


def test_what_is_no_model_is_refused_and_leaves_nothing(bundle: Path, own: Path, tmp_path: Path) -> None:
    files = {path.name: path.read_bytes() for path in bundle.iterdir()}
    damaged = files | {"weights.safetensors": files["weights.safetensors"][:-1] + b"?"}
    unlisted = files | {"code.pt": b"pickle"}
    no_card = {name: content for name, content in files.items() if name != "card.json"}
    (tmp_path / "text.zip").write_bytes(b"no zip")
    (tmp_path / "empty").mkdir()
    made: list[tuple[Path, str]] = [
        (zip_of(damaged, tmp_path, "damaged.zip"), "SHA-256 differs"),
        (zip_of(unlisted, tmp_path, "unlisted.zip"), "does not list"),
        (zip_of(no_card, tmp_path, "no-card.zip"), "holds no card.json"),
        (zip_of(files | {"more/card.json": b"{}"}, tmp_path, "two.zip"), "holds 2 card.json"),
        (with_link(tmp_path, files), "holds a link"),
        (tmp_path / "text.zip", "cannot be unpacked"),
        (tmp_path / "empty", "has no card.json"),
        (tmp_path / "missing.zip", "There is no"),
    ]
    for source, words in made:
        with pytest.raises(XrayToCTError, match=words):
            x2ct.import_model(source)
    assert left(own) == []
    assert x2ct.models() == []


def test_an_archive_that_would_fill_the_disk_is_refused(
    zipped: Path, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "LARGEST_BYTES", 1000)
    with pytest.raises(XrayToCTError, match="no model is that large"):
        x2ct.import_model(zipped)
    assert left(own) == []


def test_a_folder_that_cannot_be_written_says_which(bundle: Path, tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XRAYTOCT_MODELS", str(tmp_path / "file" / "models"))
    with pytest.raises(XrayToCTError, match="XRAYTOCT_MODELS"):
        x2ct.import_model(bundle)


@dataclass
class Site:
    """A web server on this machine that serves one file, knows ranges, and can fail."""

    content: bytes
    etag: str = '"one"'
    breaks_after: int | None = None
    ranges: bool = True
    redirect: str = ""
    requests: list[str | None] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def site(zipped: Path) -> Iterator[Site]:
    served = Site(zipped.read_bytes())

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            served.requests.append(wanted)
            if self.path == "/missing.zip":
                self.send_error(404)
                return
            if served.redirect:
                self.send_response(302)
                self.send_header("Location", served.redirect)
                self.end_headers()
                return
            start = 0
            if wanted and served.ranges and self.headers.get("If-Range") == served.etag:
                start = int(wanted.removeprefix("bytes=").rstrip("-"))
            body = served.content[start:]
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", served.etag)
            self.end_headers()
            self.wfile.write(body if served.breaks_after is None else body[: served.breaks_after])

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    served.url = f"http://127.0.0.1:{server.server_address[1]}/model.zip"
    yield served
    server.shutdown()
    server.server_close()


def test_a_model_is_downloaded_checked_and_installed(site: Site, zipped: Path, own: Path) -> None:
    said: list[str] = []
    card = x2ct.import_model(
        site.url, sha256=file_sha256(zipped), progress=lambda fraction, phase: said.append(f"{fraction:.2f} {phase}")
    )
    assert card.name == "tiny@0.1.0"
    assert any("downloading" in line for line in said) and said[-1].endswith("checking the model")
    assert list((own / ".downloads").iterdir()) == []


def test_a_broken_download_goes_on_where_it_stopped(site: Site, own: Path) -> None:
    site.breaks_after = 1000
    with pytest.raises(XrayToCTError, match="goes on where it stopped"):
        x2ct.import_model(site.url)
    assert left(own) == []
    site.breaks_after = None
    assert x2ct.import_model(site.url).name == "tiny@0.1.0"
    assert site.requests == [None, "bytes=1000-"]


@pytest.mark.parametrize("why", ["another file", "no ranges"])
def test_a_file_that_has_changed_meanwhile_is_downloaded_anew(why: str, site: Site, own: Path) -> None:
    site.breaks_after = 1000
    with pytest.raises(XrayToCTError):
        x2ct.import_model(site.url)
    site.breaks_after = None
    if why == "another file":
        site.etag = '"two"'
    else:
        site.ranges = False
    assert x2ct.import_model(site.url).name == "tiny@0.1.0"


def test_a_cancelled_download_installs_nothing_and_goes_on_later(site: Site, own: Path) -> None:
    with pytest.raises(ImportCancelled):
        x2ct.import_model(site.url, progress=lambda fraction, phase: "downloading" not in phase)
    assert left(own) == []
    assert x2ct.import_model(site.url).name == "tiny@0.1.0"


def test_a_whole_download_that_is_wrong_is_not_kept(site: Site, own: Path) -> None:
    with pytest.raises(XrayToCTError, match="its SHA-256 differs"):
        x2ct.import_model(site.url, sha256="1" * 64)
    assert list((own / ".downloads").iterdir()) == []


def test_a_download_that_never_ends_is_ended(site: Site, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_file, "LARGEST_BYTES", 1000)
    with pytest.raises(XrayToCTError, match="no model is that large"):
        x2ct.import_model(site.url)


def test_only_https_is_followed(site: Site, own: Path) -> None:
    for url in ("http://example.org/model.zip", "ftp://example.org/model.zip", "file:///etc/passwd"):
        with pytest.raises(XrayToCTError, match="over https only"):
            x2ct.import_model(url)
    site.redirect = "http://example.org/model.zip"
    with pytest.raises(XrayToCTError, match="over https only"):
        x2ct.import_model(site.url)


def test_an_address_with_nothing_behind_it_says_so(site: Site, own: Path) -> None:
    with pytest.raises(XrayToCTError, match="answers 404"):
        x2ct.import_model(site.url.replace("model.zip", "missing.zip"))
    assert left(own) == []


def test_the_command_imports_and_says_what_it_got(zipped: Path, own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--import", str(zipped), "--sha256", file_sha256(zipped), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["imported"]["id"] == "tiny"
    assert main(["models", "--import", str(own / "nothing.zip")]) == 1
    assert "There is no" in capsys.readouterr().err
