import { describe, expect, it } from "vitest";
import type { Tool } from "@/api/types";
import { applyEvents } from "@/conversation/reducer";
import { AGENT, invoked, SESSION, spawned } from "@/conversation/testing";
import { emptyConversation } from "@/conversation/types";
import { askerOf } from "./asker";
import { changeOf, linesOf } from "./change";

const shown = (before: string, after: string, timeout?: number) =>
  linesOf(before, after, timeout).map(({ kind, text }) => `${kind} ${text}`);

describe("a change", () => {
  it("is a text and its replacement, by the names that tools give them", () => {
    expect(changeOf({ path: "a.rs", old: "one", new: "two" })).toEqual({
      names: ["old", "new"],
      before: "one",
      after: "two",
    });
    expect(changeOf({ old_string: "one", new_string: "" })).toMatchObject({ before: "one", after: "" });
    expect(changeOf({ old: "one" })).toBeNull();
    expect(changeOf({ old: 1, new: 2 })).toBeNull();
    expect(changeOf(null)).toBeNull();
  });

  it("is shown line by line, with two lines around it", () => {
    const before = "a\nb\nc\nd\ne\nf\n";
    expect(shown(before, before.replace("d", "D"))).toEqual([
      "same b",
      "same c",
      "removed d",
      "added D",
      "same e",
      "same f",
    ]);
  });

  it("leaves out what is between two places, and says so", () => {
    const lines = Array.from({ length: 20 }, (_, index) => `line ${index}`);
    const after = lines.with(1, "first").with(18, "second").join("\n");
    expect(shown(lines.join("\n"), after).filter((line) => !line.startsWith("same"))).toEqual([
      "removed line 1",
      "added first",
      "gap ",
      "removed line 18",
      "added second",
    ]);
  });

  it("says nothing of line breaks at the end, and keeps lines that begin with a sign", () => {
    expect(shown("let total = 1;", "let total = 2;")).toEqual([
      "removed let total = 1;",
      "added let total = 2;",
    ]);
    expect(shown("\\ one\n", "- two\n")).toEqual(["removed \\ one", "added - two"]);
    expect(shown("gone\n", "")).toEqual(["removed gone"]);
    expect(shown("same", "same")).toEqual([]);
  });

  it("that takes too long to find is everything taken away and everything put in its place", () => {
    const before = Array.from({ length: 3000 }, (_, index) => `old ${index}`).join("\n");
    const after = Array.from({ length: 3000 }, (_, index) => `new ${index}`).join("\n");
    const lines = linesOf(before, after, 0);
    expect(lines).toHaveLength(6000);
    expect(lines[0]).toEqual({ kind: "removed", text: "old 0" });
    expect(lines.at(-1)).toEqual({ kind: "added", text: "new 2999" });
  });
});

describe("who asks", () => {
  const question = { agentId: AGENT, callId: "c1", tool: "shell", operation: "run" };
  const tool = { tool: "shell", operation: "run", plugin: "octi/shell", pluginVersion: "2" } as Tool;

  it("is the role of the turn and the plugin, in the version that was called", () => {
    const conversation = applyEvents(emptyConversation(SESSION), [spawned(), invoked("c1")]);
    expect(askerOf(question, conversation, [tool])).toEqual({
      role: "octi/general",
      plugin: "octi/shell",
      version: "1",
    });
  });

  it("is as much as is known", () => {
    expect(askerOf(question, undefined, [tool])).toEqual({ role: null, plugin: "octi/shell", version: "2" });
    const other = applyEvents(emptyConversation(SESSION), [spawned("agent-2")]);
    expect(askerOf(question, other, [])).toEqual({ role: null, plugin: null, version: null });
  });
});
