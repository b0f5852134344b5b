"""Translation verbs: what XrayToCTLogic can do with radiographs and models."""

from __future__ import annotations

import XrayToCTLib
from XrayToCTLib.models import registry

from .dependencies import ensureDependencies
from .enhance_before import enhanceBefore
from .many_translations import startMany
from .radiograph_bridge import radiographFromVolume
from .run import Run
from .sequence_input import imageIn, volumeOf
from .stack_bridge import checkOutput, volumeFromStack
from .translation_run import TranslationOptions, stillThere, translationSteps


class TranslationVerbs:
    """Mixed into XrayToCTLogic. None needs a widget."""

    def models(self):
        """The cards (XrayToCTLib.ModelCard) of all usable models, the default first."""
        return registry.models()

    def translate(
        self,
        inputVolume,
        *,
        model=None,
        device="auto",
        outputVolume=None,
        wait=True,
        progress=None,
        frame=0,
        polarity="auto",
        view="auto",
        enhance="",
        anatomical=False,
    ):
        """Translates a radiograph into a CT-like stack; raises XrayToCTError and leaves the scene as it was on failure.

        Args:
            inputVolume: scalar volume node that holds a radiograph, or a sequence: the item that is shown of it.
            model: None for the default, an id, "id@version", a ModelCard, or the folder of a model.
            device: "auto", "cpu" or "cuda".
            outputVolume: scalar volume node to write into; None makes a new one.
            wait: False returns at once; the translation runs in a process of its own, while Slicer stays usable.
            progress: called with (fraction, phase); returning False cancels.
            frame: index of the frame of a cine image.
            polarity: "auto", "bone-bright" or "bone-dark": how the image looks in the scene.
            view: "auto" (what the file says), "PA", "AP" or "LATERAL".
            enhance: name, JSON or file of a pipeline that runs first, "none", or "" for what the model expects.
            anatomical: turn the stack about its centre to where the patient stood: coronal for PA and AP, sagittal for
                LATERAL. What already lies so stays as it is.

        Returns:
            vtkMRMLScalarVolumeNode, int16 HU, on the input's grid, slabs along the third axis (see stack_place).
            With wait=False a Run (XrayToCTPanel.run): .state, .onChange(f), .cancel(), and .result() for the node.
        """
        checkOutput(outputVolume, image := imageIn(inputVolume))
        ensureDependencies()
        if not wait:
            options = TranslationOptions(model, device, frame, polarity, view, enhance, anatomical)
            run = Run(translationSteps(inputVolume, options, outputVolume), guard=stillThere(inputVolume))
            return run.reportTo(progress).start()
        radiograph = radiographFromVolume(image, polarity=polarity, view=view)
        radiograph = enhanceBefore(radiograph, enhance, model, frame, progress=progress)
        stack = XrayToCTLib.translate(radiograph, model=model, device=device, frame=frame, progress=progress)
        return volumeFromStack(stack, volumeOf(inputVolume), outputVolume, anatomical=anatomical)

    def translateMany(self, inputVolumes, *, allFrames=False, wait=True, progress=None, **options):
        """Translates several volumes in one run, or with allFrames every frame of one cine or sequence.

        Args:
            inputVolumes: list of scalar volume (or sequence) nodes; one node with allFrames.
            allFrames: every frame of a multi-frame volume, or every item of the sequence, or of the one that the
                volume shows.
            wait, progress: as for ``translate``.
            options: model, device, frame, polarity, view, enhance, anatomical: as for ``translate``.

        Returns:
            ManyResults (XrayToCTPanel.many_translations): nodes in a folder of the subject hierarchy, or a sequence
            that is browsed with the input's; failures of single images in words. With wait=False a Run.
        """
        volumes = list(inputVolumes) if isinstance(inputVolumes, (list, tuple)) else [inputVolumes]
        run = startMany(volumes, TranslationOptions(**options), allFrames=allFrames).reportTo(progress)
        return run.result() if wait else run.start()

    def showSequence(self, sequence):
        """The volume that shows a vtkMRMLSequenceNode of radiographs; makes a browser for one that has none."""
        return volumeOf(sequence)
