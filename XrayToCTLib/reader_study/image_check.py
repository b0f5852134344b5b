"""Image check: whether the files of a study are those that it was made of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import XrayToCTError
from ..progress import ProgressCallback, report
from .candidate_content import content_bytes, content_sha256
from .study import Study
from .study_file import image_path


class StudyCancelled(XrayToCTError):  # noqa: N818 - a wish of the user, not an error
    """The caller's progress callback returned False. Nothing was written."""

    def __init__(self) -> None:
        super().__init__("The work on the reader study was cancelled.", hint="Start it again when you like.")


def check_images(study: Study, study_path: str | Path, *, progress: ProgressCallback | None = None) -> list[str]:
    """One sentence for each image that is missing, cannot be read or was changed; empty when all is well.

    The sentences name files and so methods: they are for whoever made the study.

    Raises:
        StudyCancelled: ``progress`` returned False.
    """
    found = []
    candidates = [candidate for case in study.cases for candidate in case.candidates]
    for index, candidate in enumerate(candidates):
        report(progress, index / len(candidates), "checking the images", cancelled=StudyCancelled)
        path = image_path(candidate, study_path)
        try:
            if content_bytes(path) != candidate.bytes or content_sha256(path) != candidate.sha256:
                found.append(f"{candidate.file} was changed after the study had been made.")
        except FileNotFoundError:
            found.append(f"{candidate.file} is missing.")
        except OSError as error:
            found.append(f"{candidate.file} cannot be read: {error.strerror or error}.")
        except XrayToCTError as error:  # a folder whose series is gone, or not the only one any more
            found.append(str(error))
    report(progress, 1.0, "checked", cancelled=StudyCancelled)
    return found


def refuse_faults(faults: Sequence[str], study: Study) -> None:
    """Raises XrayToCTError with the number of faults alone: a reader, too, may see it."""
    if faults:
        raise XrayToCTError(
            f"{len(faults)} of the {study.image_count} images of the study are missing or were changed.",
            hint="Whoever made the study sees which with: xray-to-ct study check",
        )
