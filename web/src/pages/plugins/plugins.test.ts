import { describe, expect, it } from "vitest";
import { difference } from "./difference";
import { counts, errorsOf, micros } from "./numbers";
import { stateOf } from "./state";

describe("numbers of plugins", () => {
  it("times are read in their unit, and nothing is a dash", () => {
    expect([undefined, null, 850, 1_500, 12_000, 2_500_000].map(micros)).toEqual([
      "–",
      "–",
      "850 µs",
      "1.5 ms",
      "12 ms",
      "2.5 s",
    ]);
  });

  it("errors are added up and named, the most frequent first", () => {
    const sums = { errors: { time_limit: 1, trap: 3 } };
    expect(errorsOf(sums as never)).toBe(4);
    expect(counts(sums.errors)).toBe("3 trap, 1 time_limit");
    expect(counts({})).toBe("none");
  });
});

describe("what a plugin is", () => {
  it("a revocation and a missing grant say themselves before the state", () => {
    const incident = { kind: "revoked" } as never;
    expect(stateOf({ state: "quarantined", incident, mayUse: true })).toBe("revoked");
    expect(stateOf({ state: "running", mayUse: false })).toBe("not for you");
    expect(stateOf({ state: "broken", mayUse: false })).toBe("broken");
    expect(stateOf({ state: "running", mayUse: true })).toBe("running");
  });
});

describe("the difference of two texts", () => {
  it("shows what is gone and what is new, line by line", () => {
    expect(difference("a\nb\n", "a\nc\n")).toEqual([
      { change: " ", line: "a" },
      { change: "-", line: "b" },
      { change: "+", line: "c" },
    ]);
  });

  it("is the text itself when there was none before", () => {
    expect(difference(null, "a\nb\n").map(({ line }) => line)).toEqual(["a", "b"]);
  });
});
