"""PythonQt's rules over PySide6: what a widget lets Python do in Slicer, and nothing more.

``pythonqt_class(QPushButton)`` is a subclass on which
- Qt properties are attributes (``w.text``); calling one fails, since a str is not callable,
- writing an unknown attribute, a read-only one or a value of the wrong type raises AttributeError,
- ``w.connect("clicked(bool)", f)`` returns False for a signal that does not exist (the host records it),
- ``w.clicked.connect(f)`` takes the signal's first overload,
- a slot gets as many arguments as it takes; what it raises is recorded.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from PySide6 import QtCore

from .faults import Faults
from .slots import Slot

# Virtual in C++: Qt itself would find our property in their place.
_VIRTUAL = {"sizeHint", "minimumSizeHint"}
_VIRTUAL_OF = {"QProgressBar": {"text"}}  # virtual in this class alone
_ACCEPTED: dict[str, tuple[type, ...]] = {
    "QString": (str,),
    "bool": (bool, int),
    "int": (int,),
    "double": (int, float),
    "QStringList": (list, tuple),
}
_Signal, _Method = QtCore.QMetaMethod.MethodType.Signal, "methodSignature"
_classes: dict[type, type] = {}


class CurrentFaults:
    """Where the classes, which outlive a host, report to: the host that runs now."""

    faults: Faults = Faults()


class SignalView:
    """``w.clicked``: PythonQt's signal object, for the first overload."""

    def __init__(self, owner: Any, signature: str) -> None:
        self._owner, self._signature = owner, signature

    def connect(self, function: Callable[..., Any]) -> bool:
        return self._owner.connect(self._signature, function)

    def disconnect(self, function: Callable[..., Any]) -> bool:
        return self._owner.disconnect(self._signature, function)


class Rules:
    """Mixed in before the PySide class."""

    hostName: str
    hostProperties: dict[str, tuple[str, bool]]  # name -> (C++ type, writable)
    hostLoading = False  # while a .ui file is read
    hostSignals: tuple[str, ...] = ()  # signals with types that PySide does not know, such as vtkMRMLNode*

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_host"):
            object.__setattr__(self, name, value)
            return
        if Rules.hostLoading and isinstance(value, QtCore.QObject):
            return  # PySide's loader hangs children on the top widget by name; PythonQt's does not
        name = "objectName" if name == "name" else name
        if name not in self.hostProperties:
            raise AttributeError(
                f"{name} does not exist on {self.hostName} and creating new attributes on C++ objects is not allowed"
            )
        kind, writable = self.hostProperties[name]
        accepted = _ACCEPTED.get(kind)
        if not writable:
            raise AttributeError(f"Property '{name}' of {self.hostName} is not writable")
        if accepted and (not isinstance(value, accepted) or (isinstance(value, bool) and bool not in accepted)):
            raise AttributeError(
                f"Property '{name}' of type '{kind}' does not accept an object of type {type(value).__name__}"
            )
        value = list(value) if kind == "QStringList" else value
        if not QtCore.QObject.setProperty(self, name, value):  # type: ignore[arg-type]
            raise AttributeError(f"Property '{name}' of {self.hostName} does not accept {value!r}")

    def className(self) -> str:
        return self.hostName

    def findChildren(self, kind: Any = None, name: str = "") -> list[Any]:
        """Any of our classes stands for its PySide class: in PythonQt qt.QWidget is the base of all widgets."""
        base = _pyside_class(kind) if kind is not None else QtCore.QObject
        found = QtCore.QObject.findChildren(self, base)  # type: ignore[call-overload]
        return [child for child in found if not name or child.objectName == name]

    def connect(self, signature: str, function: Callable[..., Any]) -> bool:
        if signature in self.hostSignals:
            return self._hostTable.connect(signature, function)
        normal = bytes(QtCore.QMetaObject.normalizedSignature(signature)).decode()
        if self.metaObject().indexOfSignal(normal) < 0:  # type: ignore[attr-defined]
            CurrentFaults.faults.record(f"{self.hostName} '{self.objectName}' has no signal '{signature}'")  # type: ignore[attr-defined]
            return False
        slot = Slot(function, CurrentFaults.faults, f"{self.hostName}.{signature}")

        def call(*arguments: Any) -> None:  # PySide wants a function, not an object that can be called
            slot(*arguments)

        QtCore.QObject.connect(self, QtCore.SIGNAL(normal), call)  # type: ignore[call-overload]
        self.__dict__.setdefault("_hostSlots", []).append((normal, function, call))
        return True

    def disconnect(self, signature: str, function: Callable[..., Any]) -> bool:
        if signature in self.hostSignals:
            return self._hostTable.disconnect(signature, function)
        normal = bytes(QtCore.QMetaObject.normalizedSignature(signature)).decode()
        for entry in self.__dict__.get("_hostSlots", []):
            if entry[0] == normal and entry[1] == function:
                QtCore.QObject.disconnect(self, QtCore.SIGNAL(normal), entry[2])  # type: ignore[call-overload]
                self.__dict__["_hostSlots"].remove(entry)
                return True
        CurrentFaults.faults.record(f"{self.hostName}: '{signature}' was not connected to {function}")
        return False


def pythonqt_class(base: type, name: str | None = None) -> type:
    """The class of ``base`` (a PySide class, or a stand-in made of PySide) under PythonQt's rules; made once."""
    if base not in _classes:
        _classes[base] = _make(base, name or base.__name__)
    return _classes[base]


def _pyside_class(kind: type) -> type:
    return next((cls for cls in kind.__mro__ if cls not in _classes.values() and cls is not Rules), kind)


def _make(base: Any, name: str) -> type:
    meta = base.staticMetaObject
    properties: dict[str, tuple[str, bool]] = {}
    for index in range(meta.propertyCount()):
        found = meta.property(index)
        properties[found.name()] = (str(found.typeName()), found.isWritable())
    members: dict[str, Any] = {"hostName": name, "hostProperties": properties}
    members["hostSignals"] = getattr(base, "hostSignals", ())
    # In the class itself: PySide looks up these two past a mixin.
    members |= {"connect": Rules.connect, "disconnect": Rules.disconnect}
    for index in range(meta.methodCount()):
        method = meta.method(index)
        signal = bytes(method.name()).decode()
        if method.methodType() == _Signal and signal not in members:
            members[signal] = _signal_attribute(bytes(method.methodSignature()).decode())
    for signature in members["hostSignals"]:
        members.setdefault(signature.split("(")[0], _signal_attribute(signature))
    for key in properties:
        declared_here = isinstance(inspect.getattr_static(base, key, None), QtCore.Property)
        virtual = _VIRTUAL | _VIRTUAL_OF.get(name, set())
        if key not in virtual and not declared_here:  # PySide finds its own property only under its own name
            members[key] = _property_attribute(key)
            getter = f"is{key[0].upper()}{key[1:]}"
            if hasattr(base, getter):
                members[getter] = _refused_getter(name, getter, key)
    members["name"] = members["objectName"]
    return type(name, (Rules, base), members)


def _property_attribute(key: str) -> property:
    def read(self: Any) -> Any:
        value = QtCore.QObject.property(self, key)
        if key == "toolTip" and value and not value.startswith("<"):
            return f"<p>{value}</p>"  # measured on the real binding
        return value

    return property(read, lambda self, value: Rules.__setattr__(self, key, value))


def _signal_attribute(signature: str) -> property:
    return property(lambda self: SignalView(self, signature))


def _refused_getter(name: str, getter: str, key: str) -> property:
    def refuse(self: Any) -> Any:
        raise AttributeError(f"{name}.{getter}: read the property '{key}'")

    return property(refuse)
