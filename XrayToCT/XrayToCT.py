"""XrayToCT: CT-like stacks from radiographs, in 3D Slicer. Research use only, not for diagnostic use."""

# No "from __future__ import annotations" here: parameterNodeWrapper reads the annotations while the class is made.
import logging
import sys
from typing import Annotated

import slicer
import vtk

import XrayToCTPanel  # noqa: F401 - first: in a checkout it makes XrayToCTLib importable

# isort: split
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

from XrayToCTPanel import sample_data
from XrayToCTPanel.compare_layout import registerLayouts
from XrayToCTPanel.comparison_verbs import ComparisonVerbs
from XrayToCTPanel.dependencies import missingPackages
from XrayToCTPanel.enhancement_verbs import EnhancementVerbs
from XrayToCTPanel.export_verbs import ExportVerbs
from XrayToCTPanel.installation import tooOldText
from XrayToCTPanel.radiograph_bridge import firstRadiograph
from XrayToCTPanel.reader_study_verbs import ReaderStudyVerbs
from XrayToCTPanel.run import cancelAllRuns
from XrayToCTPanel.sections import Sections
from XrayToCTPanel.translation_verbs import TranslationVerbs
from XrayToCTPanel.translation_worker import closeWorker
from XrayToCTPanel.trust_verbs import TrustVerbs
from XrayToCTPanel.view_verbs import ViewVerbs
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
        slicer.app.connect("startupCompleted()", registerLayouts)


@parameterNodeWrapper
class XrayToCTParameterNode:
    """What the panel remembers, saved with the scene.

    inputVolume: the radiograph. outputVolume: where the stack goes; None makes a new volume for each run.
    modelId: "id@version", "" is the default model. device: where the network runs. frame: of a cine image, from 0.
    allFrames: whether every frame is translated. polarity, view: how the image looks in the scene, and the direction
    of the rays. anatomical: turn the stack to where the patient stood. showResult: in the slice views. isPrepared: the
    last model and device were filled in.
    Further radiographs of the same run are node references (XrayToCTPanel.many_inputs).
    enhancePipeline: JSON, or the name of a preset. enhanceVolume: what it made. enhanceLive: at full size on release.
    enhanceView, enhanceSplit: how it is compared. enhanceFirst: before Translate; "" is what the model expects.
    enhanceReference: the image as it should be, for Try all.
    compareReference: what candidates are measured against; candidates, mask and line are node references
    (XrayToCTPanel.compare_section). compareAlignment, compareView, compareModality: how it is brought to the image.
    compareLayout: shown in a layout when done.
    viewStack: the stack that is shown, checked and exported. viewWindow, viewOverlay, viewOpacity (%), viewBlink: how
    it is shown. viewPreviousLayout: what was shown before; -1 is nothing. trustPerturb: also run the network again.
    exportFolder, exportPatientId, exportOverwrite: where and how files are written.
    studyFile: path of a reader study. studyReader: the code of who reads it.
    """

    inputVolume: slicer.vtkMRMLScalarVolumeNode
    outputVolume: slicer.vtkMRMLScalarVolumeNode
    modelId: str = ""
    device: Annotated[str, Choice(["auto", "cpu", "cuda"])] = "auto"
    frame: Annotated[int, WithinRange(0, 9999)] = 0
    allFrames: bool = False
    anatomical: bool = False
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
    enhanceReference: slicer.vtkMRMLScalarVolumeNode
    compareReference: slicer.vtkMRMLScalarVolumeNode
    compareAlignment: Annotated[str, Choice(["auto", "none", "axes", "registration", "rigid", "affine"])] = "auto"
    compareView: Annotated[str, Choice(["auto", "PA", "AP", "LATERAL"])] = "auto"
    compareModality: Annotated[str, Choice(["auto", "CT", "MR"])] = "auto"
    compareLayout: bool = True
    viewStack: slicer.vtkMRMLScalarVolumeNode
    viewWindow: Annotated[str, Choice(["Whole", "Lung", "Soft tissue", "Bone"])] = "Whole"
    viewOverlay: str = ""
    viewOpacity: Annotated[int, WithinRange(0, 100)] = 50
    viewBlink: bool = False
    viewPreviousLayout: int = -1
    trustPerturb: bool = True
    exportFolder: str = ""
    exportPatientId: str = ""
    exportOverwrite: bool = False
    studyFile: str = ""
    studyReader: str = ""


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
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndImportEvent, self.onSceneEndImport)
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

    def onSceneEndImport(self, caller, event):
        if self.parent.isEntered:  # the parameter node was read before the nodes that it names were there
            self.setParameterNode(None)
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


class XrayToCTLogic(
    ScriptedLoadableModuleLogic,
    TranslationVerbs,
    EnhancementVerbs,
    ComparisonVerbs,
    ReaderStudyVerbs,
    ViewVerbs,
    TrustVerbs,
    ExportVerbs,
):
    """The verbs, for the panel, for the Python console and for other modules. They need no widget."""

    def getParameterNode(self):
        return XrayToCTParameterNode(super().getParameterNode())


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
