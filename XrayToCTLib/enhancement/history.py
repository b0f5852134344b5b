"""History: how a radiograph says that it was enhanced, and with what."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .pipeline import Pipeline

_SENTENCE = re.compile(r'^Enhanced with "(.*?)": ', re.DOTALL)


def enhancement_sentence(pipeline: Pipeline) -> str:
    """What goes into the history: the pipeline's name, and every filter that ran with all its parameters."""
    name = pipeline.name.replace('"', "'")
    return f'Enhanced with "{name}": {pipeline.describe()}.'


def enhancement_sentences(history: Iterable[str]) -> tuple[str, ...]:
    """Those sentences of a radiograph's history that tell of an enhancement, in the order in which they ran."""
    return tuple(sentence for sentence in history if _SENTENCE.match(sentence))


def enhancement_names(history: Iterable[str]) -> tuple[str, ...]:
    """The names of the pipelines that ran, in their order."""
    return tuple(match[1] for sentence in history if (match := _SENTENCE.match(sentence)))
