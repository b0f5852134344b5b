"""Number control: a slider with a spin box beside it, even or logarithmic, for a parameter with both limits."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .wiring import connectSignal

_STEPS = 1000
_SPIN_BOX_WIDTH = 95  # the same for all, so that sliders are of one length
_WIDE = 50.0  # limits this far apart, as a ratio, make the slider logarithmic: each doubling takes the same way


class NumberControl:
    """Slider and spin box show one number.

    Args:
        minimum, maximum: both allowed themselves.
        isWhole: values are whole numbers (int).
        suffix: in the spin box, such as " mm".
        tip: tool tip of both.
        onValue: called with the number at every change by the user, while the slider moves too.
        onReleased: called when the slider is let go, and after each change that was not made by dragging it.
    """

    def __init__(
        self,
        minimum: float,
        maximum: float,
        *,
        isWhole: bool,
        suffix: str,
        tip: str,
        onValue: Callable[[Any], object],
        onReleased: Callable[[], object],
    ) -> None:
        import qt

        self._low, self._high, self._isWhole = minimum, maximum, isWhole
        self._isLogarithmic = minimum > 0 and maximum / minimum >= _WIDE
        self._onValue, self._onReleased = onValue, onReleased
        self.widget = qt.QWidget()
        layout = qt.QHBoxLayout(self.widget)
        layout.setContentsMargins(0, 0, 0, 0)
        self.slider = qt.QSlider(qt.Qt.Horizontal)
        self.slider.setRange(0, _STEPS)
        self.slider.setPageStep(_STEPS // 20)
        self.spinBox = qt.QDoubleSpinBox()
        self.spinBox.setDecimals(0 if isWhole else self._decimals())
        self.spinBox.setRange(minimum, maximum)
        self.spinBox.setSingleStep(1.0 if isWhole else self._singleStep())
        self.spinBox.setKeyboardTracking(False)
        self.spinBox.setSuffix(suffix)
        self.spinBox.setMinimumWidth(_SPIN_BOX_WIDTH)
        for part in (self.slider, self.spinBox):
            part.setToolTip(tip)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.spinBox)
        connectSignal(self.slider, "valueChanged(int)", self._onSlider)
        connectSignal(self.slider, "sliderReleased()", self._onReleased)
        connectSignal(self.spinBox, "valueChanged(double)", self._onSpinBox)

    @property
    def value(self) -> float | int:
        value = self.spinBox.value
        return round(value) if self._isWhole else float(value)

    def setValue(self, value: float) -> None:
        """Shows a number. Signals nothing."""
        if self.value != value:  # else what is being typed would be replaced
            self._write(self.spinBox, float(value))
        self._write(self.slider, self._place(value))

    def _onSlider(self, place: int) -> None:
        self._write(self.spinBox, self._at(place))
        self._onValue(self.value)
        if not self.slider.sliderDown:  # keys, wheel, or a click beside the handle
            self._onReleased()

    def _onSpinBox(self, value: float) -> None:
        self._write(self.slider, self._place(value))
        self._onValue(self.value)
        self._onReleased()

    def _write(self, widget: Any, value: Any) -> None:
        blocked = widget.blockSignals(True)
        widget.setValue(value)
        widget.blockSignals(blocked)

    def _at(self, place: int) -> float:
        share = place / _STEPS
        if self._isLogarithmic:
            value = self._low * (self._high / self._low) ** share
            digits = 2 - math.floor(math.log10(value))  # three figures are enough for a hand
            return min(max(round(value, digits), self._low), self._high)
        return self._low + share * (self._high - self._low)

    def _place(self, value: float) -> int:
        if self._isLogarithmic:
            return round(_STEPS * math.log(max(value, self._low) / self._low) / math.log(self._high / self._low))
        return round(_STEPS * (value - self._low) / (self._high - self._low))

    def _decimals(self) -> int:
        """Enough for two figures of the smallest value, or for a hundredth of the range."""
        smallest = self._low if self._isLogarithmic else (self._high - self._low) / 50
        return min(6, max(1, 1 - math.floor(math.log10(smallest))))

    def _singleStep(self) -> float:
        return 0.1 if self._isLogarithmic else 10 ** math.floor(math.log10((self._high - self._low) / 10))
