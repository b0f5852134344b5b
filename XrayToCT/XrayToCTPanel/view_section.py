"""View section: radiograph and stack side by side, what lies over the stack, and the volume rendering."""

from __future__ import annotations

from typing import Any

from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from . import compare_layout, compare_views, map_volume, volume_rendering
from .compare_views import NO_OVERLAY, RADIOGRAPH_OVERLAY
from .map_colours import legendPicture
from .pictures import pixmapOf
from .section import Section
from .slab_geometry import slabsOf
from .wiring import Availability, connectSignal

BLINK_MS = 500
_LEGEND_HEIGHT = 14


class ViewSection(Section, VTKObservationMixin):
    """Shows the parameters of the view, and applies those that have changed."""

    uiFile = "ViewSection.ui"

    def __init__(self, panel: Any) -> None:
        import qt

        Section.__init__(self, panel)
        VTKObservationMixin.__init__(self)
        self._overlays: list[tuple[str, str]] = []  # (parameter, words) of the items in the box
        self._window: tuple[str, str] = ("", "")  # (stack, window) that was applied last
        self._over: tuple[str, str] = ("", "")  # (stack, overlay) that was applied last
        self._rendered = ""  # the stack that the 3D button is about
        self._blinkedOff = self._showing = False
        self._availability = Availability()
        self._timer = qt.QTimer()
        self._timer.setInterval(BLINK_MS)
        self._timer.timeout.connect(self.blink)
        self._watched: Any = None
        self.ui.viewLegendLabel.setScaledContents(True)
        self.ui.viewLegendLabel.setMaximumHeight(_LEGEND_HEIGHT)
        self.ui.viewPresetComboBox.addItems(volume_rendering.presets())
        connectSignal(self.ui.viewCompareButton, "clicked(bool)", self.onCompareButton)
        connectSignal(self.ui.viewRestoreButton, "clicked(bool)", self.onRestoreButton)
        connectSignal(self.ui.viewRenderButton, "clicked(bool)", self.onRenderButton)
        connectSignal(self.ui.viewSlabSlider, "valueChanged(int)", self.onSlab)
        connectSignal(self.ui.viewOverlayComboBox, "currentIndexChanged(int)", self.onOverlay)
        connectSignal(self.ui.viewPresetComboBox, "currentIndexChanged(int)", self.onPreset)
        self.refresh()

    def setParameterNode(self, parameterNode: Any) -> None:
        super().setParameterNode(parameterNode)
        self._window = self._over = ("", "")
        if parameterNode is None:
            self._stopBlinking()
            self._watch(None)

    def cleanup(self) -> None:
        self._stopBlinking()
        self._watch(None)

    @property
    def stack(self) -> Any:
        """The chosen stack, if it has pixels."""
        parameters = self.panel.parameterNode()
        node = parameters.viewStack if parameters is not None else None
        return node if slabsOf(node) else None

    def refresh(self) -> None:
        stack, parameters = self.stack, self.panel.parameterNode()
        self._listOverlays(stack, parameters)
        self._enable(stack, parameters)
        self._watch(compare_layout.sliceView(compare_layout.STACK_VIEW)[0] if stack is not None else None)
        self._showSlab(stack)
        if stack is None or parameters is None:
            self._stopBlinking()
            self._showLegend(None)
            self._rendered = ""
            self.ui.viewRenderButton.setChecked(False)
            return
        try:
            self._apply(stack, parameters)
            self._showRendered(stack)
        except Exception as error:
            self.panel.showError(error)

    def _apply(self, stack: Any, parameters: Any) -> None:
        """Window and overlay, where they are not yet as the parameters say."""
        if self._window != (wanted := (stack.GetID(), parameters.viewWindow)):
            self._window = wanted
            self.panel.logic.setCtWindow(stack, parameters.viewWindow)
        overlay = self._overlay(parameters)
        opacity = parameters.viewOpacity / 100.0
        if compare_layout.inCompareLayout():
            if self._over != (wanted := (stack.GetID(), overlay)):
                self._over = wanted
                self.panel.logic.showOverlay(stack, overlay, opacity=opacity)
            elif not self._blinkedOff and overlay:
                compare_views.setOverlayOpacity(opacity)
        self._setBlinking(bool(parameters.viewBlink and overlay))
        node = map_volume.mapVolume(stack, overlay) if overlay not in (NO_OVERLAY, RADIOGRAPH_OVERLAY) else None
        self._showLegend(node)

    def _overlay(self, parameters: Any) -> str:
        """What is chosen to lie over the stack, as far as it is there."""
        known = {overlay for overlay, _words in self._overlays}
        return parameters.viewOverlay if parameters is not None and parameters.viewOverlay in known else NO_OVERLAY

    def _showRendered(self, stack: Any) -> None:
        """The 3D view follows the choice of a stack while it is shown; the button says whether this one is in it."""
        button, before = self.ui.viewRenderButton, self._rendered
        self._rendered = stack.GetID()
        rendered = volume_rendering.isRendered(stack)
        if before not in ("", stack.GetID()) and button.checked and not rendered and compare_layout.showsVolumeView():
            self._render()
            return
        button.setChecked(rendered)

    def compare(self) -> None:
        """Side by side, with what is chosen."""
        self._over = ("", "")
        if not self.panel.logic.compareViews(self.stack):
            self.panel.showStatus(_("There is no main window: the stack is in the slice views that there are."))
        self.refresh()

    def onCompareButton(self) -> None:
        self._try(self.compare)

    def onRestoreButton(self) -> None:
        self._try(lambda: self.panel.logic.restoreLayout())
        self.refresh()

    def onRenderButton(self) -> None:
        if self.ui.viewRenderButton.checked:
            self._try(self._render)
        else:
            self._try(lambda: self.panel.logic.hideRendering(self.stack))

    def _render(self) -> None:
        self._over = ("", "")
        self.panel.logic.renderVolume(self.stack, preset=self.ui.viewPresetComboBox.currentText)
        self.refresh()

    def onPreset(self) -> None:
        if self.ui.viewRenderButton.checked and self.stack is not None:
            self._try(self._render)

    def onSlab(self, slab: int) -> None:
        if self._showing or self.stack is None:
            return
        self._try(lambda: self.panel.logic.showSlab(self.stack, slab))
        self._showSlab(self.stack)

    def onOverlay(self, index: int) -> None:
        parameters = self.panel.parameterNode()
        if not self._showing and parameters is not None and 0 <= index < len(self._overlays):
            parameters.viewOverlay = self._overlays[index][0]

    def blink(self) -> None:
        """Changes between the stack and what lies over it."""
        parameters = self.panel.parameterNode()
        if parameters is None:
            return
        self._blinkedOff = not self._blinkedOff
        compare_views.setOverlayOpacity(0.0 if self._blinkedOff else max(parameters.viewOpacity, 1) / 100.0)

    def _try(self, call: Any) -> None:
        self.panel.showStatus("")
        try:
            call()
        except Exception as error:
            self.panel.showError(error)

    def _setBlinking(self, wanted: bool) -> None:
        if wanted and not self._timer.active:
            self._timer.start()
        elif not wanted and self._timer.active:
            self._stopBlinking()

    def _stopBlinking(self) -> None:
        """What lies over the stack is seen again, if it was off just now."""
        self._timer.stop()
        if self._blinkedOff:
            self._blinkedOff = False
            compare_views.setOverlayOpacity(self.ui.viewOpacitySlider.value / 100.0)

    def _enable(self, stack: Any, parameters: Any) -> None:
        """What needs a stack, or something over it, says so while there is none."""
        ui, missing = self.ui, _("Choose a stack, or translate a radiograph first.")
        for widget in (
            ui.viewCompareButton,
            ui.viewSlabSlider,
            ui.viewWindowComboBox,
            ui.viewOverlayComboBox,
            ui.viewPresetComboBox,
            ui.viewRenderButton,
        ):
            self._availability.set(widget, missing if stack is None else "")
        nothing = "" if self._overlay(parameters) else _("Choose what lies over the stack first.")
        for widget in (ui.viewOpacitySlider, ui.viewBlinkCheckBox):
            self._availability.set(widget, missing if stack is None else nothing)
        shown = compare_layout.inCompareLayout()
        self._availability.set(ui.viewRestoreButton, "" if shown else _("Your own layout is shown."))

    def _listOverlays(self, stack: Any, parameters: Any) -> None:
        found = [(NO_OVERLAY, _("Nothing"))]
        if stack is not None and compare_views.radiographOf(stack) is not None:
            found.append((RADIOGRAPH_OVERLAY, _("Radiograph")))
        found += [(node.GetAttribute(map_volume.MAP_NAME), map_volume.mapTitle(node)) for node in _maps(stack)]
        self._showing = True
        box = self.ui.viewOverlayComboBox
        if found != self._overlays:
            self._overlays = found
            box.clear()
            box.addItems([words for _overlay, words in found])
        chosen = parameters.viewOverlay if parameters is not None else NO_OVERLAY
        names = [overlay for overlay, _words in found]
        box.setCurrentIndex(names.index(chosen) if chosen in names else 0)
        self._showing = False

    def _showSlab(self, stack: Any) -> None:
        slabs = slabsOf(stack)
        shown = compare_views.shownSlab(stack) if stack is not None else None
        slab = slabs // 2 if shown is None else shown
        self._showing = True
        self.ui.viewSlabSlider.setMaximum(max(0, slabs - 1))
        self.ui.viewSlabSlider.setValue(slab)
        self._showing = False
        self.ui.viewSlabSlider.setEnabled(shown is not None)
        if stack is None:
            self.ui.viewSlabDepthLabel.setText("")
            return
        near = slab * stack.GetSpacing()[2]
        self.ui.viewSlabDepthLabel.setText(
            _("{slab} of {slabs}, {near:g}–{far:g} mm").format(
                slab=slab + 1, slabs=slabs, near=near, far=near + stack.GetSpacing()[2]
            )
        )

    def _showLegend(self, node: Any) -> None:
        """The colours of a map with the values at their ends; nothing without a map."""
        self.ui.viewLegendLabel.setVisible(node is not None)
        self.ui.viewLegendTextLabel.setVisible(node is not None)
        if node is None:
            return
        self.ui.viewLegendLabel.setPixmap(pixmapOf(legendPicture(signed=map_volume.isSigned(node))))
        low, high = map_volume.mapLimits(node)
        unit = map_volume.mapUnit(node)
        ends = _("{low:g} to {high:g} {unit}; grey: the stack alone").format(low=low, high=high, unit=unit)
        self.ui.viewLegendTextLabel.setText(ends)
        for widget in (self.ui.viewLegendLabel, self.ui.viewLegendTextLabel):
            widget.setToolTip(map_volume.mapExplanation(node) or ends)

    def _watch(self, view: Any) -> None:
        """Follows the stack's slice view, so that the slider moves when the user scrolls in it."""
        import vtk

        if view is self._watched:
            return
        self.removeObservers(self._onViewChanged)
        self._watched = view
        if view is not None:
            self.addObserver(view, vtk.vtkCommand.ModifiedEvent, self._onViewChanged)

    def _onViewChanged(self, caller: Any, event: Any) -> None:
        self._showSlab(self.stack)


def _maps(stack: Any) -> list[Any]:
    return sorted(map_volume.mapVolumes(stack), key=map_volume.mapTitle) if stack is not None else []
