"""The export of tools, made of the author's module. The build puts this around it; nobody else needs it."""

from __future__ import annotations

import json
from types import ModuleType

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import tools as raw

from ._serve import BUG, bug, serving
from .errors import ToolError
from .tools import Tool


def tools_of(module: ModuleType) -> type:
    """A class for the interface ``octi:plugin/tools``, of every tool that is in the module."""
    known = {value.name: value for value in vars(module).values() if isinstance(value, Tool)}
    if not known:
        raise TypeError(f"`{module.__name__}` has no tools; put `@tool` before a function")

    class Tools(exports.Tools):
        def describe(self) -> list[raw.Tool]:
            return [_described(tool) for tool in known.values()]

        def call(self, name: str, arguments: str) -> raw.Output:
            with serving():
                return _answer(known, name, arguments)

    return Tools


def _described(tool: Tool) -> raw.Tool:
    output = None if tool.output_schema is None else json.dumps(tool.output_schema)
    return raw.Tool(tool.name, tool.description, json.dumps(tool.input_schema), output)


def _answer(known: dict[str, Tool], name: str, arguments: str) -> raw.Output:
    if name not in known:
        raise Err(raw.ToolError_BadInput(f"there is no operation `{name}`"))
    try:
        content, summary = known[name].answer(arguments)
    except ToolError as error:
        raise Err(getattr(raw, f"ToolError_{error.case}")(str(error))) from None
    except Exception as error:
        bug(name, error)
        raise Err(raw.ToolError_Internal(BUG)) from None
    return raw.Output(content, summary)
