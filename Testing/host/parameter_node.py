"""Stand-in for slicer.parameterNodeWrapper: typed properties kept in the real vtkMRMLScriptedModuleNode.

Understands int, float, str, bool and MRML nodes with the annotations below, which is what this project uses; any other
type raises, as does a value of the wrong type.
"""

from __future__ import annotations

import typing
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

__all__ = [
    "Choice",
    "Decimals",
    "Default",
    "Maximum",
    "Minimum",
    "SingleStep",
    "WithinRange",
    "isParameterNodeWrapper",
    "parameterNodeWrapper",
]

_RESERVED = {
    "default", "isCached", "dataType", "getValue", "setValue", "connectGui", "connectParametersToGui", "disconnectGui",
    "StartModify", "EndModify", "AddObserver", "RemoveObserver", "Modified", "allParameters", "parameterNode",
}  # fmt: skip


@dataclass(frozen=True)
class Default:
    value: Any


@dataclass(frozen=True)
class Decimals:
    value: int


@dataclass(frozen=True)
class SingleStep:
    value: float


@dataclass(frozen=True)
class WithinRange:
    minimum: float
    maximum: float

    def validate(self, value: Any) -> None:
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"Value must be within range [{self.minimum}, {self.maximum}], is {value}")


@dataclass(frozen=True)
class Minimum:
    minimum: float

    def validate(self, value: Any) -> None:
        if value < self.minimum:
            raise ValueError(f"Value must be at least {self.minimum}, is {value}")


@dataclass(frozen=True)
class Maximum:
    maximum: float

    def validate(self, value: Any) -> None:
        if value > self.maximum:
            raise ValueError(f"Value must be at most {self.maximum}, is {value}")


class Choice:
    def __init__(self, choices: typing.Sequence[Any]) -> None:
        self.choices = list(choices)

    def validate(self, value: Any) -> None:
        if value not in self.choices:
            raise ValueError(f"Value is {value}, but must be in one of the following: {self.choices}")


class Parameter:
    """One parameter: its type, annotations and default; reads and writes a vtkMRMLScriptedModuleNode."""

    def __init__(self, name: str, annotated_type: Any, default: Any) -> None:
        import slicer

        if name in _RESERVED:
            raise ValueError(f"Cannot use reserved name '{name}' in a parameterNodeWrapper")
        self.name = name
        self.data_type, *annotations = typing.get_args(Annotated[annotated_type, "stub"])[:-1]
        self.annotations = tuple(annotations)
        self.is_node = isinstance(self.data_type, type) and issubclass(self.data_type, slicer.vtkMRMLNode)
        if not self.is_node and self.data_type not in (int, float, str, bool):
            raise Exception(f"Unable to create serializer for type: {self.data_type}")
        given = [a.value for a in annotations if isinstance(a, Default)]
        blank = None if self.is_node else self.data_type()
        self.default = default if default is not None else (given[0] if given else blank)

    def is_in(self, node: Any) -> bool:
        return bool(node.HasParameter(self.name))

    def validate(self, value: Any) -> None:
        accepted = (int, float) if self.data_type is float else self.data_type
        if value is None and not self.is_node:
            raise ValueError("Value must not be None")
        wrong_bool = isinstance(value, bool) and self.data_type is not bool
        if value is not None and (wrong_bool or not isinstance(value, accepted)):
            raise TypeError(f"{self.name} must be of type {accepted}, not {type(value)}: {value!r}")
        for annotation in self.annotations:
            if hasattr(annotation, "validate"):
                annotation.validate(value)

    def write(self, node: Any, value: Any) -> None:
        self.validate(value)
        if self.is_node:
            node.SetParameter(self.name, "")
            node.SetNodeReferenceID(self.name, value.GetID() if value is not None else None)
        else:
            node.SetParameter(self.name, str(value))

    def read(self, node: Any) -> Any:
        if self.is_node:
            return node.GetNodeReference(self.name)
        text = node.GetParameter(self.name)
        return text == "True" if self.data_type is bool else self.data_type(text)


