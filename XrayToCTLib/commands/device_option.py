"""The option --device, which several verbs have: where a network runs, and what runs it."""

from __future__ import annotations

import argparse


def add_device_option(parser: argparse.ArgumentParser) -> None:
    """Name the backends in the help."""
    from ..translation.backends.table import NAMES

    parser.add_argument(
        "--device",
        metavar="DEVICE",
        default="auto",
        help=f"{NAMES}; a precision may follow, as in cpu/fp32 (default: auto, the fastest that works here; "
        "see: models --devices)",
    )
