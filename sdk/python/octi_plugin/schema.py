"""JSON Schema (2020-12) of Python's types, and values of these types from JSON and back."""

from __future__ import annotations

import dataclasses
import enum
import inspect
import types
import typing
from typing import Any, Literal, Union

_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    Any: {},
    object: {},
    list: {"type": "array"},
    dict: {"type": "object"},
}


def of(hint: Any, inside: tuple[Any, ...] = ()) -> dict[str, Any]:
    """The schema of a type. ``Annotated[T, "text"]`` describes, ``Annotated[T, {"minimum": 0}]`` adds keywords."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        schema = of(arguments[0], inside)
        for more in arguments[1:]:
            schema |= {"description": more} if isinstance(more, str) else more if isinstance(more, dict) else {}
        return schema
    if origin in (typing.Required, typing.NotRequired, typing.ReadOnly if hasattr(typing, "ReadOnly") else typing.Required):
        return of(arguments[0], inside)
    if hint in _PLAIN:
        return dict(_PLAIN[hint])
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [of(argument, inside) for argument in arguments]}
    if origin is list:
        return {"type": "array", "items": of(arguments[0], inside)}
    if origin is dict and arguments[0] is str:
        return {"type": "object", "additionalProperties": of(arguments[1], inside)}
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return {"type": "array", "items": of(arguments[0], inside)}
    if origin is tuple:
        count = len(arguments)
        return {"type": "array", "prefixItems": [of(a, inside) for a in arguments], "minItems": count, "maxItems": count}
    if isinstance(hint, type):
        return _of_class(hint, inside)
    raise TypeError(f"`{hint}` has no JSON Schema; use str, int, float, bool, list, dict, Literal, Enum, a dataclass or a TypedDict")


def _of_class(hint: type, inside: tuple[Any, ...]) -> dict[str, Any]:
    if issubclass(hint, enum.Enum):
        return {"enum": [member.value for member in hint]}
    if hint in inside:
        raise TypeError(f"`{hint.__name__}` contains itself, which a tool's schema cannot say")
    if dataclasses.is_dataclass(hint) or typing.is_typeddict(hint):
        return closed(_fields(hint), _docstring(hint), (*inside, hint))
    raise TypeError(f"`{hint.__name__}` has no JSON Schema; make it a dataclass or a TypedDict")


def _docstring(hint: type) -> str | None:
    text = inspect.getdoc(hint) if "__doc__" in vars(hint) else None
    # What the library writes where there is no docstring is no description.
    return None if text is None or text.startswith((f"{hint.__name__}(", "dict(")) else text


#: A field: its type, whether it may be left out, and its default for the schema.
_MISSING = dataclasses.MISSING


def _fields(hint: type) -> dict[str, tuple[Any, Any]]:
    hints = typing.get_type_hints(hint, include_extras=True)
    if typing.is_typeddict(hint):
        needed = getattr(hint, "__required_keys__")
        return {name: (type_, _MISSING if name in needed else None) for name, type_ in hints.items()}
    found: dict[str, tuple[Any, Any]] = {}
    for field in dataclasses.fields(hint):
        made = field.default_factory() if field.default_factory is not _MISSING else field.default
        found[field.name] = (hints[field.name], made)
    return found


def closed(fields: dict[str, tuple[Any, Any]], description: str | None, inside: tuple[Any, ...] = ()) -> dict[str, Any]:
    """The schema of an object with exactly these fields: each has a type, and a default where it may be left out."""
    properties: dict[str, Any] = {}
    for name, (hint, default) in fields.items():
        properties[name] = of(hint, inside)
        if default is not _MISSING and default is not None:
            properties[name]["default"] = plain(default)
    required = [name for name, (_, default) in fields.items() if default is _MISSING]
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return schema if description is None else schema | {"description": description}


def read(hint: Any, value: Any) -> Any:
    """A value of the type from JSON that fits its schema; the host has checked that it does."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Annotated, typing.Required, typing.NotRequired):
        return read(arguments[0], value)
    if origin in (Union, types.UnionType):
        return _read_one(arguments, value)
    if origin is list:
        return [read(arguments[0], item) for item in value]
    if origin is dict:
        return {key: read(arguments[1], item) for key, item in value.items()}
    if origin is tuple:
        of_each = [arguments[0]] * len(value) if len(arguments) == 2 and arguments[1] is Ellipsis else arguments
        return tuple(read(hint, item) for hint, item in zip(of_each, value))
    if isinstance(hint, type):
        if issubclass(hint, enum.Enum):
            return hint(value)
        if dataclasses.is_dataclass(hint) or typing.is_typeddict(hint):
            fields = _fields(hint)
            return hint(**{name: read(fields[name][0], item) for name, item in value.items()})
        if hint is float and isinstance(value, int):
            return float(value)
    return value


def _read_one(hints: tuple[Any, ...], value: Any) -> Any:
    """The first of them that can be made of the value."""
    for hint in hints:
        if _fits(hint, value):
            return read(hint, value)
    raise TypeError("the value is none of the types that it may be")


def _fits(hint: Any, value: Any) -> bool:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _fits(arguments[0], value)
    if origin in (Union, types.UnionType):
        return any(_fits(argument, value) for argument in arguments)
    if origin is Literal:
        return value in arguments
    base = origin or hint
    if base is Any or base is object:
        return True
    if base is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if base is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if base is tuple:
        return isinstance(value, list)
    if isinstance(base, type) and issubclass(base, enum.Enum):
        return any(member.value == value for member in base)
    if dataclasses.is_dataclass(base) or typing.is_typeddict(base):
        fields = _fields(base)
        wanted = {name for name, (_, default) in fields.items() if default is _MISSING}
        return isinstance(value, dict) and wanted <= value.keys() <= fields.keys()
    return isinstance(value, base)


def plain(value: Any) -> Any:
    """What JSON can say of a value."""
    if isinstance(value, enum.Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    return value
