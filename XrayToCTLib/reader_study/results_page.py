"""Results page: a study's outcome as one self-contained HTML page, to look at and to send on. It names the methods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone

from ..fidelity import page
from ..fidelity.illustration import Illustration
from ..version import __version__
from .alpha_bootstrap import FEWEST_READERS
from .create import FEW_CASES
from .intervals import RESAMPLES
from .measure import AGREEMENT, MARKS, ORIGIN, SCORES, WITHIN_READERS, Measure
from .order import GENERATOR
from .questions import Question, QuestionKind
from .results import StudyResults, interval_text, value_text
from .results_plots import interval_plot, likert_plot

_HEADS = ("of", "value", "95 % interval", "resampled", "n")
_NUMBERS = (False, True, True, False, True)
_FEW_READERS = 5  # below this a bootstrap of readers knows little of others


def results_page(results: StudyResults) -> bytes:
    """The document, in UTF-8."""
    study = results.ratings.study
    made = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    parts = [
        page.paragraph(
            f"Reader study {study.id}, made by XrayToCT {__version__}, {made}. This page names the methods: it is not "
            "for those who still have to read.",
            soft=True,
        ),
        page.paragraph(study.description) if study.description else "",
        page.bullets(_warnings(results), style="warnings"),
        _facts(results),
        *(_scores(results, question) for question in study.questions if question.kind is QuestionKind.LIKERT),
        _origin(results),
        page.section("Marks", _table(results.of(MARKS), "Images with a mark")),
        _agreement(results),
        _within_readers(results),
        _method(results),
    ]
    return page.page(study.title, parts)


def _warnings(results: StudyResults) -> list[str]:
    found = []
    if results.ratings.unfinished:
        found.append(f"Not finished: {', '.join(results.ratings.unfinished)}. These numbers will change.")
    cases = len(results.ratings.study.cases)
    if cases < FEW_CASES:
        found.append(f"With {cases} cases the intervals by bootstrap are narrower than they ought to be.")
    readers = len(results.ratings.readers)
    if readers < 2:
        found.append(
            "One reader: agreement between readers cannot be measured, and the intervals hold for this reader alone."
        )
    elif readers < _FEW_READERS:
        found.append(
            f"{readers} readers say little of how other readers would judge: the intervals are too narrow for it."
        )
    return found


def _facts(results: StudyResults) -> str:
    study = results.ratings.study
    display = study.display
    return page.facts(
        {
            "readers": ", ".join(results.ratings.readers),
            "cases": str(len(study.cases)),
            "images": f"{study.image_count}, of which {study.repeats} were shown twice",
            "methods": ", ".join(study.methods),
            "answers": str(len(results.ratings.rows)),
            "display": f"window {display.window:g}, level {display.level:g}, {display.orientation} planes",
        }
    )


def _scores(results: StudyResults, question: Question) -> str:
    measures = [measure for measure in results.of(SCORES) if measure.question == question.id]
    means = [measure for measure in measures if measure.statistic == "mean score"]
    levels = len(question.levels)
    label = f"mean score, 1 to {levels}"
    plot = interval_plot(means, f"{question.id}: mean score by method", label=label, limits=(0.9, levels + 0.1))
    return page.section(
        question.text,
        page.figures((_figure(likert_plot(results.ratings, question.id)), _figure(plot))),
        _table(measures, f"Scores: {question.id}"),
    )


def _origin(results: StudyResults) -> str:
    measures = results.of(ORIGIN)
    accuracy = [measure for measure in measures if measure.statistic == "accuracy"]
    taken = [measure for measure in measures if measure.statistic == "taken for real"]
    if not accuracy:
        return ""
    balanced = [
        replace(measure, subject="all, balanced") for measure in measures if measure.statistic == "balanced accuracy"
    ]
    share = {"limits": (-0.02, 1.02), "chance": 0.5}
    plots = (
        interval_plot([*balanced, *accuracy], "Accuracy by reader", label="share of right answers", **share),  # type: ignore[arg-type]
        interval_plot(taken, "Taken for real, by method", label="share taken for real", **share),  # type: ignore[arg-type]
    )
    return page.section(
        "Real or synthetic",
        page.paragraph(_verdict(accuracy[0], balanced)),
        page.figures(_figure(plot) for plot in plots),
        _table(measures, "Real or synthetic; chance is 0.5"),
    )


def _verdict(accuracy: Measure, balanced: Sequence[Measure]) -> str:
    """What the numbers allow to be said. Balanced accuracy decides: it gives nothing to whoever leans to one answer."""
    start = f"All readers together were right in {100 * accuracy.value:.0f} % of {accuracy.n} answers."
    if not balanced:
        return f"{start} All images have one origin: this says how the readers lean, not whether they can tell."
    interval = balanced[0].interval95
    start += f" Balanced over real and synthetic images that is {100 * balanced[0].value:.0f} %"
    if interval is None:
        return f"{start}, without an interval to hold against chance (50 %)."
    start += f" (95 % interval {100 * interval[0]:.0f} to {100 * interval[1]:.0f} %)."
    if interval[0] <= 0.5 <= interval[1]:
        return (
            f"{start} The interval includes chance: it was not shown that the readers could tell real from synthetic. "
            "That they could not was not shown either."
        )
    names = "" if interval[0] > 0.5 else ", and called them by the wrong names"
    return f"{start} The interval lies off chance: the readers could tell real from synthetic{names}."


def _agreement(results: StudyResults) -> str:
    measures = results.of(AGREEMENT)
    alphas = [measure for measure in measures if measure.statistic.startswith("Krippendorff")]
    kappas = [measure for measure in measures if measure not in alphas]
    likert = {asked.id for asked in results.ratings.study.questions if asked.kind is QuestionKind.LIKERT}
    if not measures:
        return ""
    primary = [
        replace(measure, subject=measure.question)
        for measure in alphas
        if measure.statistic.endswith("ordinal" if measure.question in likert else "nominal")
    ]
    plot = interval_plot(primary, "Krippendorff's alpha by question", label="alpha", limits=(-0.3, 1.02), chance=0.0)
    return page.section(
        "Agreement between readers",
        page.figures((_figure(plot),)) if primary else "",
        _table(alphas, "Krippendorff's alpha"),
        page.paragraph(
            "1 is full agreement, 0 what chance would give. Ordinal is the one for Likert scores.", soft=True
        ),
        page.details("Cohen's kappa of each pair of readers", _table(kappas, "Cohen's kappa")),
    )


def _within_readers(results: StudyResults) -> str:
    measures = results.of(WITHIN_READERS)
    if not measures:
        return ""
    shown = f"{results.ratings.study.repeats} images were shown a second time, as if they were new."
    shares = [measure for measure in measures if measure.statistic == "share of equal answers"]
    kappas = [measure for measure in measures if measure not in shares]
    return page.section(
        "Agreement of each reader with themselves",
        page.paragraph(shown, soft=True),
        _table(shares, "First and second showing"),
        page.details("Cohen's kappa of the two showings", _table(kappas, "Cohen's kappa, first and second showing")),
    )


def _method(results: StudyResults) -> str:
    return page.section(
        "How it was measured",
        page.paragraph(
            f"Each reader saw the images one at a time in an order of their own (generator “{GENERATOR}”, seed "
            f"{results.ratings.study.seed}), counterbalanced by a Williams design, under labels that tell nothing of "
            "the method, at one window and level."
        ),
        page.paragraph(
            f"Intervals are 95 %: Wilson score for shares of a single reader, else the percentiles of {RESAMPLES} "
            "bootstrap samples. Where “cases and readers” were resampled, both were drawn, independently of each other "
            "(Beiden, Wagner and Campbell 2000; Owen 2007), all answers about a case staying together: the interval is "
            "for readers and patients like these. Where only “cases” were, it is for these very readers: there is but "
            f"one, two readers' kappa is meant, or fewer than {FEWEST_READERS} readers' alpha, of which too many draws "
            "would hold one reader alone, who agrees with themselves."
        ),
        page.paragraph(
            "Second showings enter only the agreement of readers with themselves. Nothing is corrected for multiple "
            "comparisons."
        ),
    )


def _figure(plot: Illustration) -> str:
    return page.figure(plot.png, plot.caption, alternative=plot.alternative)


def _table(measures: Sequence[Measure], caption: str) -> str:
    several = len({measure.question for measure in measures}) > 1
    lines = [
        (
            f"{measure.question}: {measure.statistic}" if several else measure.statistic,
            (measure.subject, value_text(measure), interval_text(measure), measure.resampled, str(measure.n)),
            "",
        )
        for measure in measures
    ]
    return page.table(_HEADS, lines, first="what", caption=caption, numbers=_NUMBERS)
