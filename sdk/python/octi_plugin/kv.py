"""The plugin's own memory between calls, for each person. Needs ``capabilities.kv``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from . import schema
from ._bytes import to_text
from ._raw import interface
from .errors import host

_raw = interface("store", "kv")


@dataclass(frozen=True)
class Item:
    """A stored value."""

    value: Any
    #: Grows with every write; 0 stands for an absent key.
    version: int


def get_bytes(key: str) -> Item | None:
    """The bytes of a key with their version; none for an absent key."""
    with host():
        item = _raw.get(key)
    return None if item is None else Item(bytes(item.value), item.version)


def set_bytes(key: str, value: bytes, *, expected: int | None = None) -> int:
    """Writes bytes and gives the new version. With ``expected`` only while that version is stored, else it is a conflict."""
    with host():
        return int(_raw.set(key, value, expected))


def get(key: str) -> Item | None:
    """The value of a key, read from JSON, with its version; none for an absent key."""
    item = get_bytes(key)
    return None if item is None else Item(json.loads(to_text(item.value, f"what is stored under `{key}`")), item.version)


def set(key: str, value: Any, *, expected: int | None = None) -> int:
    """Writes a value as JSON and gives the new version. ``expected`` as in :func:`set_bytes`."""
    return set_bytes(key, json.dumps(schema.plain(value)).encode(), expected=expected)


def remove(key: str) -> None:
    """Removes a key; an absent key is fine."""
    with host():
        _raw.delete(key)


def keys(prefix: str = "", *, start: str | None = None, max: int = 1000) -> list[str]:
    """At most ``max`` (1,000 at most) keys with the prefix, in order, after ``start``."""
    with host():
        return list(_raw.keys(prefix, start, max))
