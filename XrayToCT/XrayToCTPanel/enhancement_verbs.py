"""Enhancement verbs: what XrayToCTLogic can do to radiographs before they are translated."""

from __future__ import annotations

from .dependencies import ensureDependencies
from .enhancement_run import startEnhancement, startTryAll


class EnhancementVerbs:
    """Mixed into XrayToCTLogic. None needs a widget."""

    def enhance(self, inputVolume, *, pipeline="clahe", outputVolume=None, wait=True, progress=None, polarity="auto"):
        """Enhances a radiograph with classical filters, all frames alike; the scene stays as it was on failure.

        Args:
            inputVolume: scalar volume node that holds a radiograph.
            pipeline: name of a preset or a filter, a Pipeline, its JSON, or the path of its file.
            outputVolume, wait, progress, polarity: as for ``translate``.

        Returns:
            vtkMRMLScalarVolumeNode on the input's geometry, of its type and range, with what ran as attributes.
            With wait=False a Run, as ``translate``.
        """
        ensureDependencies()
        run = startEnhancement(inputVolume, pipeline, outputVolume, polarity=polarity).reportTo(progress)
        return run.result() if wait else run

    def tryEnhancements(self, inputVolume, *, wait=True, progress=None, frame=0, polarity="auto"):
        """One frame under every preset: a list of XrayToCTLib.enhancement.contact_sheet.Candidate, with figures."""
        ensureDependencies()
        run = startTryAll(inputVolume, frame=frame, polarity=polarity).reportTo(progress)
        return run.result() if wait else run
