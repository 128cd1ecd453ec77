"""What plugins do when things go wrong. `../../js/src/plugin.js` does the same, and the same cases hold."""

import datetime
from dataclasses import dataclass
from typing import Any, Literal

from octi_plugin import BadInput, Failed, NeedsUser, Unavailable, http, kv, tool
from octi_plugin.fs import workspace


@tool
def spin() -> None:
    """Does spin."""
    while True:
        pass


@tool
def grow() -> None:
    """Does grow."""
    kept = []
    while True:
        kept.append(bytearray(1 << 20))


def depth(n: int) -> int:
    return 1 + depth(n + 1)


@tool
def recurse() -> int:
    """Does recurse."""
    return depth(0)


@tool
def large(bytes: int) -> str:
    """Does large."""
    return "x" * bytes


@dataclass
class Echoed:
    text: str
    characters: int
    upper: str


@tool
def echo(text: str) -> Echoed:
    """Does echo."""
    return Echoed(text, len(text), text.upper())


KINDS = {"bad_input": BadInput, "failed": Failed, "needs_user": NeedsUser, "unavailable": Unavailable, "bug": TypeError}


@tool
def fail(kind: Literal["bad_input", "failed", "needs_user", "unavailable", "bug"]) -> None:
    """Does fail."""
    raise KINDS[kind](f"because of {kind}")


variable = 0


@tool
def count() -> dict[str, int]:
    """Does count."""
    global variable
    variable += 1
    known = kv.get("n")
    kept = (known.value if known else 0) + 1
    kv.set("n", kept)
    return {"kept": kept, "variable": variable}


@tool
def ask(url: str, timeout_ms: int | None = None) -> dict[str, Any]:
    """Does ask."""
    answer = http.get(url, headers={"x-key": "{{secret:key}}"}, timeout_ms=timeout_ms)
    return {"status": answer.status, "body": answer.text(), "mine": "{{secret:key}}"}


@tool
def read(path: str) -> dict[str, int]:
    """Does read."""
    return {"length": len(workspace().read_text(path, 1 << 16))}


@tool
def day() -> str:
    """Does day."""
    return datetime.datetime.now().date().isoformat()


@dataclass
class Wrong:
    n: int


@tool
def wrong() -> Wrong:
    """Does wrong."""
    return Wrong("no number")  # type: ignore[arg-type]
