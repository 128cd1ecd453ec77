import { describe, expect, it } from "vitest";
import { addInfo, addSending, applyEvents, markFailed, refuse, restart, SEEN_MAX, sameJson } from "./reducer";
import {
  AGENT,
  asked,
  delta,
  ended,
  event,
  invoked,
  resolved,
  response,
  result,
  SESSION,
  said,
  spawned,
  usage,
} from "./testing";
import { emptyConversation, type ToolItem } from "./types";

const start = emptyConversation(SESSION);
const tool = (state: ReturnType<typeof applyEvents>) =>
  state.items.find((item): item is ToolItem => item.kind === "tool");

describe("a turn", () => {
  const turn = [
    said("m1", "user", "list the files"),
    spawned(),
    invoked("c1"),
    result("c1"),
    delta("One "),
    delta("file."),
    response("m2", "One file."),
    ended("agent.completed"),
  ];

  it("becomes a message, a call and an answer", () => {
    const state = applyEvents(start, turn);
    expect(state.items.map((item) => item.kind)).toEqual(["message", "tool", "message"]);
    expect(state.items.at(-1)).toMatchObject({ text: "One file.", model: "demo" });
    expect(state.turn).toBeNull();
    expect(state.usage["agent-1"]?.iterations).toBe(2);
  });

  it("is the same in one batch and event by event", () => {
    const single = turn.reduce((state, one) => applyEvents(state, [one]), start);
    expect(single).toEqual(applyEvents(start, turn));
  });

  it("is the same when it is replayed from any place", () => {
    const whole = applyEvents(start, turn);
    for (let from = 0; from < turn.length; from++) {
      expect(applyEvents(whole, turn.slice(from)), `replayed from ${from}`).toBe(whole);
      const partly = applyEvents(start, turn.slice(0, from));
      expect(applyEvents(partly, turn)).toEqual(whole);
    }
  });
});

describe("skills", () => {
  const skills = ["code-review"];
  const given = event({ type: "agent.skills", payload: { agentId: AGENT, skills } });
  const answer = event({
    type: "chat.response",
    payload: { agentId: AGENT, messageId: "m2", text: "Mind the tests.", model: "demo", usage, skills },
  });

  it("are told while the turn runs and stay with its answer", () => {
    const running = applyEvents(start, [said("m1", "user", "review"), spawned(), given]);
    expect(running.turn?.skills).toEqual(skills);
    const done = applyEvents(running, [answer, ended("agent.completed")]);
    expect(done.items.at(-1)).toMatchObject({ text: "Mind the tests.", skills });
    expect(applyEvents(start, [response("m3", "Hello.")]).items.at(-1)).not.toHaveProperty("skills");
  });
});

describe("events that do not come as they should", () => {
  it("count once within a batch as well", () => {
    const piece = delta("once");
    expect(applyEvents(start, [piece, piece]).turn?.draft).toBe("once");
  });

  it("of another session change nothing", () => {
    const foreign = event(
      { type: "chat.delta", payload: { agentId: "a", text: "x", reasoning: false } },
      "session-2",
    );
    expect(applyEvents(start, [foreign])).toBe(start);
  });

  it("are written down from the middle of a turn", () => {
    const state = applyEvents(start, [delta("…the rest")]);
    expect(state.turn).toMatchObject({ agentId: "agent-1", draft: "…the rest" });
  });

  it("show a result whose call was missed", () => {
    expect(tool(applyEvents(start, [result("c9", true)]))).toMatchObject({ id: "c9", state: "error" });
  });

  it("are remembered up to a bound, the newest of them", () => {
    const many = Array.from({ length: SEEN_MAX + 10 }, () => delta("x"));
    const state = applyEvents(start, many);
    expect(state.seen.size).toBeLessThanOrEqual(SEEN_MAX);
    expect(state.seen.has(many.at(-1)?.id ?? "")).toBe(true);
    expect(state.lastEventId).toBe(many.at(-1)?.id);
  });
});

describe("a question", () => {
  it("makes its call wait, and the answer lets it run", () => {
    const waiting = applyEvents(start, [spawned(), invoked("c1"), asked("c1")]);
    expect(tool(waiting)?.state).toBe("waiting");
    const running = applyEvents(waiting, [resolved()]);
    expect(tool(running)).toMatchObject({ state: "running", resolution: "once" });
  });

  it("that is answered late does not wake a call that ended", () => {
    const state = applyEvents(start, [
      invoked("c1"),
      asked("c1"),
      result("c1", true),
      resolved("question-1", "deny"),
    ]);
    expect(tool(state)).toMatchObject({ state: "error", resolution: "deny" });
  });

  it("that nobody here asked is ignored", () => {
    expect(applyEvents(start, [resolved("unknown")]).items).toEqual([]);
  });
});

