"""Download: one file over https that goes on where it was interrupted."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import XrayToCTError
from ..version import __version__

LARGEST_BYTES = 2 * 2**30
_BLOCK = 1 << 18
_TIMEOUT_S = 30.0
_LOCAL = {"localhost", "127.0.0.1", "::1"}  # nobody is in between
_AGAIN = "Check the connection and start the import again: it goes on where it stopped."


def is_url(text: str) -> bool:
    """Whether a text names a scheme, and so is no path ("C:/models" is one)."""
    return "://" in text


def check_url(url: str) -> None:
    """Raises XrayToCTError for anything but https (http from this machine itself)."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and parts.hostname in _LOCAL:
        return
    raise XrayToCTError(
        f"{url} is not an https address.", hint="Models are downloaded over https only; or give a file or a folder."
    )


def download(url: str, folder: Path, note: Callable[[int, int | None], object]) -> Path:
    """Download into ``folder`` under a name made of the address; what is there of it already is not asked for again.

    Args:
        url: https.
        folder: that holds what was begun.
        note: called with (bytes there, bytes in all or None); what it raises ends the download, to be gone on with.

    Returns:
        The path of the whole file. Remove it when it is used up or wrong (``forget``).

    Raises:
        XrayToCTError: no https, no such file, no connection, or more than 2 GiB.
    """
    check_url(url)
    part = folder / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.part"
    try:
        _fetch(url, part, note)
    except urllib.error.HTTPError as error:
        raise XrayToCTError(f"{url} answers {error.code} ({error.reason}).", hint="Check the address.") from error
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", None) or error
        raise XrayToCTError(f"{url} could not be downloaded ({reason}).", hint=_AGAIN) from error
    except OSError as error:
        raise XrayToCTError(
            f"The download cannot be kept in {folder} ({error.strerror or error}).", hint="Check the free space."
        ) from error
    return part


def forget(part: Path) -> None:
    """Remove a download and what is known of it."""
    part.unlink(missing_ok=True)
    _validator_file(part).unlink(missing_ok=True)


def _fetch(url: str, part: Path, note: Callable[[int, int | None], object]) -> None:
    there, validator = _begun(part)
    request = urllib.request.Request(url, headers={"User-Agent": f"XrayToCT/{__version__}"})
    if there:
        request.add_header("Range", f"bytes={there}-")
        request.add_header("If-Range", validator)
    try:
        answer = _opener().open(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code != 416 or not there:
            raise
        error.close()
        forget(part)  # the file has become shorter than what we have of it
        _fetch(url, part, note)
        return
    with answer:
        if there and answer.status != 206:
            there = 0  # another file by now, or a server that knows no ranges
        total = _total(answer, there)
        _keep_validator(part, answer.headers)
        with part.open("r+b" if there else "wb") as file:
            file.seek(there)
            note(there, total)
            while block := answer.read(_BLOCK):
                there += len(block)
                _check_size(there)
                file.write(block)
                note(there, total)
            file.truncate()
    if total is not None and there < total:
        raise http.client.IncompleteRead(b"", total - there)


def _begun(part: Path) -> tuple[int, str]:
    """(bytes that are there, what says that the file is still the same); (0, "") to begin anew."""
    with contextlib.suppress(OSError, ValueError):
        validator = json.loads(_validator_file(part).read_text(encoding="utf-8"))
        if isinstance(validator, str) and validator:
            return part.stat().st_size, validator
    return 0, ""


def _keep_validator(part: Path, headers: Any) -> None:
    # A weak ETag says nothing about bytes (RFC 9110, 13.1.5).
    etag = headers.get("ETag", "")
    validator = etag if etag and not etag.startswith("W/") else headers.get("Last-Modified", "")
    _validator_file(part).write_text(json.dumps(validator), encoding="utf-8")


def _validator_file(part: Path) -> Path:
    return part.with_suffix(".validator.json")


def _total(answer: Any, there: int) -> int | None:
    length = answer.headers.get("Content-Length", "")
    if not length.isdigit():
        return None
    total = there + int(length)
    _check_size(total)
    return total


def _check_size(size: int) -> None:
    if size > LARGEST_BYTES:
        raise XrayToCTError(
            f"The download has more than {LARGEST_BYTES / 2**30:g} GiB: no model is that large.",
            hint="Check the address.",
        )


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_SafeRedirects)


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        check_url(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
