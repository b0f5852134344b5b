"""XrayToCT: CT-like stacks from radiographs, in 3D Slicer. Research use only, not for diagnostic use."""

# No "from __future__ import annotations" here: parameterNodeWrapper reads the annotations while the class is made.
import logging
import sys
from typing import Annotated

import slicer
import vtk

import XrayToCTPanel  # noqa: F401 - first: in a checkout it makes XrayToCTLib importable

# isort: split
import XrayToCTLib
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.parameterNodeWrapper import Choice, WithinRange, parameterNodeWrapper
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin
from XrayToCTLib import XrayToCTError
from XrayToCTLib.models import registry

from XrayToCTPanel import sample_data
from XrayToCTPanel.dependencies import ensureDependencies, missingPackages
from XrayToCTPanel.enhancement_run import startEnhancement, startTryAll
from XrayToCTPanel.fidelity_table import tableFromReport
from XrayToCTPanel.installation import tooOldText
from XrayToCTPanel.radiograph_bridge import firstRadiograph, radiographFromVolume
from XrayToCTPanel.run import Run, cancelAllRuns
from XrayToCTPanel.sections import Sections
from XrayToCTPanel.stack_bridge import checkOutput, maskFromVolume, stackFromVolume, volumeFromStack
from XrayToCTPanel.translation_run import TranslationOptions, stillThere, translationSteps
from XrayToCTPanel.translation_worker import closeWorker
from XrayToCTPanel.wiring import showSetupFailure

DOCUMENTATION = "https://github.com/XrayToCT/XrayToCT"


class XrayToCT(ScriptedLoadableModule):
    """What Slicer shows about the module before it is opened."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("X-ray to CT")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Image Synthesis")]
        self.parent.dependencies = []
        self.parent.contributors = ["XrayToCT contributors"]
        self.parent.helpText = _(
            "Makes a CT-like stack (estimated HU) from a radiograph with a CycleGAN whose way back is physics, and "
            "measures it against a reference. Research use only, not for diagnostic use. "
        ) + _('See the <a href="{url}">documentation</a>.').format(url=DOCUMENTATION)
        self.parent.acknowledgementText = _(
            "Training data and their licences are listed on each model's card. The sample radiograph is simulated from "
            "a CT of LIDC-IDRI (CC BY 3.0), The Cancer Imaging Archive."
        )
        slicer.app.connect("startupCompleted()", sample_data.registerSampleData)


@parameterNodeWrapper
class XrayToCTParameterNode:
    """What the panel remembers, saved with the scene.

    inputVolume: the radiograph. outputVolume: where the stack goes; None makes a new volume for each run.
    modelId: "id@version", "" is the default model. device: where the network runs. frame: of a cine image, from 0.
    allFrames: whether every frame is translated. polarity, view: how the image looks in the scene, and the direction
    of the rays. showResult: in the slice views. isPrepared: the last model and device were filled in.
    Further radiographs of the same run are node references (XrayToCTPanel.many_inputs).
    enhancePipeline: JSON, or the name of a preset. enhanceVolume: what it made. enhanceLive: at full size on release.
    enhanceView, enhanceSplit: how it is compared. enhanceFirst: before Translate; "" is what the model expects.
    """

    inputVolume: slicer.vtkMRMLScalarVolumeNode
    outputVolume: slicer.vtkMRMLScalarVolumeNode
    modelId: str = ""
    device: Annotated[str, Choice(["auto", "cpu", "cuda"])] = "auto"
    frame: Annotated[int, WithinRange(0, 9999)] = 0
    allFrames: bool = False
    showResult: bool = True
    isPrepared: bool = False
    polarity: Annotated[str, Choice(["auto", "bone-bright", "bone-dark"])] = "auto"
    view: Annotated[str, Choice(["auto", "PA", "AP", "LATERAL"])] = "auto"
    enhancePipeline: str = "chest clarity"
    enhanceVolume: slicer.vtkMRMLScalarVolumeNode
    enhanceLive: bool = True
    enhanceView: Annotated[str, Choice(["After", "Before", "Split", "Blink"])] = "Split"
    enhanceSplit: Annotated[int, WithinRange(0, 100)] = 50
    enhanceFirst: str = ""


class XrayToCTWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """Holds the sections (XrayToCTPanel.sections) and tells them of the scene; decides nothing about images."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = self.ui = self.sections = self._parameterNode = None

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        try:
            self._setUpPanel()
        except Exception as error:  # an empty panel tells the user nothing: show the reason in it
            logging.exception("The panel could not be set up.")
            self.logic = self.sections = self._parameterNode = None
            showSetupFailure(self.layout, error)

    def _setUpPanel(self):
        uiWidget = slicer.util.loadUI(self.resourcePath("UI/XrayToCT.ui"))
        self.layout.addWidget(uiWidget)
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        uiWidget.setMRMLScene(slicer.mrmlScene)
        self.logic = XrayToCTLogic()
        self.ui.tooOldLabel.setText(tooOldText())
        self.ui.tooOldLabel.setVisible(bool(tooOldText()))
        self.sections = Sections(self, self.ui.sectionsWidget.layout())
        vars(self.ui).update(self.sections.childWidgets)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        slicer.app.connect("aboutToQuit()", self.onAboutToQuit)
        self.initializeParameterNode()

    def parameterNode(self):
        """XrayToCTParameterNode, or None while the module is left or the scene is closing."""
        return self._parameterNode

    def cleanup(self):
        self.setParameterNode(None)
        if self.sections is not None:
            self.sections.cleanup()
            slicer.app.disconnect("aboutToQuit()", self.onAboutToQuit)
        self.removeObservers()
        cancelAllRuns()
        closeWorker()

    def onAboutToQuit(self):
        cancelAllRuns()
        closeWorker(wait=True)

    def enter(self):
        if self.sections is not None:
            self.sections.enter()
            self.initializeParameterNode()

    def exit(self):
        self.setParameterNode(None)

    def onReload(self):
        for name in [n for n in sys.modules if n.split(".")[0] in ("XrayToCTLib", "XrayToCTPanel")]:
            del sys.modules[name]
        ScriptedLoadableModuleWidget.onReload(self)

    def onSceneStartClose(self, caller, event):
        self.setParameterNode(None)

    def onSceneEndClose(self, caller, event):
        if self.parent.isEntered:
            self.initializeParameterNode()

    def initializeParameterNode(self):
        self.setParameterNode(self.logic.getParameterNode())
        if self._parameterNode.inputVolume is None:
            self._parameterNode.inputVolume = firstRadiograph()

    def setParameterNode(self, parameterNode):
        if self._parameterNode is not None:
            self.removeObserver(self._parameterNode, vtk.vtkCommand.ModifiedEvent, self.onParametersChanged)
        self._parameterNode = parameterNode
        if self.sections is not None:
            self.sections.setParameterNode(parameterNode)
        if parameterNode is not None:
            self.addObserver(parameterNode, vtk.vtkCommand.ModifiedEvent, self.onParametersChanged)
            self.onParametersChanged()

    def onParametersChanged(self, caller=None, event=None):
        if self.sections is not None:
            self.sections.refresh()


