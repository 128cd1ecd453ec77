"""Questions to the person whose call it is, while the call waits. Needs ``capabilities.ask``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ._raw import interface
from .errors import host

_raw = interface("person", "ask")


@dataclass(frozen=True)
class Answer:
    """What the person did: ``given``, ``declined`` or ``cancelled``."""

    action: str
    #: An object that fits the schema, when it was given.
    value: Any = None


def ask(message: str, schema: Mapping[str, Any], *, timeout_ms: int | None = None) -> Answer:
    """Asks for an object that fits the schema: flat, of texts, numbers, yes or no, and choices.

    A host error ``unavailable`` says that there is nobody to ask, ``timeout`` that nobody answered.
    """
    with host():
        answer = _raw.ask(_raw.Question(message, json.dumps(schema), timeout_ms))
    if isinstance(answer, _raw.Answer_Given):
        return Answer("given", json.loads(answer.value))
    return Answer("declined" if isinstance(answer, _raw.Answer_Declined) else "cancelled")
