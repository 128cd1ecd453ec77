import { beforeEach, describe, expect, it, vi } from "vitest";
import type { ClientFrame, EventEnvelope, PermissionRequest, ServerFrame } from "@/api/types";
import {
  AGENT,
  asked,
  ended,
  event,
  invoked,
  resolved,
  SESSION,
  said,
  spawned,
} from "@/conversation/testing";
import type { Listener, Purpose } from "./socket";

const LATER = "2099-01-01T00:00:00Z";

let listener: Listener;
let sent: { frame: ClientFrame; purpose: Purpose | undefined }[] = [];
let open = true;

vi.stubGlobal("window", {
  location: { origin: "http://octi.test", pathname: "/chat" },
  setTimeout: (work: () => void, ms: number) => setTimeout(work, ms),
  clearTimeout: (timer: ReturnType<typeof setTimeout>) => clearTimeout(timer),
});
vi.stubGlobal("document", { visibilityState: "visible", addEventListener() {}, removeEventListener() {} });
vi.mock("./socket", () => ({
  Link: class {
    constructor(hears: Listener) {
      listener = hears;
    }
    start() {}
    stop() {}
    send(frame: ClientFrame, purpose?: Purpose) {
      if (open) sent.push({ frame, purpose });
      return open;
    }
  },
}));
vi.mock("@/api/queries", () => ({
  agentsQuery: () => ({ queryKey: ["agents"] }),
  allMessages: async () => [],
  queryClient: {
    fetchQuery: async () => ({ items: [] }),
    getQueryData: () => undefined,
    invalidateQueries: async () => {},
  },
  sessionQuery: { queryKey: ["session"] },
}));
const { openConversation, runCommand, startLive, stopLive, useLive } = await import("./store");

const receive = (frame: ServerFrame, purpose: Purpose | null = null) => listener.onFrame(frame, purpose);
const replay = (events: EventEnvelope[], gap = false) =>
  receive({ type: "replay", sessionId: SESSION, events, gap });
const questions = () => useLive.getState().permissions.map(({ id }) => id);
const openQuestion = (callId: string, id: string) => {
  const question = asked(callId, id) as EventEnvelope & { payload: PermissionRequest };
  return { ...question, payload: { ...question.payload, expiresAt: LATER } } as EventEnvelope;
};
const costs = () => sent.filter(({ purpose }) => purpose?.kind === "cost").length;

beforeEach(async () => {
  vi.useFakeTimers();
  stopLive();
  open = true;
  startLive();
  openConversation(SESSION);
  await vi.advanceTimersByTimeAsync(0);
  sent = [];
});

describe("a replay", () => {
  it("that holds a question shows it, and one that holds its answer takes it away", () => {
    replay([spawned(), invoked("c1"), openQuestion("c1", "q1")]);
    expect(questions()).toEqual(["q1"]);
    receive({ type: "replay", sessionId: SESSION, events: [resolved("q1")], gap: false });
    expect(questions()).toEqual([]);
  });

  it("brings no question back that was answered, expired, or whose turn ended", () => {
    replay([
      spawned(),
      openQuestion("c1", "q1"),
      resolved("q1"),
      asked("c2", "q2"),
      openQuestion("c3", "q3"),
      ended("agent.stopped"),
    ]);
    expect(questions()).toEqual([]);
  });

  it("that comes too late still shows its question", async () => {
    await vi.advanceTimersByTimeAsync(5_000);
    replay([spawned(), openQuestion("c1", "q1")]);
    expect(questions()).toEqual(["q1"]);
  });

  it("keeps a question that was heard while it was waited for", () => {
    const question = openQuestion("c1", "q1");
    receive({ type: "event", event: question });
    expect(questions()).toEqual(["q1"]);
    replay([spawned(), question]);
    expect(questions()).toEqual(["q1"]);
  });
});

describe("what a conversation used", () => {
  const data = {
    calls: 3,
    inputTokens: 40,
    outputTokens: 7,
    costUsd: 0.5,
    unpricedCalls: 1,
    estimatedCalls: 0,
  };
  const cost = () => useLive.getState().conversations[SESSION]?.cost;

  it("is asked for when a turn or a side question ends, once for all that come together", async () => {
    replay([]);
    const answer = event({
      type: "chat.message",
      payload: { messageId: "a1", role: "assistant", text: "x", sideChannel: true, answers: "q1" },
    });
    for (const one of [spawned(), said("m1", "user", "hello"), ended("agent.completed"), answer])
      receive({ type: "event", event: one });
    expect(costs()).toBe(0);
    await vi.advanceTimersByTimeAsync(50);
    expect(costs()).toBe(1);
    receive({ type: "event", event: { ...ended("agent.failed"), sessionId: "not open" } });
    await vi.advanceTimersByTimeAsync(50);
    expect(costs()).toBe(1);
  });

  it("is what the server says, and not said in the conversation unless somebody asked", () => {
    receive(
      { type: "command.result", name: "cost", result: "3 calls", data },
      { kind: "cost", sessionId: SESSION },
    );
    expect(cost()).toEqual(data);
    expect(useLive.getState().conversations[SESSION]?.items).toEqual([]);
    const again = { ...data, calls: 4 };
    receive(
      { type: "command.result", name: "cost", result: "4 calls", data: again },
      { kind: "command", sessionId: SESSION },
    );
    expect(cost()).toEqual(again);
    expect(useLive.getState().conversations[SESSION]?.items).toMatchObject([{ text: "4 calls" }]);
  });

  it("stays as it was when the server refuses to say it", () => {
    receive({ type: "command.result", name: "cost", result: "", data }, { kind: "cost", sessionId: SESSION });
    receive({ type: "error", code: "RATE_LIMITED", message: "slower" }, { kind: "cost", sessionId: SESSION });
    expect(cost()).toEqual(data);
    expect(useLive.getState().problem).toBeNull();
  });
});

it("a command that cannot leave says so", () => {
  open = false;
  expect(runCommand(SESSION, "status", "")).toBe(false);
});

it("a question of another turn stays when one ends", () => {
  const other = openQuestion("c1", "q1") as Extract<EventEnvelope, { type: "permission.request" }>;
  replay([
    { ...other, payload: { ...other.payload, agentId: "agent-2" } },
    spawned(AGENT),
    ended("agent.completed"),
  ]);
  expect(questions()).toEqual(["q1"]);
});
