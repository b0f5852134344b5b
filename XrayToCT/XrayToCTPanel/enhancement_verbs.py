"""Enhancement verbs: what XrayToCTLogic can do to radiographs before they are translated."""

from __future__ import annotations

from .dependencies import ensureDependencies
from .enhanced_file import startEnhancedFile
from .enhancement_run import startEnhancement, startTryAll


class EnhancementVerbs:
    """Mixed into XrayToCTLogic. None needs a widget."""

    def enhance(self, inputVolume, *, pipeline="clahe", outputVolume=None, wait=True, progress=None, polarity="auto"):
        """Enhances a radiograph with classical filters, all frames alike; the scene stays as it was on failure.

        Args:
            inputVolume: scalar volume node that holds a radiograph, or a sequence: the item that is shown of it.
            pipeline: name of a preset or a filter, a Pipeline, its JSON, or the path of its file.
            outputVolume, wait, progress, polarity: as for ``translate``.

        Returns:
            vtkMRMLScalarVolumeNode on the input's geometry, of its type and range, with what ran as attributes.
            With wait=False a Run, as ``translate``.
        """
        ensureDependencies()
        run = startEnhancement(inputVolume, pipeline, outputVolume, polarity=polarity).reportTo(progress)
        return run.result() if wait else run

    def exportEnhanced(self, node, file, *, overwrite=False, wait=True, progress=None):
        """Writes an enhanced volume to .dcm (DX that says what ran), .png, .tif, .nrrd or .mha; returns the path.

        Args:
            node: volume that ``enhance`` made.
            file: path; bone is bright in it. .dcm, .png and .tif hold one frame.
            overwrite: replace a file that is there.
            wait, progress: as for ``translate``.
        """
        ensureDependencies()
        run = startEnhancedFile(node, file, overwrite=overwrite).reportTo(progress)
        return run.result() if wait else run

    def tryEnhancements(self, inputVolume, *, referenceVolume=None, wait=True, progress=None, frame=0, polarity="auto"):
        """One frame as it is and under every preset, with figures of each; the scene stays as it is.

        Args:
            inputVolume: scalar volume node that holds a radiograph, or a sequence: the item that is shown of it.
            referenceVolume: the image as it should be, of the same pixels: its PSNR and SSIM are added.
            wait, progress, frame, polarity: as for ``translate``.

        Returns:
            list of TriedEnhancement (XrayToCTPanel.tried_enhancement). With wait=False a Run, as ``translate``.
        """
        ensureDependencies()
        run = startTryAll(inputVolume, frame=frame, polarity=polarity, referenceVolume=referenceVolume)
        run.reportTo(progress)
        return run.result() if wait else run
