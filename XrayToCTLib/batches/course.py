"""Course: what has come of a batch's tasks so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ..errors import XrayToCTError
from ..progress import ProgressCallback, report
from .held_signals import signals_held
from .outcome import FAILED, SKIPPED, Outcome, Row, skipped
from .output_folder import OutputFolder
from .rate import Rate


class Course:
    """What has come of the tasks so far."""

    def __init__(
        self,
        out: OutputFolder,
        total: int,
        progress: ProgressCallback | None,
        on_row: Callable[[Row], object] | None,
    ) -> None:
        self._out, self._total, self._progress, self._on_row = out, total, progress, on_row
        self.rate = Rate(total)
        self.counts = {"done": 0, "skipped": 0, "failed": 0, "flagged": 0, "doubtful": 0}
        self._lines: dict[str, tuple[int, bool]] = {}  # task -> where its line begins; whether an earlier run wrote it

    def take(self, outcome: Outcome) -> None:
        """Publish, count and report."""
        with signals_held():  # or a result could be there that the summary does not know
            if outcome.is_new:
                outcome, offset = self._out.publish(outcome)
            else:
                offset = self._out.ledger.made_at(outcome.task)
            self._lines[outcome.task] = (offset, not outcome.is_new)
        for row in outcome.rows:
            self.counts[row.status] += 1
            self.counts["flagged"] += row.gate == "flagged"
            self.counts["doubtful"] += row.trust == "doubtful"
            if self._on_row is not None:
                self._on_row(row)
        self.rate.note(len(self._lines))
        if outcome.fatal is not None:
            raise XrayToCTError(outcome.fatal[0], hint=outcome.fatal[1])
        self.report()

    def require_all(self) -> None:
        """Raises XrayToCTError when something has come of fewer tasks than there are, which no pool may let happen."""
        if missing := self._total - len(self._lines):
            raise XrayToCTError(
                f"{missing} of {self._total} images were left out, and nothing says why.",
                hint="Start the batch again: it goes on where it was. Please report this, with the version.",
            )

    def report(self) -> None:
        """Call the progress callback. Raises TranslationCancelled."""
        report(self._progress, len(self._lines) / self._total, self._phase())

    def rows(self, names: Iterable[str]) -> Iterator[Row]:
        """The rows of what is through, in the order of the inputs."""
        for name in names:
            if name not in self._lines:
                continue
            offset, is_old = self._lines[name]
            for record in self._out.ledger.line_at(offset)["rows"]:
                row = Row.from_record(record)
                yield skipped(row) if is_old else row

    def _phase(self) -> str:
        parts = [f"{len(self._lines)} of {self._total}"]
        parts += [f"{self.counts[status]} {status}" for status in (SKIPPED, FAILED) if self.counts[status]]
        if len(self._lines) < self._total and (pace := self.rate.sentence()):
            parts.append(pace)
        return ", ".join(parts)