class XrayToCTLogic(ScriptedLoadableModuleLogic):
    """The verbs, for the panel, for the Python console and for other modules. They need no widget."""

    def getParameterNode(self):
        return XrayToCTParameterNode(super().getParameterNode())

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
    ):
        """Translates a radiograph into a CT-like stack; raises XrayToCTError and leaves the scene as it was on failure.

        Args:
            inputVolume: scalar volume node that holds a radiograph.
            model: None for the default, an id, "id@version", a ModelCard, or the folder of a model.
            device: "auto", "cpu" or "cuda".
            outputVolume: scalar volume node to write into; None makes a new one.
            wait: False returns at once; the translation runs in a process of its own, while Slicer stays usable.
            progress: called with (fraction, phase); returning False cancels.
            frame: index of the frame of a cine image.
            polarity: "auto", "bone-bright" or "bone-dark": how the image looks in the scene.
            view: "auto" (what the file says), "PA", "AP" or "LATERAL".

        Returns:
            vtkMRMLScalarVolumeNode, int16 HU, on the input's grid, slabs along the third axis (see stack_bridge).
            With wait=False a Run (XrayToCTPanel.run): .state, .onChange(f), .cancel(), and .result() for the node.
        """
        checkOutput(outputVolume, inputVolume)
        ensureDependencies()
        if not wait:
            options = TranslationOptions(model, device, frame, polarity, view)
            run = Run(translationSteps(inputVolume, options, outputVolume), guard=stillThere(inputVolume))
            return run.reportTo(progress).start()
        radiograph = radiographFromVolume(inputVolume, polarity=polarity, view=view)
        stack = XrayToCTLib.translate(radiograph, model=model, device=device, frame=frame, progress=progress)
        return volumeFromStack(stack, inputVolume, outputVolume)

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

    def evaluate(self, translatedVolume, referenceVolume, *, mask=None, align=False):
        """Measures a stack against its reference where the two lie; also adds a table node with the numbers.

        Args:
            translatedVolume, referenceVolume: nodes in HU with the same slabs of the same field, else XrayToCTError.
            mask: volume node or array on the grid of either; None takes the body of the reference.
            align: only False is possible.

        Returns:
            XrayToCTLib.FidelityReport.
        """
        if align:
            raise XrayToCTError("Alignment to a reference is not available yet.", hint="Call it with align=False.")
        ensureDependencies()
        report = XrayToCTLib.compare(
            stackFromVolume(translatedVolume), stackFromVolume(referenceVolume), mask=maskFromVolume(mask)
        )
        tableFromReport(report, translatedVolume, referenceVolume)
        return report


class XrayToCTTest(ScriptedLoadableModuleTest):
    """What "Reload and Test" runs; Testing/Python holds the tests for ctest."""

    def runTest(self):
        slicer.mrmlScene.Clear()
        if missingPackages() or not sample_data.RADIOGRAPH_FILE.is_file():
            self.delayDisplay("Skipped: packages, or the sample, are not installed.")
            return
        self.test_sampleIsTranslated()

    def test_sampleIsTranslated(self):
        radiograph = sample_data.loadSampleRadiograph()
        stack = XrayToCTLogic().translate(radiograph, device="cpu")
        self.assertEqual(stack.GetImageData().GetDimensions()[:2], radiograph.GetImageData().GetDimensions()[:2])
        self.assertTrue(stack.GetAttribute("XrayToCT.NotForDiagnosticUse"))
        self.delayDisplay("The sample was translated.")
