"""Another place where people write and read: a class below :class:`Channel`.

The host takes in the messages and keeps the cursor in one step, and a message whose id it knows is not taken in again. So a poll may
be repeated at any time, by this version of the plugin or by the next.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from ._bytes import to_text
from .errors import Failed


@dataclass(frozen=True)
class Incoming:
    """A message that came in."""

    #: The channel's own id of it: what was taken once is not taken again.
    id: str
    #: Where it was written, and where an answer goes.
    conversation: str
    #: Who wrote it, by an id that nobody else can take.
    sender: str
    text: str
    #: What the sender is called, for people.
    sender_name: str | None = None


@dataclass(frozen=True)
class Outgoing:
    """A message that goes out."""

    #: The same in every attempt, so that a channel that can sends it once.
    id: str
    conversation: str
    #: No longer than the manifest says that the channel takes.
    text: str
    #: The id of the message that it answers.
    reply_to: str | None = None


@dataclass(frozen=True)
class Polled:
    """What a poll brought."""

    messages: list[Incoming] = field(default_factory=list)
    #: Where the next poll goes on.
    cursor: str | None = None
    #: Whether there is more already.
    more: bool = False


@dataclass(frozen=True)
class Request:
    """A request to the channel's address, whose signature the host has checked."""

    method: str
    #: What follows the address: a path and a query, or nothing.
    path: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first header of that name, in lower case."""
        return next((value for known, value in self.headers if known == name), None)

    def text(self) -> str:
        return to_text(self.body, "the request")

    def json(self) -> Any:
        try:
            return json.loads(self.text())
        except json.JSONDecodeError:
            raise Failed("the request is not JSON") from None


@dataclass(frozen=True)
class Reply:
    """What is answered to a request."""

    body: str = ""
    status: int = 200
    content_type: str | None = None


@dataclass(frozen=True)
class Heard:
    """What a request brought."""

    messages: list[Incoming] = field(default_factory=list)
    #: None to say that it was accepted.
    reply: Reply | None = None


class Channel:
    """Another place where people write and read: a class below it is the plugin's channel.

    Of what is raised, ``Unavailable`` is tried again later, ``NeedsUser`` is for whoever connected the channel, and ``Failed`` is
    final.
    """

    def poll(self, cursor: str | None) -> Polled:
        """Asks for what is new since the cursor; called when the manifest has ``poll_ms``."""
        return Polled(cursor=cursor)

    def webhook(self, request: Request) -> Heard:
        """Takes a request; called when the manifest has a table ``webhook``."""
        raise Failed("this channel takes no requests")

    def send(self, message: Outgoing) -> str | None:
        """Sends a message; the channel's own id of it, if it has one."""
        raise NotImplementedError
