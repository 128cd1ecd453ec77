import io
import json
import sys
import types
import unittest
from typing import Annotated, Any

import host

from octi_plugin import BadInput, HostError, NeedsUser, Output, _absent, artifacts, ask, fs, http, kv, llm, log, tool


def _in_guest() -> Any:
    """The guest without its walls: they would stay around the tests."""
    _absent.refuse_before_build = _absent.refuse_in_calls = lambda: None
    from octi_plugin import guest

    return guest


guest = _in_guest()
BUG = "the plugin failed unexpectedly; its log says where"


def called(function: Any, **arguments: Any) -> Any:
    module = types.ModuleType("plugin")
    setattr(module, "it", tool(function))
    before = sys.stdout, sys.stderr
    try:
        return guest.tools_of(module)().call(function.__name__, json.dumps(arguments))
    except host.Err as error:
        return error.value
    finally:
        sys.stdout, sys.stderr = before


class Tools(unittest.TestCase):
    def setUp(self) -> None:
        host.lines.clear()

    def test_a_tool_is_described_by_its_docstring_and_annotations(self) -> None:
        def count(path: Annotated[str, "The file."], depth: int = 3, *, tag: str | None = None) -> Output[int]:
            """Counts."""

        made = tool(count)
        self.assertEqual((made.name, made.description, made.output_schema), ("count", "Counts.", {"type": "integer"}))
        self.assertEqual(made.input_schema["required"], ["path"])
        self.assertEqual(made.input_schema["properties"]["depth"], {"type": "integer", "default": 3})

    def test_a_result_travels_with_its_line_and_a_plain_one_without(self) -> None:
        def double(a: int) -> Output[int]:
            """Doubles."""
            return Output(2 * a, "doubled")

        def same(a: str) -> str:
            """The same."""
            return a

        told = called(double, a=2)
        self.assertEqual((told.content, told.summary), ("4", "doubled"))
        told = called(same, a="ä")
        self.assertEqual((told.content, told.summary), ('"ä"', None))

    def test_an_error_reaches_whoever_can_act_on_it(self) -> None:
        for error, name in [(BadInput("no"), "ToolError_BadInput"), (NeedsUser("no"), "ToolError_NeedsUser")]:

            def fail() -> None:
                """Fails."""
                raise error

            told = called(fail)
            self.assertEqual((type(told).__name__, told.value), (name, "no"))

        def denied() -> None:
            """Reaches out."""
            fs.root("home")

        self.assertEqual(type(called(denied)).__name__, "ToolError_NeedsUser")
        self.assertEqual(host.lines, [])

    def test_of_a_bug_the_model_reads_that_there_was_one_and_the_author_reads_all_of_it(self) -> None:
        def broken() -> None:
            """Breaks."""
            raise KeyError("the inside") from ValueError("the cause")

        told = called(broken)
        self.assertEqual((type(told).__name__, told.value), ("ToolError_Internal", BUG))
        ((level, line),) = host.lines
        self.assertEqual(level, "ERROR")
        for part in ["KeyError: 'the inside'", "in broken", "caused by ValueError: the cause"]:
            self.assertIn(part, line)

    def test_what_has_no_json_form_is_a_bug(self) -> None:
        def endless() -> float:
            """Infinite."""
            return float("inf")

        self.assertEqual(called(endless).value, BUG)

    def test_what_is_printed_is_logged(self) -> None:
        def chatty() -> None:
            """Talks."""
            print("one\ntwo", end="")
            print("three", file=sys.stderr)
            log.warn("four", n=4)

        called(chatty)
        self.assertEqual(host.lines, [("INFO", "one"), ("WARN", "three"), ("WARN", "four n=4"), ("INFO", "two")])

    def test_what_is_no_tool_is_refused_when_the_component_is_built(self) -> None:
        def silent() -> None: ...

        def untyped(a) -> None:  # type: ignore[no-untyped-def]
            """Has no type."""

        def many(*all: str) -> None:
            """Takes all."""

        for function, part in [(silent, "no docstring"), (untyped, "`a` of the tool `untyped` has no type"), (many, "by its name")]:
            with self.assertRaisesRegex(TypeError, part):
                tool(function)
        with self.assertRaisesRegex(TypeError, "`plugin` has no tools"):
            guest.tools_of(types.ModuleType("plugin"))


