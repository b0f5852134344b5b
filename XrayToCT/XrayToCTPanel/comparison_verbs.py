"""Comparison verbs: what XrayToCTLogic can do with results and references. Each raises XrayToCTError."""

from __future__ import annotations

import json
from pathlib import Path

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.fidelity.candidate_table import candidates_record, candidates_text, write_candidates_csv
from XrayToCTLib.progress import ComparisonCancelled
from XrayToCTLib.whole_file import write_whole

from .comparison_run import AUTO, WHERE_THEY_LIE, ComparisonOptions, startComparison, startPage, stillThere
from .dependencies import ensureDependencies
from .fidelity_layout import layoutSteps
from .run import Run


class ComparisonVerbs:
    """Mixed into XrayToCTLogic. None needs a widget."""

    def evaluate(
        self, translatedVolume, referenceVolume, *, mask=None, align=True, view="auto", modality="auto", progress=None
    ):
        """Measures a result against its reference; also adds a table node with the numbers, a row a metric.

        Args:
            translatedVolume: node of a stack in HU, or of a single image.
            referenceVolume: node of a stack of the same slabs, of a CT or MR volume, or of an image; never changed.
            mask: volume, segmentation or ROI node, or an array on the grid of either; None takes the body.
            align: True brings the reference to the image as it needs: a volume is registered to the radiograph that
                the stack was made from, or projected along its axes where there is none. False compares the two
                where they lie. Or a key of XrayToCTLib.comparison.ALIGNMENTS.
            view, modality, progress: as for ``compare``.

        Returns:
            XrayToCTLib.FidelityReport.
        """
        ensureDependencies()
        alignment = align if isinstance(align, str) else AUTO if align else WHERE_THEY_LIE
        options = ComparisonOptions(
            mask=mask, alignment=alignment, view=view, modality=modality, maps=False, charts=False, here=True
        )
        run = startComparison([translatedVolume], referenceVolume, options).reportTo(progress)
        return run.result().reports[0]

    def compare(
        self,
        candidates,
        referenceVolume,
        *,
        mask=None,
        line=None,
        alignment="auto",
        view="auto",
        modality="auto",
        wait=True,
        progress=None,
    ):
        """Measures several candidates against one reference: table, difference and SSIM volumes, and plots.

        Args:
            candidates: list of nodes, all stacks or all single images.
            referenceVolume, mask: as for ``evaluate``.
            line: markups line node for the line profile; None takes the row through the middle of the body.
            alignment: "auto", or a key of XrayToCTLib.comparison.ALIGNMENTS.
            view: "auto", "PA", "AP" or "LATERAL": how a reference volume is looked at.
            modality: "auto", "CT" or "MR": what a reference volume is.
            wait: False returns at once; the comparison runs in a process of its own.
            progress: called with (fraction, phase); returning False cancels.

        Returns:
            comparison_run.Comparison: reports, table, maps, charts. With wait=False a Run (XrayToCTPanel.run).
        """
        ensureDependencies()
        options = ComparisonOptions(mask, line, alignment, view, modality)
        run = startComparison(candidates, referenceVolume, options).reportTo(progress)
        return run.result() if wait else run

    def saveComparison(self, comparison, path, *, wait=True, progress=None):
        """Writes a comparison to a file by its suffix: .csv, .json, or .html for the page.

        Returns:
            The path. With wait=False a Run: the page is drawn in a process of its own.
        """
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix == ".csv":
            return write_candidates_csv(path, comparison.reports)
        if suffix == ".json":
            text = json.dumps(candidates_record(comparison.reports), indent=1, ensure_ascii=False)
            return write_whole(path, f"{text}\n".encode())
        if suffix not in (".html", ".htm"):
            raise XrayToCTError(f"A comparison cannot be written to {path.name}.", hint="Use .csv, .json or .html.")
        run = startPage(comparison, path).reportTo(progress)
        return run.result() if wait else run

    def comparisonText(self, comparison):
        """The table as text for a spreadsheet, tab-separated: what the panel copies."""
        return candidates_text(comparison.reports)

    def showComparison(self, comparison, candidate, referenceVolume, *, wait=True):
        """Shows slices, difference, SSIM, plots and table in a layout.

        Returns:
            Whether there is a layout to show them in. With wait=False a Run.
        """
        steps = layoutSteps(comparison, candidate, referenceVolume)
        run = Run(steps, guard=stillThere(candidate, referenceVolume), cancelled=ComparisonCancelled).start()
        return run.result() if wait else run
