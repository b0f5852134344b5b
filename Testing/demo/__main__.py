"""The command line of the demo."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from XrayToCTLib.errors import XrayToCTError

from .walk import walk


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m Testing.demo",
        description="Translate the sample radiograph in a real MRML scene and write pictures, a scene and a report. "
        "Research use only. Not for diagnostic use.",
    )
    parser.add_argument("--output", type=Path, default=Path("demo"), help="folder for the results (default: demo)")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda (default: auto)")
    given = parser.parse_args(arguments)
    try:
        results = walk(given.output, device=given.device)
    except XrayToCTError as error:
        print(f"The demo stopped: {error}", file=sys.stderr)
        return 1
    print("\n" + results.summary())
    return 0


if __name__ == "__main__":
    sys.exit(main())
