"""Errors, typed by who can act on them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class ToolError(Exception):
    """Why a tool could not do what it was asked. Raise one of the classes below."""

    #: The class of the contract's error.
    case = "Internal"


class BadInput(ToolError):
    """The model can mend this and try again: say what was wrong and what is valid."""

    case = "BadInput"


class Failed(ToolError):
    """The world said no: not found, conflict, refusal. Trying the same again is pointless."""

    case = "Failed"


class NeedsUser(ToolError):
    """The person must do something: grant, sign in, choose."""

    case = "NeedsUser"


class Unavailable(ToolError):
    """May work later."""

    case = "Unavailable"


class Internal(ToolError):
    """The plugin's own bug."""


_FIXED = {"timeout": "the host took too long", "cancelled": "the call was cancelled"}
_CODES = {
    "Denied": ("denied", "NeedsUser"),
    "NotFound": ("not-found", "Failed"),
    "Invalid": ("invalid", "BadInput"),
    "Conflict": ("conflict", "Failed"),
    "Quota": ("quota", "Failed"),
    "Timeout": ("timeout", "Unavailable"),
    "Cancelled": ("cancelled", "Failed"),
    "Unavailable": ("unavailable", "Unavailable"),
    "Other": ("other", "Failed"),
}


class HostError(ToolError):
    """Why the host refused or failed. Where a tool does not catch it, it reaches whoever can act on it."""

    def __init__(self, raw: Any) -> None:
        name = type(raw).__name__.removeprefix("HostError_")
        self.code, self.case = _CODES.get(name, ("other", "Failed"))
        value: Any = getattr(raw, "value", None)
        if self.code == "quota":
            later = value.retry_after_ms
            text = f"the limit `{value.name}` of {value.limit} is reached"
            if later is not None:
                self.case = "Unavailable"
                text += f"; try again in {-(-later // 1000)} s"
            self.quota = value
        else:
            text = _FIXED.get(self.code) or str(value)
        super().__init__(text)

    @property
    def is_not_found(self) -> bool:
        """Whether the thing named does not exist."""
        return self.code == "not-found"

    @property
    def is_conflict(self) -> bool:
        """Whether something is in the way: it exists already, or changed meanwhile."""
        return self.code == "conflict"


@contextmanager
def host() -> Iterator[None]:
    """Calls of the host in it raise :class:`HostError` instead of what the bindings raise."""
    try:
        yield
    except Exception as error:
        raw = getattr(error, "value", None)
        if type(raw).__name__.startswith("HostError_"):
            raise HostError(raw) from None
        raise
