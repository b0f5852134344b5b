"""Child: answers one request in a process of its own, which may be ended at any time.

What it says on stdout are JSON lines: ``{"fraction": 0.5, "phase": "..."}``, and at the end ``{"done": true}`` or
``{"error": "...", "hint": "..."}``. Its results lie in the folder of the request.
"""

from __future__ import annotations

import json
import os
import traceback
from pathlib import Path

from ..errors import XrayToCTError
from ..worker.parent_watch import watch_parent

PAGE = "report.html"
_ROOT = str(Path(__file__).resolve().parents[2])
_ENTRY = (
    "import sys; sys.path[0] = {root!r}; from XrayToCTLib.comparison import child; "
    "sys.path.append(sys.path.pop(0)); child.main({verb!r}, {folder!r}, {parent})"
)
_FAULT_HINT = "This is a fault of XrayToCT: please report it with the log."


def command(executable: str, verb: str, folder: Path) -> list[str]:
    """The command that answers the request in ``folder``.

    Args:
        verb: "measure" writes the reports; "page" makes an HTML page of a request and its reports.
    """
    return [executable, "-u", "-c", _ENTRY.format(root=_ROOT, verb=verb, folder=str(folder), parent=os.getpid())]


def main(verb: str, folder: str, parent: int) -> None:
    """Do what ``command`` says; ends at once when the parent is gone."""
    watch_parent(parent, lambda: os._exit(0))
    try:
        {"measure": _measure, "page": _page}[verb](Path(folder))
        _say(done=True)
    except XrayToCTError as error:
        _say(error=error.message, hint=error.hint)
    except MemoryError:
        _say(error="There is not enough memory for this comparison.", hint="Close other programs, or compare fewer.")
    except Exception as error:
        traceback.print_exc()
        _say(error=f"The comparison failed ({type(error).__name__}: {error}).", hint=_FAULT_HINT)


def _measure(folder: Path) -> None:
    from .charts import charts
    from .files import read_request, write_reports
    from .measure import measure

    _say(fraction=0.0, phase="reading the images")
    request, options = read_request(folder)
    reports = measure(request, lambda fraction, phase: _say(fraction=0.9 * fraction, phase=phase))
    _say(fraction=0.9, phase="drawing the curves")
    line = options.get("line")
    ends = ((line[0][0], line[0][1]), (line[1][0], line[1][1])) if line else None
    write_reports(folder, reports, charts(reports, line=ends, slab=options.get("slab")))


def _page(folder: Path) -> None:
    from .files import read_reports, read_request
    from .page import write_page

    _say(fraction=0.1, phase="drawing the page")
    request, _ = read_request(folder)
    reports, _ = read_reports(folder)
    write_page(
        folder / PAGE,
        reports,
        [candidate.image for candidate in request.candidates],
        title=f"{', '.join(candidate.name for candidate in request.candidates)} against {request.reference_name}",
        reference=request.reference,
        radiograph=request.radiograph,
    )


def _say(**fields: object) -> None:
    print(json.dumps(fields), flush=True)
