import json
import sys
import types
import unittest
from typing import Any

import host

from octi_plugin import Failed, NeedsUser, Unavailable, _absent, hook
from octi_plugin.channel import Channel, Heard, Incoming, Outgoing, Polled, Reply, Request

_absent.refuse_before_build = _absent.refuse_in_calls = lambda: None
from octi_plugin import channel_guest, hook_guest  # noqa: E402

BUG = "the plugin failed unexpectedly; its log says where"
CALL = {"call_id": "1", "user_id": "u", "origin": "chat", "tool": "shell.run", "arguments": {"command": "ls"}}


def module(**values: Any) -> types.ModuleType:
    made = types.ModuleType("plugin")
    for name, value in values.items():
        setattr(made, name, value)
    return made


def quietly(work: Any) -> Any:
    before = sys.stdout, sys.stderr
    try:
        return work()
    except host.Err as error:
        return error.value
    finally:
        sys.stdout, sys.stderr = before


def told(watch: Any, name: str = "tool.before", details: Any = CALL) -> Any:
    raw = hook_guest.raw.Event(name, json.dumps(details))
    return quietly(lambda: hook_guest.hook_of(module(it=hook.hook(watch)))().on_event(raw))


class Hooks(unittest.TestCase):
    def setUp(self) -> None:
        host.lines.clear()

    def test_fields_of_a_later_version_are_ignored_and_its_events_are_told_by_name(self) -> None:
        seen: list[Any] = []
        told(seen.append, details={**CALL, "mood": "good"})
        told(seen.append, "moon.rose", {"phase": 1})
        self.assertEqual(seen[0].arguments, {"command": "ls"})
        self.assertEqual(seen[1], hook.Other("moon.rose", {"phase": 1}))

    def test_a_verdict_is_what_the_contract_calls_it(self) -> None:
        self.assertEqual(told(lambda event: None), hook_guest.raw.Verdict_GoOn())
        self.assertEqual(told(lambda event: hook.Block("no")), hook_guest.raw.Verdict_Block("no"))
        self.assertEqual(told(lambda event: hook.Rewrite({"a": "ä"})), hook_guest.raw.Verdict_Rewrite('{"a": "ä"}'))

    def test_what_is_no_verdict_is_no_answer_and_only_its_author_reads_why(self) -> None:
        self.assertEqual(told(lambda event: True), BUG)
        self.assertIn("and not `bool`", host.lines[-1][1])
        self.assertEqual(told(lambda event: None, details={}), BUG)

        def fails(event: hook.Event) -> None:
            raise Failed("the list cannot be read")

        self.assertEqual(told(fails), "the list cannot be read")

    def test_a_module_without_its_hook_is_refused_when_the_component_is_built(self) -> None:
        with self.assertRaisesRegex(TypeError, "has 0 hooks; put `@hook` before one function"):
            hook_guest.hook_of(module(hook=hook.hook))


class Chat(Channel):
    def poll(self, cursor: str | None) -> Polled:
        return Polled([Incoming("7", "r", "ada", "hello")], f"{cursor}+1", True)

    def webhook(self, request: Request) -> Heard:
        return Heard([Incoming(**request.json())], Reply("ok", content_type=request.header("x-a")))

    def send(self, message: Outgoing) -> str | None:
        errors = {"busy": Unavailable("busy"), "sign in": NeedsUser("sign in"), "gone": Failed("gone"), "bug": KeyError("inside")}
        if message.text in errors:
            raise errors[message.text]
        return f"sent-{message.id}"


class Channels(unittest.TestCase):
    def setUp(self) -> None:
        self.raw = channel_guest.raw
        self.made = channel_guest.channel_of(module(Chat=Chat, Channel=Channel))()

    def test_a_channel_is_called_with_what_the_host_gives_and_its_answers_go_back(self) -> None:
        message = self.raw.Incoming("7", "r", "ada", None, "hello", None)
        self.assertEqual(quietly(lambda: self.made.on_poll("6")), self.raw.Polled([message], "6+1", True))
        body = json.dumps({"id": "7", "conversation": "r", "sender": "ada", "text": "hello"}).encode()
        request = self.raw.Request("POST", "", [("x-a", "b")], body)
        self.assertEqual(quietly(lambda: self.made.on_webhook(request)), self.raw.Heard([message], self.raw.Reply(200, "b", "ok")))
        broken = self.raw.Request("POST", "", [], b"{")
        self.assertEqual(quietly(lambda: self.made.on_webhook(broken)), self.raw.ChannelError_Rejected("the request is not JSON"))

    def test_an_error_of_sending_says_what_the_host_does_about_it(self) -> None:
        def sent(text: str) -> Any:
            return quietly(lambda: self.made.send(self.raw.Outgoing("1", "r", text, None, None)))

        self.assertEqual(sent("hi"), "sent-1")
        self.assertEqual(sent("busy"), self.raw.ChannelError_Unavailable("busy"))
        self.assertEqual(sent("sign in"), self.raw.ChannelError_NeedsUser("sign in"))
        self.assertEqual(sent("gone"), self.raw.ChannelError_Rejected("gone"))
        self.assertEqual(sent("bug"), self.raw.ChannelError_Other(BUG))

    def test_a_channel_that_cannot_send_is_refused_when_the_component_is_built(self) -> None:
        with self.assertRaisesRegex(TypeError, "has no `send`"):
            channel_guest.channel_of(module(Deaf=type("Deaf", (Channel,), {})))
        with self.assertRaisesRegex(TypeError, "has 0 channels; write one class"):
            channel_guest.channel_of(module())
