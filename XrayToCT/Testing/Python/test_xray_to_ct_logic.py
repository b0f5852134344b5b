"""The verbs, in Slicer's own test run (ctest), without its main window."""

from __future__ import annotations

import unittest

import numpy as np
import slicer


def chestLikePixels() -> np.ndarray:
    """uint16, (1, 120, 100): a bright middle between dark sides, with some texture."""
    rows, columns = np.mgrid[0:120, 0:100]
    values = 500 + 400 * (np.abs(columns - 50) < 8) - 200 * (np.abs(np.abs(columns - 50) - 24) < 12)
    return (values + (rows * 3 + columns * 7) % 11)[np.newaxis].astype(np.uint16)


class XrayToCTLogicTest(unittest.TestCase):
    def setUp(self) -> None:
        from XrayToCT import XrayToCTLogic, missingPackages

        slicer.mrmlScene.Clear()
        if missingPackages():
            self.skipTest("Python packages that a translation needs are not installed.")
        self.logic = XrayToCTLogic()
        if not self.logic.models():
            self.skipTest("There is no model.")
        self.radiograph = slicer.util.addVolumeFromArray(chestLikePixels(), np.diag([-3.5, -3.0, 1.0, 1.0]), "chest")

    def test_translate(self) -> None:
        stack = self.logic.translate(self.radiograph, device="cpu")
        self.assertEqual(slicer.util.arrayFromVolume(stack).shape[1:], (120, 100))
        self.assertEqual(stack.GetSpacing()[:2], self.radiograph.GetSpacing()[:2])
        self.assertEqual(stack.GetNodeReference("XrayToCT.Source"), self.radiograph)

    def test_evaluate(self) -> None:
        stack = self.logic.translate(self.radiograph, device="cpu")
        mask = np.ones(slicer.util.arrayFromVolume(stack).shape, bool)
        self.assertEqual(self.logic.evaluate(stack, stack, mask=mask).row("MAE", region="given mask").value, 0)
        self.assertEqual(slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLTableNode"), 1)

    def test_failureLeavesTheSceneAlone(self) -> None:
        from XrayToCTLib import XrayToCTError

        slicer.util.updateVolumeFromArray(self.radiograph, np.full((1, 8, 8), 3, np.uint8))
        before = slicer.mrmlScene.GetNumberOfNodes()
        with self.assertRaises(XrayToCTError):
            self.logic.translate(self.radiograph)
        self.assertEqual(slicer.mrmlScene.GetNumberOfNodes(), before)


if __name__ == "__main__":
    unittest.main()
