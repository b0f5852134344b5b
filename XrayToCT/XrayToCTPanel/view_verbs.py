"""View verbs: what XrayToCTLogic can do to show a stack."""

from __future__ import annotations

from typing import Any

from XrayToCTLib.ct_windows import CT_WINDOWS
from XrayToCTLib.errors import XrayToCTError

from . import compare_layout, compare_views, volume_rendering
from .slab_geometry import slabsOf
from .viewers import showStack


class ViewVerbs:
    """Mixed into XrayToCTLogic."""

    def compareViews(self, stackVolume: Any, *, radiographVolume: Any = None, with3D: bool | None = None) -> bool:
        """Shows radiograph and stack side by side, linked, in views of their own; restoreLayout goes back.

        Args:
            stackVolume: volume node of a stack.
            radiographVolume: beside it; None takes the one that the stack was made from.
            with3D: also a 3D view; None leaves it as it is.

        Returns:
            Whether the layout was changed: without a main window, the stack is put into the slice views there are.
        """
        compare_views.checkStack(stackVolume)
        if radiographVolume is None:
            radiographVolume = compare_views.radiographOf(stackVolume)
        if compare_layout.layoutNode() is None:
            showStack(stackVolume)
            return False
        with3D = compare_layout.showsVolumeView() if with3D is None else with3D
        before = compare_layout.enterCompareLayout(with3D=with3D)
        if before is not None:
            self.getParameterNode().viewPreviousLayout = before  # type: ignore[attr-defined]  # of XrayToCTLogic
        compare_views.fillViews(stackVolume, radiographVolume)
        compare_views.showSlab(stackVolume, slabsOf(stackVolume) // 2)
        return True

    def restoreLayout(self) -> bool:
        """Goes back to the layout before compareViews; False when another one was chosen since, or there is none."""
        return compare_layout.restoreLayout(self.getParameterNode().viewPreviousLayout)  # type: ignore[attr-defined]

    def showSlab(self, stackVolume: Any, slab: int) -> None:
        """Moves the views of compareViews to a slab, from 0 at the detector's side."""
        compare_views.showSlab(stackVolume, slab)

    def setCtWindow(self, stackVolume: Any, window: str = "Whole") -> None:
        """Window of a stack: "Whole", "Lung", "Soft tissue" or "Bone"."""
        if window not in CT_WINDOWS:
            raise XrayToCTError(f"There is no window {window!r}.", hint=f"Choose one of {', '.join(CT_WINDOWS)}.")
        compare_views.checkStack(stackVolume)
        stackVolume.CreateDefaultDisplayNodes()
        display, wanted = stackVolume.GetDisplayNode(), CT_WINDOWS[window]
        display.SetAutoWindowLevel(False)
        display.SetWindowLevel(wanted.width, wanted.level)

    def showOverlay(self, stackVolume: Any, overlay: str = "", *, opacity: float = 0.5) -> None:
        """Lays something over the stack in the views of compareViews.

        Args:
            stackVolume: that is shown.
            overlay: "" for nothing, "radiograph", or a map of the stack: "difference", "reprojection",
                "unsteadiness".
            opacity: 0 to 1.
        """
        compare_views.showOverlay(stackVolume, overlay, opacity)

    def renderVolume(self, stackVolume: Any, *, preset: str = volume_rendering.SLABS_PRESET) -> Any:
        """Shows a stack in 3D, in a view of its own where there is a main window.

        Args:
            stackVolume: volume node of a stack.
            preset: "Slabs", tuned for thick slabs, or one of Slicer's CT presets such as "CT-Chest-Contrast-Enhanced".

        Returns:
            vtkMRMLVolumeRenderingDisplayNode.
        """
        import slicer

        compare_views.checkStack(stackVolume)
        if not compare_layout.showsVolumeView() and compare_layout.layoutNode() is not None:
            self.compareViews(stackVolume, with3D=True)
        view = compare_layout.volumeView()
        display = volume_rendering.renderVolume(stackVolume, preset, view)
        if view is not None:
            camera = slicer.modules.cameras.logic().GetViewActiveCameraNode(view)
            if camera is not None:
                volume_rendering.aimCamera(camera, stackVolume)
        return display

    def hideRendering(self, stackVolume: Any) -> None:
        """Hides the volume rendering of a stack."""
        volume_rendering.hideRendering(stackVolume)
