"""Running a pipeline's filters over one image, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ..errors import XrayToCTError
from .context import FilterContext
from .pipeline import Step

BeforeStep = Callable[[int, Step], None]
"""Called with the number of a step, from 0, and the step, before it runs; whatever it raises ends the run."""


def run_steps(
    image: np.ndarray, steps: Sequence[Step], context: FilterContext, before: BeforeStep | None = None
) -> np.ndarray:
    """The image after all steps that are enabled: float32 (rows, cols), within the context's value range.

    Raises:
        XrayToCTError: a filter refuses the image or fails (the message names it), or too little memory.
    """
    result = image
    for output in step_outputs(image, steps, context, before):
        result = output
    return result


def step_outputs(
    image: np.ndarray, steps: Sequence[Step], context: FilterContext, before: BeforeStep | None = None
) -> Iterator[np.ndarray]:
    """The image after each step that is enabled. Raises as ``run_steps``."""
    active = [step for step in steps if step.enabled]
    for number, step in enumerate(active):
        if before is not None:
            before(number, step)
        image = _run(image, step, context)
        yield image


def _run(image: np.ndarray, step: Step, context: FilterContext) -> np.ndarray:
    import cv2

    try:
        result = step.entry.function(image, step.parameters, context)
    except XrayToCTError as error:
        raise XrayToCTError(f"{step.filter}: {error.message}", hint=error.hint) from error
    except MemoryError as error:
        raise XrayToCTError(
            f"There is not enough memory for {step.filter} on {image.shape[0]} x {image.shape[1]} pixels.",
            hint="Close other data, or reduce the radiograph first.",
        ) from error
    except cv2.error as error:
        raise XrayToCTError(
            f"{step.filter} failed: {error.err or error}.", hint="Change its parameters, or leave it out."
        ) from error
    # The input's range out of every step: an overshooting edge filter must not push values to where the next filter's
    # histogram, or the type that the image came in, has no place for them. NaN stays NaN.
    low, high = context.value_range
    if result is image:
        return result
    return np.clip(result, np.float32(low), np.float32(high))
