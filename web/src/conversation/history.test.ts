import { describe, expect, it } from "vitest";
import { itemsOf, load } from "./history";
import { addSending, applyEvents, refuse, restart } from "./reducer";
import { agent, delta, ended, invoked, message, response, result, SESSION, said, spawned } from "./testing";
import { emptyConversation } from "./types";

const start = emptyConversation(SESSION);
const text = (value: string) => ({ type: "text" as const, text: value });
const call = (id: string, args: unknown = { command: "ls" }) => ({
  type: "tool_call" as const,
  id,
  name: "shell__run",
  arguments: args,
});
const answer = (id: string) => ({
  type: "tool_result" as const,
  callId: id,
  name: "shell__run",
  content: "a.txt\nb.txt",
  isError: false,
});

const STORED = [
  message("m1", "user", [text("list the files")]),
  message("m2", "assistant", [text("I look."), call("call_1")]),
  message("m3", "tool", [answer("call_1")]),
  message("m4", "assistant", [text("Two files.")]),
];

describe("stored messages", () => {
  it("become items in which a call and its result are one", () => {
    const items = itemsOf(STORED);
    expect(items.map((item) => item.kind)).toEqual(["message", "message", "tool", "message"]);
    expect(items[2]).toMatchObject({ state: "done", result: "a.txt\nb.txt" });
  });

  it("mark what was said to a turn that ran", () => {
    const steered = [
      ...STORED.slice(0, 3),
      message("m5", "user", [text("only the big ones")]),
      ...STORED.slice(3),
    ];
    const said = itemsOf(steered).filter((item) => item.kind === "message" && item.role === "user");
    expect(said.map((item) => item.kind === "message" && Boolean(item.injected))).toEqual([false, true]);
  });

  it("leave out what the system says and what is empty", () => {
    expect(
      itemsOf([message("s", "system", [text("rules")]), message("e", "assistant", [text(" ")])]),
    ).toEqual([]);
  });
});

describe("the skills of a stored turn", () => {
  it("stand at its last answer", () => {
    const given = { ...agent("completed"), skills: ["code-review"] };
    const items = load(start, STORED, [given]).items;
    expect(items.at(-1)).toMatchObject({ text: "Two files.", skills: ["code-review"] });
    expect(items[1]).not.toHaveProperty("skills");
    expect(load(start, STORED, [agent("completed")]).items.at(-1)).not.toHaveProperty("skills");
  });
});

describe("messages that come after events", () => {
  const turn = [
    said("m1", "user", "list the files"),
    spawned(),
    said("m2", "assistant", "I look."),
    invoked("c1"),
    result("c1"),
    response("m4", "Two files."),
    ended("agent.completed"),
  ];

  it("are not doubled, and learn the duration from the event", () => {
    const state = load(applyEvents(start, turn), STORED, [agent("completed")]);
    expect(state.items.map((item) => item.kind)).toEqual(["message", "message", "tool", "message"]);
    expect(state.items[2]).toMatchObject({ id: "c1", durationMs: 7, result: "a.txt\nb.txt" });
  });

  it("are the same when the events come after them", () => {
    const before = load(applyEvents(start, turn), STORED, [agent("completed")]);
    const after = applyEvents(load(start, STORED, [agent("completed")]), turn);
    const seen = (state: typeof before) => state.items.map((item) => [item.kind, item.id]);
    expect(seen(after)).toEqual(seen(before));
  });

  it("change nothing when they are loaded again", () => {
    const once = load(applyEvents(start, turn), STORED, [agent("completed")]);
    expect(load(once, STORED, [agent("completed")]).items).toEqual(once.items);
  });

  it("tell two calls with the same arguments apart", () => {
    const stored = [
      message("m1", "assistant", [call("x"), call("y")]),
      message("m2", "tool", [answer("x"), answer("y")]),
    ];
    const state = load(applyEvents(start, [spawned(), invoked("c1"), invoked("c2")]), stored, [
      agent("running"),
    ]);
    expect(state.items.map((item) => item.id)).toEqual(["c1", "c2"]);
  });

  it("let go of a draft that is stored meanwhile", () => {
    const state = load(applyEvents(start, [spawned(), delta("Two fi")]), STORED, [agent("running")]);
    expect(state.turn?.draft).toBe("");
  });

  it("keep a draft that goes on", () => {
    const state = load(applyEvents(start, [spawned(), delta("Something else")]), STORED, [agent("running")]);
    expect(state.turn?.draft).toBe("Something else");
  });

  it("keep what is being sent at the end", () => {
    const state = load(addSending(start, "local", "and now?", "now"), STORED, [agent("completed")]);
    expect(state.items.at(-1)).toMatchObject({ text: "and now?", sending: "sending" });
  });
});