def _property(parameter: Parameter) -> property:
    """Reads what was last read, as Slicer does: a removed node stays the value until the parameter node changes."""

    def read(self: Any) -> Any:
        return self._cache[parameter.name]

    def write(self: Any, value: Any) -> None:
        import slicer

        with slicer.util.NodeModify(self.parameterNode):
            parameter.write(self.parameterNode, value)
            self._cache[parameter.name] = parameter.read(self.parameterNode)

    return property(read, write)


class _Wrapper:
    """What every decorated class gains."""

    allParameters: dict[str, Parameter]

    def __init__(self, parameterNode: Any) -> None:
        self.parameterNode = parameterNode
        self._connections: dict[int, Any] = {}
        for parameter in self.allParameters.values():
            if not parameter.is_in(parameterNode):
                parameter.write(parameterNode, parameter.default)
        self._cache: dict[str, Any] = {}
        self._read_all()
        myself = weakref.ref(self)  # the observer must not keep the wrapper alive
        tag = parameterNode.AddObserver("ModifiedEvent", lambda *_: (w := myself()) and w._read_all(), 1.0)
        weakref.finalize(self, parameterNode.RemoveObserver, tag)

    def _read_all(self) -> None:
        # A closing scene empties the node while a wrapper may still be alive.
        there = {name: p for name, p in self.allParameters.items() if p.is_in(self.parameterNode)}
        self._cache |= {name: p.read(self.parameterNode) for name, p in there.items()}

    def _parameter(self, name: str) -> Parameter:
        if name not in self.allParameters:
            raise ValueError(f"Cannot find a param with the given name: {name}; there are {sorted(self.allParameters)}")
        return self.allParameters[name]

    def getValue(self, name: str) -> Any:
        self._parameter(name)
        return getattr(self, name)

    def setValue(self, name: str, value: Any) -> None:
        self._parameter(name)
        setattr(self, name, value)

    def default(self, name: str) -> Default:
        return Default(self._parameter(name).default)

    def dataType(self, name: str) -> Any:
        return self._parameter(name).data_type

    def connectGui(self, gui: Any) -> int:
        from .parameter_gui import GuiConnection

        widgets = gui.__dict__.values() if not hasattr(gui, "findChildren") else _all_widgets(gui)
        mapping = {w.property("SlicerParameterName"): w for w in widgets if w.property("SlicerParameterName")}
        for name in mapping:
            self._parameter(name)
        tag = len(self._connections)
        self._connections[tag] = GuiConnection(self, mapping)
        return tag

    def disconnectGui(self, guiTag: int) -> None:
        if guiTag in self._connections:
            self._connections.pop(guiTag).disconnect()

    def StartModify(self) -> Any:
        return self.parameterNode.StartModify()

    def EndModify(self, wasModified: Any) -> Any:
        return self.parameterNode.EndModify(wasModified)

    def AddObserver(self, event: Any, callback: Callable[..., Any], priority: float = 0.0) -> int:
        return self.parameterNode.AddObserver(event, callback, priority)

    def RemoveObserver(self, tag: int) -> None:
        self.parameterNode.RemoveObserver(tag)

    def Modified(self) -> None:
        self.parameterNode.Modified()


def _all_widgets(gui: Any) -> list[Any]:
    import qt

    return gui.findChildren(qt.QWidget)


def parameterNodeWrapper(classtype: type) -> type:
    """Class decorator: each annotated member becomes a property kept in the parameter node."""
    parameters = {
        name: Parameter(name, annotated, getattr(classtype, name, None))
        for name, annotated in typing.get_type_hints(classtype, include_extras=True).items()
    }
    members: dict[str, Any] = {name: _property(parameter) for name, parameter in parameters.items()}
    members |= {"allParameters": parameters, "_is_parameter_node_wrapper": True, "__module__": classtype.__module__}
    own = {k: v for k, v in vars(classtype).items() if callable(v) and not k.startswith("__")}
    return type(classtype.__name__, (_Wrapper,), own | members)


def isParameterNodeWrapper(classOrObject: Any) -> bool:
    return getattr(classOrObject, "_is_parameter_node_wrapper", False)