describe("a turn that ends early", () => {
  it("keeps what was written and says that it was stopped", () => {
    const state = applyEvents(start, [spawned(), delta("half an"), ended("agent.stopped")]);
    expect(state.items).toMatchObject([
      { kind: "message", text: "half an" },
      { kind: "notice", tone: "stopped" },
    ]);
  });

  it("leaves no call running when the server went away", () => {
    const state = applyEvents(start, [spawned(), invoked("c1"), ended("agent.interrupted")]);
    expect(tool(state)?.state).toBe("unfinished");
    expect(state.items.at(-1)).toMatchObject({ kind: "notice", tone: "interrupted" });
    expect(state.turn).toBeNull();
  });

  it("says its failure once", () => {
    const failed = event({
      type: "chat.error",
      payload: { agentId: "agent-1", code: "auth", message: "the key is wrong" },
    });
    const state = applyEvents(start, [spawned(), failed, ended("agent.failed", "the key is wrong")]);
    expect(state.items.filter((item) => item.kind === "notice")).toHaveLength(1);
  });

  it("does not end the turn that followed it", () => {
    const state = applyEvents(start, [spawned("agent-2"), ended("agent.completed")]);
    expect(state.turn?.agentId).toBe("agent-2");
  });
});

describe("text before a call", () => {
  it("stays above it and is not doubled by its message", () => {
    const state = applyEvents(start, [
      spawned(),
      delta("I look."),
      invoked("c1"),
      said("m2", "assistant", "I look."),
    ]);
    expect(state.items.map((item) => item.kind)).toEqual(["message", "tool"]);
    expect(state.items[0]).toMatchObject({ id: "m2", text: "I look." });
  });

  it("may be thoughts alone", () => {
    const state = applyEvents(start, [spawned(), delta("hm", true), said("m2", "assistant", "")]);
    expect(state.items).toMatchObject([{ kind: "message", text: "", reasoning: "hm" }]);
  });
});

describe("what is sent", () => {
  it("that is sent stands where the server puts it, as on every other screen", () => {
    const both = addSending(addSending(start, "local-1", "hello", "now"), "local-2", "again", "now");
    const heard = [
      spawned(),
      said("m1", "user", "hello"),
      response("m2", "Done."),
      said("m3", "user", "again"),
    ];
    const state = applyEvents(both, heard);
    expect(state.items.map(({ id }) => id)).toEqual(["m1", "m2", "m3"]);
    const first = applyEvents(both, heard.slice(0, 2));
    expect(first.items.map(({ id }) => id)).toEqual(["m1", "local-2"]);
  });

  it("is confirmed by its event and not shown twice", () => {
    const sending = addSending(start, "local-1", "hello", "now");
    const state = applyEvents(sending, [said("m1", "user", "hello")]);
    expect(state.items).toHaveLength(1);
    expect(state.items[0]).toMatchObject({ id: "m1" });
    expect(state.items[0]).not.toHaveProperty("sending");
  });

  it("is shown with its files, wherever it was sent", () => {
    const attachments = [{ artifactId: "file-1", name: "notes.txt", mediaType: "text/plain", bytes: 5 }];
    const message = event({
      type: "chat.message",
      payload: { messageId: "m1", agentId: AGENT, role: "user", text: "read this", attachments },
    });
    const here = addSending(start, "local-1", "read this", "now", { attachments });
    for (const before of [here, start])
      expect(applyEvents(before, [message]).items).toMatchObject([{ id: "m1", attachments }]);
  });

  it("that was refused says why, and the others wait on", () => {
    const two = addSending(addSending(start, "local-1", "hello", "now"), "local-2", "again", "now", {
      injected: true,
    });
    expect(refuse(two, "local-2", "too many messages").items).toMatchObject([
      { text: "hello", sending: "sending" },
      { text: "again", sending: "failed", problem: "too many messages", injected: true },
    ]);
  });

  it("is confirmed before one like it that seemed lost, and not for one that was refused", () => {
    const lost = markFailed(addSending(start, "lost", "hello", "now"));
    const refused = refuse(addSending(lost, "refused", "hello", "now"), "refused", "too many messages");
    const first = applyEvents(addSending(refused, "local", "hello", "now"), [said("m1", "user", "hello")]);
    expect(first.items.map((item) => item.id)).toEqual(["m1", "lost", "refused"]);
    const second = applyEvents(first, [said("m2", "user", "hello")]);
    expect(second.items.map((item) => item.id)).toEqual(["m1", "m2", "refused"]);
    const third = applyEvents(second, [said("m3", "user", "hello")]);
    expect(third.items.map((item) => item.id)).toEqual(["m1", "m2", "refused", "m3"]);
  });

  it("stays when it fails, also over a restart", () => {
    const failed = markFailed(addSending(start, "local-1", "hello", "now"));
    expect(restart(failed).items).toMatchObject([{ text: "hello", sending: "failed" }]);
  });
});

