"""Watching over calls: put ``@hook`` before a function of an event.

Before a call an error, a crash and silence mean the same: the call is not made. After the fact none of them matters.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True)
class ToolBefore:
    """A call that is about to be made; the verdict is obeyed."""

    call_id: str
    user_id: str
    #: ``chat``, or ``unattended`` where nobody can be asked.
    origin: str
    #: Such as ``shell.run``.
    tool: str
    #: As the hooks before this one left them, with the values of secrets blacked out.
    arguments: dict[str, Any]
    #: ``publisher/name`` of the tool's plugin.
    plugin: str = ""
    #: What the tool says that it does: ``read``, ``write``, ``network``, ``secret``, ``process``, ``money``.
    effects: list[str] = field(default_factory=list)
    #: None for a call by hand outside of a conversation.
    session_id: str | None = None


@dataclass(frozen=True)
class ToolAfter:
    """A call that ended, or was refused."""

    call_id: str
    user_id: str
    #: Such as ``shell.run``.
    tool: str
    #: ``ok``, or why it failed.
    code: str
    is_error: bool
    #: JSON, or a sentence for an error; cut when it is long.
    content: str
    duration_ms: int
    session_id: str | None = None


@dataclass(frozen=True)
class SessionStarted:
    """The first message of a conversation was said."""

    session_id: str
    user_id: str | None = None


@dataclass(frozen=True)
class Message:
    """A person said something."""

    session_id: str
    message_id: str
    #: Cut when it is long.
    text: str
    user_id: str | None = None
    #: The names of the files with it.
    attachments: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class TurnEnded:
    """A turn ended."""

    session_id: str
    user_id: str
    run_id: str
    #: ``completed``, ``failed``, ``stopped`` or ``interrupted``.
    status: str
    iterations: int
    tokens: int


@dataclass(frozen=True)
class Other:
    """Something that this SDK does not know: its name and its fields."""

    name: str
    fields: dict[str, Any]


Event: TypeAlias = ToolBefore | ToolAfter | SessionStarted | Message | TurnEnded | Other

_EVENTS: dict[str, type] = {
    "tool.before": ToolBefore,
    "tool.after": ToolAfter,
    "session.started": SessionStarted,
    "message": Message,
    "turn.ended": TurnEnded,
}


def read(name: str, details: dict[str, Any]) -> Event:
    """An event as the host tells it. Fields of a later version are ignored."""
    kind = _EVENTS.get(name)
    if kind is None:
        return Other(name, details)
    known = {one.name for one in dataclasses.fields(kind)}
    event: Event = kind(**{key: value for key, value in details.items() if key in known})
    return event


@dataclass(frozen=True)
class Block:
    """The call is refused, with a sentence that says why and what to do instead: the model and the person read it."""

    reason: str


@dataclass(frozen=True)
class Rewrite:
    """The call is made with these arguments, which the tool's schema must take."""

    arguments: dict[str, Any]


Verdict: TypeAlias = Block | Rewrite | None


@dataclass(frozen=True)
class Hook:
    """A function that watches. It can be called from Python as that function."""

    watch: Callable[[Event], Verdict]

    def __call__(self, event: Event) -> Verdict:
        return self.watch(event)


def hook(watch: Callable[[Event], Verdict]) -> Hook:
    """Makes a hook of a function that gives None to let things go on, or :class:`Block` or :class:`Rewrite`."""
    return Hook(watch)
