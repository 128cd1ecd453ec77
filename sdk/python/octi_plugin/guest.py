"""The exports of a component, made of the author's module. The build puts this around it; nobody else needs it."""

from __future__ import annotations

import io
import json
import sys
from types import ModuleType, TracebackType
from typing import Any

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import tools as raw
from wit_world.imports import log

from . import _absent
from .errors import ToolError
from .tools import Tool

_absent.refuse_before_build()

#: Characters of one line of the log; the host drops what is longer.
LINE_CHARACTERS_MAX = 3000
#: What the model reads of a bug: what went wrong inside is the author's business and may quote what nobody else should read.
BUG = "the plugin failed unexpectedly; its log says where"


class _Lines(io.TextIOBase):
    """Standard output and error of the author's code: each line is one of the log."""

    def __init__(self, level: Any) -> None:
        self._level, self._open = level, ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._open = (self._open + text).split("\n")
        for line in lines:
            log.log(self._level, line[:LINE_CHARACTERS_MAX], [])
        return len(text)

    def flush(self) -> None:
        if self._open:
            self.write("\n")


def tools_of(module: ModuleType) -> type:
    """A class for the interface ``octi:plugin/tools``, of every tool that is in the module."""
    known = {value.name: value for value in vars(module).values() if isinstance(value, Tool)}
    if not known:
        raise TypeError(f"`{module.__name__}` has no tools; put `@tool` before a function")

    class Tools(exports.Tools):
        def describe(self) -> list[raw.Tool]:
            return [_described(tool) for tool in known.values()]

        def call(self, name: str, arguments: str) -> raw.Output:
            _absent.refuse_in_calls()
            out, err = _Lines(log.Level.INFO), _Lines(log.Level.WARN)
            sys.stdout, sys.stderr = out, err
            try:
                return _answer(known, name, arguments)
            finally:
                out.flush()
                err.flush()

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
        log.log(log.Level.ERROR, f"`{name}` failed: {_in_full(error)}"[:LINE_CHARACTERS_MAX], [])
        raise Err(raw.ToolError_Internal(BUG)) from None
    return raw.Output(content, summary)


def _in_full(error: BaseException) -> str:
    """With the trace, for the author. Not by `traceback`, which looks for the lines in files that are not there."""
    lines = [f"{type(error).__name__}: {error}", *_places(error.__traceback__)]
    if error.__cause__ is not None:
        lines.append(f"caused by {_in_full(error.__cause__)}")
    return "\n".join(lines)


def _places(trace: TracebackType | None) -> list[str]:
    """The newest first, so that a bound cuts the oldest."""
    places: list[str] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"  at {code.co_filename}:{trace.tb_lineno} in {code.co_name}")
        trace = trace.tb_next
    return places[::-1]
