"""The export of a channel, made of the author's module. The build puts this around it; nobody else needs it."""

from __future__ import annotations

from types import ModuleType

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import channel as raw

from ._serve import BUG, bug, serving
from .channel import Channel, Incoming, Outgoing, Reply, Request
from .errors import ToolError

_CASES = {"Unavailable": "Unavailable", "NeedsUser": "NeedsUser", "Failed": "Rejected", "BadInput": "Rejected"}


def channel_of(module: ModuleType) -> type:
    """A class for the interface ``octi:plugin/channel``, of the one channel that is in the module."""
    found = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, Channel) and value is not Channel]
    if len(found) != 1:
        wanted = "write one class below `octi_plugin.channel.Channel`"
        raise TypeError(f"plugin.toml has `[channel]`, but `{module.__name__}` has {len(found)} channels; {wanted}")
    made = found[0]()
    if made.send.__func__ is Channel.send:  # type: ignore[attr-defined]
        raise TypeError(f"the channel `{found[0].__name__}` has no `send`")

    class Exported(exports.Channel):
        def on_poll(self, cursor: str | None) -> raw.Polled:
            with serving(), _typed("poll"):
                polled = made.poll(cursor)
                return raw.Polled([_incoming(message) for message in polled.messages], polled.cursor, polled.more)

        def on_webhook(self, request: raw.Request) -> raw.Heard:
            with serving(), _typed("webhook"):
                heard = made.webhook(Request(request.method, request.path, request.headers, request.body))
                return raw.Heard([_incoming(message) for message in heard.messages], _reply(heard.reply))

        def send(self, message: raw.Outgoing) -> str | None:
            with serving(), _typed("send"):
                return made.send(Outgoing(message.id, message.conversation, message.text, message.reply_to))

    return Exported


class _typed:
    """What is raised in it, as what the host does about it."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, *__: object) -> None:
        if not isinstance(error, Exception):
            return
        case = _CASES.get(error.case) if isinstance(error, ToolError) else None
        if case is not None:
            raise Err(getattr(raw, f"ChannelError_{case}")(str(error))) from None
        bug(self._what, error)
        raise Err(raw.ChannelError_Other(BUG)) from None


def _incoming(message: Incoming) -> raw.Incoming:
    return raw.Incoming(message.id, message.conversation, message.sender, message.sender_name, message.text, None)


def _reply(reply: Reply | None) -> raw.Reply | None:
    return None if reply is None else raw.Reply(reply.status, reply.content_type, reply.body)
