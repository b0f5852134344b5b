"""Writing a file wholly or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from .errors import XrayToCTError


def write_whole(path: str | Path, content: bytes) -> Path:
    """Write ``content`` beside ``path`` and move it into place, so that nobody ever sees half a file; returns the path.

    Raises:
        XrayToCTError: the folder is missing or may not be written.
    """
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        temporary.write_bytes(content)
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise XrayToCTError(
            f"{target} could not be written: {error.strerror or error}.",
            hint="Choose a folder that exists and that you may write to.",
        ) from error
    return target
