import { describe, expect, it } from "vitest";
import { asked, resolved } from "@/conversation/testing";
import { backoffMs } from "./backoff";
import { applyToPending } from "./permissions";

describe("waiting before the next attempt", () => {
  it("grows, up to a bound, and is never nothing", () => {
    expect(backoffMs(0, 0)).toBe(250);
    expect(backoffMs(1, 1)).toBe(1000);
    expect(backoffMs(1000, 1)).toBe(15_000);
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
