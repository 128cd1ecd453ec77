"""What every export of a component shares: the walls, the author's log, and what others read of a bug."""

from __future__ import annotations

import io
import sys
from types import TracebackType
from typing import Any

from wit_world.imports import log

from . import _absent

_absent.refuse_before_build()

#: Characters of one line of the log; the host drops what is longer.
LINE_CHARACTERS_MAX = 3000
#: What others read of a bug: what went wrong inside is the author's business and may quote what nobody else should read.
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


class serving:
    """A call of the host: the walls stand, and what is printed is logged.

    Not a generator: `contextlib` writes into what is raised, and errors of the bindings cannot be written into.
    """

    def __enter__(self) -> None:
        _absent.refuse_in_calls()
        self._out, self._err = _Lines(log.Level.INFO), _Lines(log.Level.WARN)
        sys.stdout, sys.stderr = self._out, self._err

    def __exit__(self, *_: object) -> None:
        self._out.flush()
        self._err.flush()


def bug(where: str, error: BaseException) -> None:
    """Tells the author of a bug."""
    log.log(log.Level.ERROR, f"`{where}` failed: {_in_full(error)}"[:LINE_CHARACTERS_MAX], [])


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
