"""The panel, in Slicer's own test run (ctest)."""

from __future__ import annotations

import unittest

import numpy as np
import slicer


class XrayToCTPanelTest(unittest.TestCase):
    def setUp(self) -> None:
        slicer.mrmlScene.Clear()
        self.panel = slicer.util.getModuleWidget("XrayToCT")
        self.panel.enter()

    def tearDown(self) -> None:
        self.panel.exit()

    def test_thePanelIsSetUp(self) -> None:
        self.assertIsNotNone(self.panel.logic)
        self.assertIn("Not for diagnostic use", self.panel.ui.disclaimerLabel.text)

    def test_theButtonSaysWhyItIsOff(self) -> None:
        self.assertFalse(self.panel.ui.translateButton.enabled)
        self.assertIn("radiograph", self.panel.ui.translateButton.toolTip)

    def test_theSelectorsFollowTheScene(self) -> None:
        pixels = np.arange(64, dtype=np.uint16).reshape(1, 8, 8)
        radiograph = slicer.util.addVolumeFromArray(pixels, name="chest")
        self.panel.ui.inputSelector.setCurrentNode(radiograph)
        self.assertEqual(self.panel.logic.getParameterNode().inputVolume, radiograph)
        slicer.mrmlScene.RemoveNode(radiograph)
        self.assertIsNone(self.panel.logic.getParameterNode().inputVolume)
        self.assertFalse(self.panel.ui.translateButton.enabled)


if __name__ == "__main__":
    unittest.main()
