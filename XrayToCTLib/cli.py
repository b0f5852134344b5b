"""The command ``xray-to-ct``: one verb a file in commands/.

Exit code 0 on success only, 1 when something could not be done, 2 for a command line that makes no sense, 130 for
Ctrl-C. Results go to stdout, everything else to stderr.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from .commands import batch, compare, demo, enhance, models, project, study, translate
from .commands.console import print_json, say
from .errors import XrayToCTError
from .version import __version__

_VERBS = (translate, batch, enhance, models, compare, project, study, demo)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="xray-to-ct",
        description="CT-like stacks in estimated HU from radiographs. Research use only, not for diagnostic use.",
    )
    parser.add_argument("--version", action="version", version=f"xray-to-ct {__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for verb in _VERBS:
        verb.add_parser(verbs)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code. ``argparse`` itself exits with 2 (usage) or 0 (help)."""
    options = make_parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except XrayToCTError as error:
        say(f"Error: {error}")
        if getattr(options, "json", False):
            print_json({"error": error.message, "hint": error.hint})
        return 1
    except KeyboardInterrupt:
        say("Interrupted. Nothing half-written was left.")
        return 130
    except BrokenPipeError:  # the reader of our stdout (head, less) went away
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains at its end
        return 1
