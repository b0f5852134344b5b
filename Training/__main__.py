"""``python -m Training prepare | train | evaluate | export | sample``, one YAML a run."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from XrayToCTLib.errors import XrayToCTError

from .config import read_config


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m Training", description=__doc__)
    parser.add_argument("verb", choices=("prepare", "train", "evaluate", "export", "sample"))
    parser.add_argument("--config", type=Path, default=Path("Training/configs/chest_pa.yaml"), help="the run's YAML")
    parser.add_argument("--resume", action="store_true", help="train: go on from the run's checkpoint")
    parser.add_argument("--minutes", type=float, help="train: time in all, instead of the configuration's")
    parser.add_argument("--ct", type=Path, help="sample: the CT to project, see Training/sample.py")
    options = parser.parse_args(arguments)
    if options.verb == "sample" and options.ct is None:
        parser.error("sample needs --ct")
    try:
        if options.verb == "sample":
            from .sample import make_sample

            make_sample(options.ct)
            return 0
        config = read_config(options.config)
        if options.minutes is not None:
            config = replace(config, minutes=options.minutes)
        if options.verb == "prepare":
            from .prepare import prepare

            prepare(config)
        elif options.verb == "train":
            from .train import train

            train(config, resume=options.resume)
        elif options.verb == "evaluate":
            from .evaluate import evaluate

            evaluate(config)
        else:
            from .export import export

            export(config)
    except XrayToCTError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
