"""The pipeline that a command line asks for: --pipeline, and --set for single parameters."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..enhancement.pipeline import Pipeline, Step
from ..enhancement.presets import find_pipeline
from ..errors import XrayToCTError


def pipeline_option(wanted: str, settings: Sequence[str]) -> Pipeline:
    """A pipeline with some of its parameters changed.

    Args:
        wanted: name of a preset or a filter, a file, or JSON.
        settings: "parameter=value" where one step has that parameter; "filter.parameter=value" for all steps of that
            filter; "2.parameter=value" for the second step; "2.enabled=false" switches it off.

    Raises:
        XrayToCTError: no such pipeline, step or parameter, or a value that it cannot have.
    """
    pipeline = find_pipeline(wanted)
    for setting in settings:
        pipeline = _with_setting(pipeline, setting)
    if settings:
        pipeline = replace(pipeline, name=f"{pipeline.name} (changed)")
    return pipeline


def _with_setting(pipeline: Pipeline, setting: str) -> Pipeline:
    path, equals, text = setting.partition("=")
    where, dot, parameter = path.strip().rpartition(".")
    if not equals or not parameter:
        raise XrayToCTError(
            f"{setting!r} sets nothing.", hint="Write PARAMETER=VALUE, FILTER.PARAMETER=VALUE or STEP.PARAMETER=VALUE."
        )
    chosen = [
        index
        for index, step in enumerate(pipeline.steps)
        if (where in (step.filter, str(index + 1)) if dot else parameter in step.values)
    ]
    if not chosen:
        steps = ", ".join(f"{number} {step.filter}" for number, step in enumerate(pipeline.steps, 1))
        raise XrayToCTError(
            f"--set {setting}: {pipeline.name} has no step {where!r}."
            if dot
            else f"--set {setting}: no step of {pipeline.name} has a parameter {parameter!r}.",
            hint=f"Its steps: {steps or 'none'}.",
        )
    if not dot and len(chosen) > 1:
        steps = ", ".join(f"{index + 1}.{parameter}" for index in chosen)
        raise XrayToCTError(
            f"--set {setting}: several steps of {pipeline.name} have a parameter {parameter!r}.",
            hint=f"Say which: {steps}.",
        )
    steps_now = list(pipeline.steps)
    for index in chosen:
        steps_now[index] = _changed(steps_now[index], parameter, _value(text.strip()))
    return replace(pipeline, steps=tuple(steps_now))


def _changed(step: Step, parameter: str, value: Any) -> Step:
    if parameter == "enabled":
        if not isinstance(value, bool):
            raise XrayToCTError(f"enabled is {value!r}.", hint="Give true or false.")
        return replace(step, enabled=value)
    return step.with_values(**{parameter: value})


def _value(text: str) -> Any:
    """A number, true, false or a list as JSON writes it; anything else is a word."""
    try:
        return json.loads(text)
    except ValueError:
        return text