describe("an answer with a hole", () => {
  const [first, second, third] = [delta("a"), delta("b"), delta("c")];
  const cut = restart(applyEvents(start, [first, third]));

  it("is a beginning until a replay writes it whole", () => {
    expect(cut.turn).toBeNull();
    expect(cut.items).toMatchObject([{ kind: "message", text: "ac", cut: true }]);
    const whole = applyEvents(cut, [first, second, third]);
    expect(whole.turn?.draft).toBe("abc");
    expect(whole.items).toEqual([]);
  });

  it("stays as what was heard when the server lost it, above the word on its end", () => {
    const lost = applyEvents(cut, [ended("agent.interrupted")]);
    expect(lost.items).toMatchObject([
      { kind: "message", text: "ac", cut: true },
      { kind: "notice", tone: "interrupted" },
    ]);
    expect(restart(lost).items).toEqual(lost.items);
  });

  it("goes away when its turn is taken up again, and stays when something new is said", () => {
    const lost = applyEvents(cut, [ended("agent.interrupted")]);
    expect(applyEvents(lost, [spawned("agent-2")]).items).toMatchObject([{ kind: "notice" }]);
    const newly = applyEvents(lost, [said("m7", "user", "something else"), spawned("agent-2")]);
    expect(newly.items).toMatchObject([{ cut: true }, { kind: "notice" }, { text: "something else" }]);
  });

  it("becomes the message that it was the beginning of", () => {
    const state = applyEvents(restart(applyEvents(start, [delta("The sea")])), [
      response("m2", "The sea is wide."),
    ]);
    expect(state.items).toMatchObject([{ id: "m2", text: "The sea is wide." }]);
    expect(state.items[0]).not.toHaveProperty("cut");
  });
});

it("says that a conversation is nearly too long, below what was said", () => {
  const payload = { agentId: AGENT, reason: "It takes 9 of 10 tokens.", tokens: 9, tokensMax: 10 };
  const stalled = event({ type: "session.compaction_stalled", payload });
  const state = applyEvents(start, [said("m1", "user", "go on"), stalled, stalled]);
  expect(state.items.slice(1)).toMatchObject([{ kind: "notice", tone: "info", text: payload.reason }]);
});

it("says what a hook did to a call", () => {
  const of = { agentId: AGENT, callId: "c1", hook: "acme/guard", name: "shell__run" };
  const rewrote = event({ type: "hook.rewrote", payload: { ...of, arguments: { command: "ls" } } });
  const blocked = event({ type: "hook.blocked", payload: { ...of, reason: "not on a Friday" } });
  expect(applyEvents(start, [rewrote, blocked]).items).toMatchObject([
    {
      kind: "notice",
      text: 'The hook acme/guard changed the arguments of shell run: {"command":"ls"}',
    },
    { kind: "notice", text: "The hook acme/guard blocked shell run: not on a Friday" },
  ]);
});

describe("what the host says", () => {
  const host = (text: string) =>
    event({ type: "chat.message", payload: { messageId: "h1", role: "system", text } });

  it("is shown once, and the answer to the command that it tells of takes its place", () => {
    const told = applyEvents(start, [host("Summarised: 10 older messages."), said("m1", "user", "go on")]);
    expect(applyEvents(told, [host("Summarised: 10 older messages.")]).items).toEqual(told.items);
    const answered = addInfo(told, "h1", "Summarised: 10 older messages.\n\nThey greet.", "now", false);
    expect(answered.items).toMatchObject([
      { kind: "notice", tone: "info", text: "Summarised: 10 older messages.\n\nThey greet." },
      { kind: "message", text: "go on" },
    ]);
    expect(applyEvents(answered, [host("late")]).items).toEqual(answered.items);
  });
});

it("compares JSON in whatever order its keys are", () => {
  expect(sameJson({ a: 1, b: [{ c: 2, d: 3 }] }, { b: [{ d: 3, c: 2 }], a: 1 })).toBe(true);
  expect(sameJson({ a: [1, 2] }, { a: [2, 1] })).toBe(false);
});