class Clients(unittest.TestCase):
    def test_files_are_written_in_pieces_and_read_to_their_end(self) -> None:
        text = "ä" * 70_000
        self.assertEqual(fs.workspace().write("a.txt", text).size, 140_000)
        self.assertEqual(fs.workspace().read_text("a.txt", 1 << 20), text)
        with self.assertRaisesRegex(Exception, "more than the 10"):
            fs.workspace().read_text("a.txt", 10)
        with self.assertRaises(HostError) as kept:
            fs.workspace().write("a.txt", b"", keep=True)
        self.assertTrue(kept.exception.is_conflict)
        with self.assertRaises(HostError) as none:
            fs.workspace().open("none")
        self.assertTrue(none.exception.is_not_found)

    def test_what_is_remembered_has_a_version(self) -> None:
        self.assertIsNone(kv.get("n"))
        self.assertEqual(kv.set("n", {"a": [1]}, expected=0), 1)
        self.assertEqual(kv.get("n"), kv.Item({"a": [1]}, 1))
        with self.assertRaises(HostError):
            kv.set("n", 2, expected=7)
        self.assertEqual(kv.keys("n"), ["n"])
        kv.remove("n")
        self.assertEqual(kv.keys(), [])

    def test_a_request_is_sent_with_its_body_and_its_answer_is_bounded(self) -> None:
        host.answer = b'{"a": 1}'
        told = http.post("https://a.test/", headers={"x-key": "{{secret:k}}"}, json={"q": 1})
        head, body = host.sent[-1]
        self.assertEqual((head.method, body), ("POST", b'{"q": 1}'))
        self.assertEqual(head.headers, [("x-key", "{{secret:k}}"), ("content-type", "application/json")])
        self.assertEqual((told.ok, told.header("content-type"), told.json()), (True, "application/json", {"a": 1}))
        with self.assertRaisesRegex(Exception, "more than 3 bytes"):
            http.get("https://a.test/").text(3)
        host.answer = b"\xff"
        with self.assertRaisesRegex(Exception, "is not text in UTF-8"):
            http.get("https://a.test/").text()

    def test_a_file_is_given_in_pieces_with_its_name_and_type(self) -> None:
        text = "ä" * 70_000
        told = artifacts.give("a.txt", "text/plain", text)
        self.assertEqual((told.name, told.media_type, told.size), ("a.txt", "text/plain", 140_000))
        self.assertEqual(host.given, [("a.txt", "text/plain", text.encode())])

    def test_a_person_is_asked_with_a_form_and_answers_or_does_not(self) -> None:
        form = {"type": "object", "properties": {"count": {"type": "integer"}}}
        host.replies[:] = [host.person.Answer_Given('{"count": 2}'), host.person.Answer_Declined(), host.person.Answer_Cancelled()]
        answers = [ask.ask("How many?", form, timeout_ms=10) for _ in range(3)]
        self.assertEqual(answers, [ask.Answer("given", {"count": 2}), ask.Answer("declined"), ask.Answer("cancelled")])
        self.assertEqual((json.loads(host.asked[0].schema), host.asked[0].timeout_ms), (form, 10))

    def test_a_model_is_asked_about_a_topic(self) -> None:
        told = llm.complete("summarise", "a long text", max_tokens=5, system="Be brief.")
        self.assertEqual(told, llm.Completion("short", 3, 1, "length"))
        prompt = host.prompts[0]
        self.assertEqual((prompt.topic, prompt.system, prompt.max_tokens), ("summarise", "Be brief.", 5))
        self.assertEqual(prompt.messages, [host.model.Message(host.model.Role.USER, "a long text")])

    def test_a_limit_says_when_trying_again_makes_sense(self) -> None:
        quota = host.common.HostError_Quota(host.common.Quota("kv.bytes_max", 10, 1_500))
        told = HostError(quota)
        self.assertEqual((str(told), told.case), ("the limit `kv.bytes_max` of 10 is reached; try again in 2 s", "Unavailable"))
        self.assertEqual(HostError(host.common.HostError_Timeout()).case, "Unavailable")
