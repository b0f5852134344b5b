"""Parameter form: controls for the parameters of one filter, made from its parameter record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from slicer.i18n import tr as _
from XrayToCTLib.enhancement.pipeline import Step

from .number_control import NumberControl
from .wiring import connectSignal

# Long units as labels say them; the tool tip has them in full.
_SHORT_UNITS = {
    "share of the value range": "share of range",
    "share of the exposure's span": "share of exposure",
    "noise standard deviations": "× noise",
}


class ParameterForm:
    """Fills a holder with one row a parameter: number, switch, choice, or a note for what has no control.

    Args:
        holder: QWidget with a QVBoxLayout.
        onValue: called with (name, value) at every change, while a slider moves too.
        onReleased: called when a slider is let go.
        onReference: called with the name of a parameter that shall be taken from the reference volume.
    """

    def __init__(
        self,
        holder: Any,
        onValue: Callable[[str, Any], object],
        onReleased: Callable[[], object],
        onReference: Callable[[str], object],
    ) -> None:
        self._holder, self._onValue, self._onReleased = holder, onValue, onReleased
        self._onReference = onReference
        self._form: Any = None
        self._filter: str | None = None
        self.controls: dict[str, Any] = {}
        """By parameter name: NumberControl, QCheckBox, QComboBox or QLabel."""

    def show(self, step: Step | None) -> None:
        """Shows a step's parameters, or none. Signals nothing."""
        if step is None or step.filter != self._filter:
            self._make(step)
        if step is None:
            return
        for name, value in step.values.items():
            self._write(self.controls[name], value)

    def _make(self, step: Step | None) -> None:
        import qt

        if self._form is not None:
            self._holder.layout().removeWidget(self._form)
            self._form.hide()
            self._form.deleteLater()
        self._form, self._filter, self.controls = None, None, {}
        if step is None:
            return
        self._form, self._filter = qt.QWidget(), step.filter
        layout = qt.QFormLayout(self._form)
        layout.setContentsMargins(0, 0, 0, 0)
        for item in fields(step.parameters):
            control, widget = self._control(item)
            tip = parameterTip(item)
            label = qt.QLabel(f"{parameterTitle(item)}:")
            label.setToolTip(tip)
            widget.setToolTip(tip)
            layout.addRow(label, widget)
            self.controls[item.name] = control
        self._holder.layout().addWidget(self._form)

    def _control(self, item: Any) -> tuple[Any, Any]:
        """(control, its widget)"""
        import qt

        about, default, name = item.metadata, item.default, item.name
        if isinstance(default, bool):
            box = qt.QCheckBox()
            connectSignal(box, "toggled(bool)", lambda checked: self._changed(name, bool(checked)))
            return box, box
        if isinstance(default, str):
            combo = qt.QComboBox()
            for choice in about["choices"]:
                combo.addItem(choice.replace("_", " "), choice)
            connectSignal(
                combo, "currentIndexChanged(int)", lambda index: self._changed(name, str(combo.itemData(index)))
            )
            return combo, combo
        if isinstance(default, tuple):
            row, note, button = qt.QWidget(), qt.QLabel(), qt.QPushButton(_("From the reference"))
            layout = qt.QHBoxLayout(row)
            layout.setContentsMargins(0, 0, 0, 0)
            layout.addWidget(note, 1)
            layout.addWidget(button)
            note.setToolTip(parameterTip(item))
            button.setToolTip(_("Take the grey levels of the reference volume, which is chosen above Try all presets."))
            connectSignal(button, "clicked(bool)", lambda: self._onReference(name))
            return note, row
        control = NumberControl(
            about["minimum"],
            about["maximum"],
            isWhole=isinstance(default, int),
            suffix=" mm" if about["unit"] == "mm" else "",
            tip=parameterTip(item),
            onValue=lambda value: self._onValue(name, value),
            onReleased=self._onReleased,
        )
        return control, control.widget

    def _changed(self, name: str, value: Any) -> None:
        self._onValue(name, value)
        self._onReleased()

    def _write(self, control: Any, value: Any) -> None:
        if isinstance(control, NumberControl):
            control.setValue(value)
            return
        blocked = control.blockSignals(True)
        if isinstance(value, bool):
            control.setChecked(value)
        elif isinstance(value, str):
            choices = [control.itemData(i) for i in range(control.count)]
            control.setCurrentIndex(choices.index(value))
        else:
            control.setText(
                _("{count} values, {low:g} to {high:g}").format(count=len(value), low=value[0], high=value[-1])
            )
        control.blockSignals(blocked)


def parameterTitle(item: Any) -> str:
    """A parameter's name for people, with its unit: "Clip limit", "Tile (mm)"."""
    title = item.name.replace("_", " ").capitalize()
    unit = item.metadata["unit"]
    return f"{title} ({_(_SHORT_UNITS.get(unit, unit))})" if unit else title


def parameterTip(item: Any) -> str:
    """What a parameter does, its unit, range and default."""
    about = item.metadata
    parts = [_(about["help"])]
    if about["unit"]:
        parts.append(_("Unit: {unit}.").format(unit=about["unit"]))
    if about["minimum"] is not None and about["maximum"] is not None and not isinstance(item.default, bool):
        parts.append(_("{low:g} to {high:g}.").format(low=about["minimum"], high=about["maximum"]))
    if not isinstance(item.default, tuple):
        default = f"{item.default:g}" if isinstance(item.default, float) else str(item.default).replace("_", " ")
        parts.append(_("Default: {default}.").format(default=default))
    return " ".join(parts)
