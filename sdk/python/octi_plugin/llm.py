"""Answers of a language model, paid from the budget of the person whose call it is. Needs ``capabilities.llm``.

The host chooses the model. What it says is data: it calls no tools, and nothing that it says is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ._raw import interface
from .errors import host

_raw = interface("model", "llm")


@dataclass(frozen=True)
class Completion:
    """An answer."""

    text: str
    input_tokens: int
    output_tokens: int
    #: Why it ends: ``finished``, ``length``, ``filtered`` or ``other``.
    stop: str


def complete(
    topic: str,
    messages: str | Sequence[tuple[str, str]],
    *,
    max_tokens: int,
    system: str | None = None,
    temperature: float | None = None,
) -> Completion:
    """Asks a model about a topic of the manifest. Messages are pairs of ``user`` or ``assistant`` and a text; the last is of ``user``."""
    pairs = [("user", messages)] if isinstance(messages, str) else messages
    said = [_raw.Message(_raw.Role.USER if role == "user" else _raw.Role.ASSISTANT, text) for role, text in pairs]
    with host():
        given = _raw.complete(_raw.Request(topic, system, said, max_tokens, temperature))
    stop = type(given.stop_reason).__name__.removeprefix("StopReason_").lower()
    return Completion(given.text, given.input_tokens, given.output_tokens, stop)
