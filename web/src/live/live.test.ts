import { describe, expect, it } from "vitest";
import { applyEvents } from "@/conversation/reducer";
import { asked, delta, resolved, SESSION } from "@/conversation/testing";
import { emptyConversation } from "@/conversation/types";
import { backoffMs } from "./backoff";
import { joinReplay } from "./holding";
import { applyToPending } from "./permissions";

describe("waiting before the next attempt", () => {
  it("grows, up to a bound, and is never nothing", () => {
    expect(backoffMs(0, 0)).toBe(250);
    expect(backoffMs(1, 1)).toBe(1000);
    expect(backoffMs(1000, 1)).toBe(15_000);
  });
});

describe("a replay", () => {
  it("that joined pieces of an answer is not doubled by the live ones", () => {
    const [first, second, third] = [delta("a"), delta("b"), delta("c")];
    const joined = { ...second, payload: { ...second.payload, text: "ab" } } as typeof second;
    const events = joinReplay([joined], [first, second, third]);
    expect(applyEvents(emptyConversation(SESSION), events).turn?.draft).toBe("abc");
  });

  it("that is empty lets everything pass", () => {
    const held = [delta("a")];
    expect(joinReplay([], held)).toEqual(held);
  });
});

describe("questions", () => {
  it("come once and go when they are answered, here or elsewhere", () => {
    const question = asked("c1", "q1");
    const pending = applyToPending([], [question, question, asked("c2", "q2")]);
    expect(pending.map((request) => request.id)).toEqual(["q1", "q2"]);
    expect(applyToPending(pending, [resolved("q1")]).map((request) => request.id)).toEqual(["q2"]);
  });
});
