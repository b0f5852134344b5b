"""Binding of parameters to widgets, by the widgets' EXACT types, as slicer.parameterNodeWrapper does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .parameter_node import Choice, Maximum, Minimum, Parameter, WithinRange


class Binding:
    """How one parameter reads from and writes to one widget."""

    def __init__(self, signal: str, read: Callable[[], Any], write: Callable[[Any], None]) -> None:
        self.signal, self.read, self.write = signal, read, write


def _annotation(parameter: Parameter, kind: type) -> Any:
    return next((a for a in parameter.annotations if isinstance(a, kind)), None)


def _set_range(widget: Any, parameter: Parameter) -> None:
    within = _annotation(parameter, WithinRange)
    low = within or _annotation(parameter, Minimum)
    high = within or _annotation(parameter, Maximum)
    if type(widget).__name__ in ("QSlider", "ctkSliderWidget") and not (low and high):
        raise RuntimeError(f"a slider needs a bounded parameter: {parameter.name}")
    widget.setMinimum(low.minimum if low else -(2**31))
    widget.setMaximum(high.maximum if high else 2**31 - 1)


def make_binding(parameter: Parameter, widget: Any) -> Binding:
    """Raises RuntimeError where Slicer has no connector for the two types."""
    import qt
    import slicer

    kind, data_type = type(widget), parameter.data_type
    if parameter.is_node and kind is slicer.qMRMLNodeComboBox:
        widget.nodeTypes = (data_type.__name__,)
        return Binding("currentNodeChanged(vtkMRMLNode*)", widget.currentNode, widget.setCurrentNode)
    if data_type is bool and kind is qt.QCheckBox:
        return Binding("stateChanged(int)", lambda: widget.checked, widget.setChecked)
    if data_type is int and kind in (qt.QSpinBox, qt.QSlider):
        _set_range(widget, parameter)
        return Binding("valueChanged(int)", lambda: widget.value, widget.setValue)
    if data_type is float and kind is qt.QDoubleSpinBox:
        _set_range(widget, parameter)
        return Binding("valueChanged(double)", lambda: widget.value, widget.setValue)
    if data_type is str and kind is qt.QLineEdit:
        return Binding("textChanged(QString)", lambda: widget.text, widget.setText)
    if kind is qt.QComboBox and data_type in (int, float, str, bool):
        choice = _annotation(parameter, Choice)
        if choice is None:
            raise RuntimeError("ComboBoxToStringableConnector requires the Choice annotation to be used.")
        widget.clear()
        for value in choice.choices:
            widget.addItem(str(value))
        return Binding(
            "currentIndexChanged(int)",
            lambda: choice.choices[widget.currentIndex],
            lambda value: widget.setCurrentIndex(choice.choices.index(value)),
        )
    raise RuntimeError(f"Unable to create GUI connector from datatype '{data_type}' to widget type '{kind}'")


class GuiConnection:
    """All bindings of one connectGui call, both ways."""

    def __init__(self, wrapper: Any, mapping: dict[str, Any]) -> None:
        import vtk

        self._wrapper = wrapper
        self._updating = False
        self._bound: list[tuple[str, Any, Binding, Callable[[], None]]] = []
        for name, widget in mapping.items():
            binding = make_binding(wrapper.allParameters[name], widget)
            binding.write(wrapper.getValue(name))
            changed = self._changed(name, binding)
            widget.connect(binding.signal, changed)
            self._bound.append((name, widget, binding, changed))
        self._tag = wrapper.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._update())

    def _changed(self, name: str, binding: Binding) -> Callable[[], None]:
        def changed() -> None:
            if not self._updating:
                self._wrapper.setValue(name, binding.read())

        return changed

    def _update(self) -> None:
        if self._updating:
            return
        self._updating = True
        try:
            for name, _, binding, _ in self._bound:
                binding.write(self._wrapper.getValue(name))
        finally:
            self._updating = False

    def disconnect(self) -> None:
        self._wrapper.RemoveObserver(self._tag)
        for _, widget, binding, changed in self._bound:
            widget.disconnect(binding.signal, changed)
        self._bound = []