describe("what was sent and not confirmed", () => {
  const said = (id: string, words: string) => message(id, "user", [text(words)]);
  const older = [said("m1", "yes"), message("m2", "assistant", [text("Done.")])];
  const loaded = load(start, older, [agent("completed")]);
  const shown = (state: typeof start) =>
    state.items.map((item) => item.kind === "message" && [item.id, item.text, item.sending]);

  it("is not an older message that says the same", () => {
    const state = load(addSending(loaded, "local", "yes", "now"), older, [agent("completed")]);
    expect(shown(state)).toEqual([
      ["m1", "yes", undefined],
      ["m2", "Done.", undefined],
      ["local", "yes", "sending"],
    ]);
  });

  it("is the message that was stored since", () => {
    const state = load(
      addSending(loaded, "local", "yes", "now"),
      [...older, said("m3", "yes"), message("m4", "assistant", [text("Again.")])],
      [agent("completed")],
    );
    expect(shown(state)).toEqual([
      ["m1", "yes", undefined],
      ["m2", "Done.", undefined],
      ["m3", "yes", undefined],
      ["m4", "Again.", undefined],
    ]);
  });

  it("is one message each, in their order", () => {
    const two = addSending(addSending(loaded, "first", "yes", "now"), "second", "yes", "now");
    const state = load(two, [...older, said("m3", "yes")], [agent("completed")]);
    expect(shown(state).slice(2)).toEqual([
      ["m3", "yes", undefined],
      ["second", "yes", "sending"],
    ]);
  });

  it("is looked for among the newest alone when nothing was loaded before", () => {
    const sending = addSending(start, "local", "yes", "now");
    const later = [...older, said("m3", "no")];
    expect(shown(load(sending, later, [agent("completed")])).at(-1)).toEqual(["local", "yes", "sending"]);
    expect(shown(load(sending, [said("m1", "yes")], [agent("completed")]))).toEqual([
      ["m1", "yes", undefined],
    ]);
  });

  it("stays refused when the server refused it", () => {
    const refused = refuse(addSending(loaded, "local", "yes", "now"), "local", "too many messages");
    const state = load(refused, [...older, said("m3", "yes")], [agent("completed")]);
    expect(state.items.at(-1)).toMatchObject({ id: "local", problem: "too many messages" });
  });
});

it("a lost beginning of an answer is not the answer of another turn", () => {
  const heard = restart(applyEvents(start, [spawned(), delta("Two fi")]));
  const other = { ...(STORED.at(-1) as (typeof STORED)[number]), agentId: "agent-9" };
  const state = load(heard, [...STORED.slice(0, 1), other], [agent("interrupted")]);
  expect(state.items).toContainEqual(expect.objectContaining({ text: "Two fi", cut: true }));
});

describe("agents", () => {
  it("that run make a turn, and their open calls run", () => {
    const state = load(start, STORED.slice(0, 2), [agent("running")]);
    expect(state.turn?.model).toBe("demo");
    expect(state.items.at(-1)).toMatchObject({ kind: "tool", state: "running" });
  });

  it("that ended while their list was on its way do not run again, unless they go on", () => {
    const over = applyEvents(start, [spawned(), response("m4", "Two files."), ended("agent.completed")]);
    expect(load(over, STORED, [agent("running")]).turn).toBeNull();
    const again = applyEvents(over, [spawned()]);
    expect(load({ ...again, turn: null }, STORED, [agent("running")]).turn).toMatchObject({
      agentId: "agent-1",
    });
  });

  it("that ended while nobody listened end their turn", () => {
    const state = load(applyEvents(start, [spawned(), delta("half")]), STORED, [agent("completed")]);
    expect(state.turn).toBeNull();
  });

  it("that were interrupted say so below their last item", () => {
    const state = load(start, STORED.slice(0, 2), [agent("interrupted")]);
    expect(state.items.at(-1)).toMatchObject({ kind: "notice", tone: "interrupted" });
    expect(state.items.at(-2)).toMatchObject({ kind: "tool", state: "unfinished" });
  });

  it("that were interrupted keep what this page heard of their answer, above the word on their end", () => {
    const heard = restart(applyEvents(start, [spawned(), delta("Two fi")]));
    const state = load(heard, STORED.slice(0, 1), [agent("interrupted")]);
    expect(state.items.slice(1)).toMatchObject([
      { kind: "message", text: "Two fi", cut: true },
      { kind: "notice", tone: "interrupted" },
    ]);
    expect(load(state, STORED, [agent("completed")]).items).not.toContainEqual(
      expect.objectContaining({ cut: true }),
    );
  });

  it("that failed say why, once", () => {
    const heard = applyEvents(start, [spawned(), ended("agent.failed", "the key is wrong")]);
    const state = load(heard, STORED.slice(0, 1), [agent("failed", "the key is wrong")]);
    expect(state.items.filter((item) => item.kind === "notice")).toMatchObject([
      { text: "the key is wrong" },
    ]);
  });
});
