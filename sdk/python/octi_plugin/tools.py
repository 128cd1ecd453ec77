"""Tools from functions."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import typing
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from . import schema

T = TypeVar("T")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclasses.dataclass(frozen=True)
class Output(Generic[T]):
    """A result with one line for the person watching. Anything else that a tool returns is the result itself."""

    content: T
    summary: str | None = None


@dataclasses.dataclass(frozen=True)
class Tool:
    """An operation that a model can call. It can be called from Python as the function it was made of."""

    name: str
    description: str
    input_schema: dict[str, Any]
    output_schema: dict[str, Any] | None
    run: Callable[..., Any]
    hints: dict[str, Any]

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self.run(*arguments, **named)

    def answer(self, text: str) -> tuple[str, str | None]:
        """Runs it on arguments as JSON; gives the result as JSON, and the line for the person."""
        arguments = json.loads(text)
        result = self.run(**{name: schema.read(self.hints[name], value) for name, value in arguments.items()})
        content, summary = (result.content, result.summary) if isinstance(result, Output) else (result, None)
        return json.dumps(schema.plain(content), ensure_ascii=False, allow_nan=False), summary


def tool(function: Callable[..., Any]) -> Tool:
    """Makes a function an operation: its name, its docstring for the model, and the schemas of its annotations."""
    name = getattr(function, "__name__", "")
    if not _NAME.fullmatch(name):
        raise TypeError(f"the tool name `{name}` is not made of lower case letters, digits and `_`")
    description = inspect.getdoc(function)
    if not description:
        raise TypeError(f"the tool `{name}` has no docstring; models choose tools by it")
    hints = typing.get_type_hints(function, include_extras=True)
    gives = hints.pop("return", None)
    fields: dict[str, tuple[Any, Any]] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise TypeError(f"the tool `{name}` takes `{parameter}`, but a model gives every argument by its name")
        if parameter.name not in hints:
            raise TypeError(f"the argument `{parameter.name}` of the tool `{name}` has no type; write it like `{parameter.name}: str`")
        default = schema._MISSING if parameter.default is parameter.empty else parameter.default
        fields[parameter.name] = (hints[parameter.name], default)
    return Tool(name, description, schema.closed(fields, None), _published(gives), function, hints)


def _published(gives: Any) -> dict[str, Any] | None:
    """The schema of what a tool returns, if it says what that is."""
    if typing.get_origin(gives) is Output:
        (gives,) = typing.get_args(gives)
    return None if gives in (None, Output, type(None), Any) else schema.of(gives)
