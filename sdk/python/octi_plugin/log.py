"""Lines for the operator, and how far long work is. Needs no grant."""

from __future__ import annotations

from typing import Any

from ._raw import interface

_raw = interface("log", "log")


def _line(level: str, message: str, fields: dict[str, Any]) -> None:
    _raw.log(getattr(_raw.Level, level), message, [(name, str(value)) for name, value in fields.items()])


def trace(message: str, **fields: Any) -> None:
    _line("TRACE", message, fields)


def debug(message: str, **fields: Any) -> None:
    _line("DEBUG", message, fields)


def info(message: str, **fields: Any) -> None:
    _line("INFO", message, fields)


def warn(message: str, **fields: Any) -> None:
    _line("WARN", message, fields)


def error(message: str, **fields: Any) -> None:
    _line("ERROR", message, fields)


def progress(fraction: float | None, message: str) -> None:
    """How far long work is, from 0 to 1, with a short text for the person waiting. Without a number, only the text."""
    _raw.progress(fraction, message)


def is_cancelled() -> bool:
    """True once the caller has given up; long work should stop."""
    return bool(_raw.cancelled())
