"""``python -m Training phantoms | prepare | train | evaluate | report | export | sample``, one YAML a run.

Every value of the YAML can be given on the command line: ``--engine.max_minutes 10``. Several GPUs or machines:
``torchrun --nproc-per-node 2 -m Training train --config ...``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from XrayToCTLib.errors import XrayToCTError

from .config import RunConfig, config_parser, read_config


def _prepare(config: RunConfig, options: argparse.Namespace) -> None:
    from .data.prepare import prepare

    prepare(config.data)


def _train(config: RunConfig, options: argparse.Namespace) -> None:
    from .engine.train import train

    train(config, resume=options.resume)


def _evaluate(config: RunConfig, options: argparse.Namespace) -> None:
    from .evaluation.evaluate import evaluate

    evaluate(config)


def _report(config: RunConfig, options: argparse.Namespace) -> None:
    from .evaluation.report import report

    report(config)


def _export(config: RunConfig, options: argparse.Namespace) -> None:
    from .exporting.bundle import export

    export(config)


def _sample(options: argparse.Namespace) -> None:
    from .sample import make_sample

    make_sample(options.ct)


def _phantoms(options: argparse.Namespace) -> None:
    from .simulation.phantoms import write_phantoms

    write_phantoms(options.folder, options.count, options.seed)


_VERBS: dict[str, tuple[str, Callable[[RunConfig, argparse.Namespace], None]]] = {
    "prepare": ("images into arrays that training maps into memory, once", _prepare),
    "train": ("a run, or with --resume the rest of one", _train),
    "evaluate": ("measure a run on patients that it never saw", _evaluate),
    "report": ("an HTML page of what was measured", _report),
    "export": ("the bundle that the extension installs", _export),
}

_WITHOUT_RUN: dict[str, Callable[[argparse.Namespace], None]] = {"sample": _sample, "phantoms": _phantoms}


def main(arguments: Sequence[str] | None = None) -> int:
    words = list(sys.argv[1:] if arguments is None else arguments)
    parser = _parser()
    options, overrides = parser.parse_known_args(words)
    try:
        if options.verb in _WITHOUT_RUN:
            if overrides:
                parser.error(f"unrecognised: {' '.join(overrides)}")
            _WITHOUT_RUN[options.verb](options)
        else:
            if getattr(options, "max_time", None) is not None:
                overrides += [f"--engine.max_minutes={options.max_time}"]
            _VERBS[options.verb][1](read_config(options.config, overrides), options)
    except XrayToCTError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m Training", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )  # fmt: skip
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, (help_, _) in _VERBS.items():
        verb = verbs.add_parser(name, help=help_, allow_abbrev=False, add_help=False)
        verb.add_argument("-h", "--help", action=_Help, nargs=0, help="all options, with their defaults")
        verb.add_argument("--config", type=Path, required=True, help="the run's YAML")
        if name == "train":
            verb.add_argument("--resume", action="store_true", help="go on from the run's checkpoint")
            verb.add_argument("--max-time", type=float, metavar="MINUTES", help="short for --engine.max_minutes")
    sample = verbs.add_parser("sample", help="the simulated radiograph and reference that the project ships")
    sample.add_argument("--ct", type=Path, required=True, help="the CT to project, see Training/sample.py")
    phantoms = verbs.add_parser("phantoms", help="procedural torsos as CT files, to be trained on before patients")
    phantoms.add_argument("--folder", type=Path, required=True, help="where they are written; a source of `prepare`")
    phantoms.add_argument("--count", type=int, default=100, help="how many (default 100)")
    phantoms.add_argument("--seed", type=int, default=0, help="number of the first (default 0)")
    return parser


class _Help(argparse.Action):
    """The verb's own options, then every value of a run."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        parser.print_help()
        print("\nevery value of the YAML:\n")
        print(config_parser().format_help())
        parser.exit()


if __name__ == "__main__":
    sys.exit(main())
