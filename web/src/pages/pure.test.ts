import { describe, expect, it } from "vitest";
import { failureOf } from "@/api/errors";
import type { Model, Setting } from "@/api/types";
import { costNote, costOf, costText, readCost, totalOf } from "@/lib/cost";
import { toCsv } from "@/lib/csv";
import { bytes, duration, usd } from "@/lib/format";
import { isDestructive } from "./chat/danger";
import { FILE_BYTES_MAX, FILES_MAX, fitting } from "./chat/fitting";
import { usableModel } from "./chat/models";
import { complete, isKnown, slashOf } from "./chat/slash";
import { browserName } from "./profile/browser";
import { readValue, shownValue, textOf } from "./settings/value";
import { fieldsOf, readValues } from "./tools/schema";

describe("commands", () => {
  const commands = [
    { name: "status", aliases: ["s"], meaning: "" },
    { name: "abort", aliases: ["stop"], meaning: "" },
    { name: "cost", aliases: [], meaning: "" },
  ];

  it("are a slash and a word; a path is none", () => {
    expect(slashOf("/compact keep the plan")).toEqual({ name: "compact", args: "keep the plan" });
    expect(slashOf("/etc/hosts")).toBeNull();
    expect(slashOf("hello /status")).toBeNull();
  });

  it("are completed by name and alias, what begins so first", () => {
    expect(complete(commands, "/st").map((command) => command.name)).toEqual(["status", "abort", "cost"]);
    expect(complete(commands, "/")).toHaveLength(3);
    expect(complete(commands, "/status ")).toEqual([]);
    expect(isKnown(commands, "stop")).toBe(true);
  });
});

describe("what destroys", () => {
  const call = (tool: string, operation: string, given: unknown, subject?: string) =>
    isDestructive({ tool, operation, arguments: given, subject });
  const runs = (command: string) => call("shell", "run", { command }, command);

  it("is seen by the name of the tool or of the operation", () => {
    const names = ["delete_file", "removeUser", "db-drop", "volume.prune", "reset", "Uninstall"];
    for (const name of names) expect(call("x", name, {}), name).toBe(true);
    expect(call("purge", "run", {})).toBe(true);
    for (const name of ["write_file", "format_date", "undelete", "list_removed", "dropdown", "cleaner"])
      expect(call("x", name, {}), name).toBe(false);
  });

  it("is seen by a switch among the arguments", () => {
    expect(call("git", "push", { remote: "origin", force: true })).toBe(true);
    expect(call("files", "move", { from: "a", to: "b", options: { purge: true } })).toBe(true);
    expect(call("files", "move", { from: "a", to: "b", force: false })).toBe(false);
    expect(call("http", "request", { method: "DELETE", url: "https://example.com/1" })).toBe(true);
  });

  it("is seen by a command, also one that is a list of words", () => {
    const commands = [
      "rm notes.txt",
      "ls && rm -rf build",
      "sudo ls",
      "git push -f origin main",
      "git push origin +main",
      "git reset --hard HEAD~1",
      "find . -name '*.o' -delete",
      "psql -c 'DROP TABLE users'",
      "docker volume rm data",
      "kubectl delete pod web",
      "dd if=/dev/zero of=/dev/sda",
      "chmod -R 777 .",
    ];
    for (const command of commands) expect(runs(command), command).toBe(true);
    expect(call("shell", "exec", { argv: ["rm", "-r", "build"] })).toBe(true);
    expect(call("db", "query", { sql: "delete from users" })).toBe(true);
  });

  it("is not what only looks like it", () => {
    const commands = [
      "ls -la",
      "tail -f log.txt",
      "grep -f words.txt",
      "git status",
      "git push",
      "cargo test",
    ];
    for (const command of commands) expect(runs(command), command).toBe(false);
    const note = "never run rm -rf / on a server";
    expect(call("filesystem", "write_file", { path: "a.md", content: note, overwrite: true }, "a.md")).toBe(
      false,
    );
    expect(call("mail", "send", { body: note }, note)).toBe(false);
  });
});

describe("a form from a schema", () => {
  const fields = fieldsOf({
    properties: {
      limit: { type: "integer", default: 10 },
      path: { type: "string" },
      tags: { type: "array" },
      mode: { type: "string", enum: ["a", "b"] },
    },
    required: ["path"],
  });

  it("puts what must be given first", () => {
    expect(fields.map((field) => [field.name, field.type])).toEqual([
      ["path", "string"],
      ["limit", "integer"],
      ["tags", "json"],
      ["mode", "string"],
    ]);
  });

  it("reads values by their types and leaves out what is empty", () => {
    const read = readValues(fields, { path: "x", limit: "3", tags: '["a"]' });
    expect(read).toEqual({ ok: true, arguments: { path: "x", limit: 3, tags: ["a"] } });
  });

  it("says at the field what is wrong", () => {
    const read = readValues(fields, { path: "x", limit: "3.5", tags: "[" });
    expect(read.ok ? {} : Object.keys(read.errors)).toEqual(["limit", "tags"]);
  });
});

describe("what people read", () => {
  it("has units that fit", () => {
    expect([duration(840), duration(3200), duration(125_000), duration(4_200_000)]).toEqual([
      "840 ms",
      "3.2 s",
      "2 min 05 s",
      "1 h 10 min",
    ]);
    expect([bytes(512), bytes(2048), bytes(5_000_000)]).toEqual(["512 B", "2.0 KiB", "4.8 MiB"]);
    expect([usd(0), usd(0.0012), usd(1.5)]).toEqual(["$0", "$0.0012", "$1.50"]);
  });

  it("names a browser and its system", () => {
    const safari =
      "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile/15E148 Safari/604.1";
    expect(browserName(safari)).toBe("Safari on iOS");
    expect(browserName("curl/8")).toBe("curl/8");
  });
});

it("a table becomes a file that a spreadsheet reads as it is", () => {
  const csv = toCsv([
    ["Name", "Tokens"],
    ['say "hi", now', 12],
    ["=HYPERLINK(1)", -3],
  ]);
  expect(csv).toBe('\uFEFFName,Tokens\r\n"say ""hi"", now",12\r\n\'=HYPERLINK(1),-3\r\n');
});

describe("files for a message", () => {
  const file = (name: string, size: number) => ({ name, size }) as File;

  it("are taken up to their number and size, and the rest is told", () => {
    expect(fitting([file("a.txt", 10)], 0)).toEqual({ taken: [file("a.txt", 10)], problem: null });
    const mixed = fitting([file("big", FILE_BYTES_MAX + 1), file("none", 0), file("ok", FILE_BYTES_MAX)], 0);
    expect(mixed.taken.map((one) => one.name)).toEqual(["ok"]);
    expect(mixed.problem).toContain("“big” is larger");
    expect(mixed.problem).toContain("“none” is empty");
    expect(fitting([file("a", 1), file("b", 1)], FILES_MAX - 1).taken).toHaveLength(1);
  });
});

describe("a setting's value", () => {
  const setting = (kind: Setting["kind"], more: Partial<Setting> = {}) =>
    ({ kind, value: null, secret: false, isSet: false, ...more }) as Setting;

  it("is read by its kind, within its bounds", () => {
    expect(readValue(setting("number", { minimum: 1, maximum: 9 }), "5")).toEqual({ ok: true, value: 5 });
    for (const text of ["0", "10", "1.5", "", "x"])
      expect(readValue(setting("number", { minimum: 1, maximum: 9 }), text).ok, text).toBe(false);
    expect(readValue(setting("string_array"), "a\n\n b ")).toEqual({ ok: true, value: ["a", "b"] });
    expect(readValue(setting("json"), "{").ok).toBe(false);
    expect(readValue(setting("boolean"), "true")).toEqual({ ok: true, value: true });
  });

  it("is never shown when it is secret", () => {
    expect(shownValue(setting("string", { secret: true, isSet: true, value: "x" }))).toBe("is set");
    expect(textOf(setting("string", { secret: true, value: "x" }))).toBe("");
    expect(shownValue(setting("string_array", { value: ["a", "b"] }))).toBe("a, b");
  });
});

describe("cost", () => {
  const model = { name: "m", priceIn: 2, priceOut: 10 } as Parameters<typeof costOf>[1] & object;
  const used = { inputTokens: 1_000_000, outputTokens: 100_000, estimated: false };

  it("is of a million tokens", () => {
    expect(costOf(used, model)).toBe(3);
  });

  it("is unknown as a whole when a part is", () => {
    const total = totalOf(
      [
        { model: "m", usage: used },
        { model: "gone", usage: used },
      ],
      [model],
    );
    expect(total).toMatchObject({ inputTokens: 2_000_000, cost: null });
  });

  it("of a conversation claims no more than the server knows", () => {
    const some = {
      calls: 3,
      inputTokens: 40,
      outputTokens: 7,
      costUsd: 0.5,
      unpricedCalls: 0,
      estimatedCalls: 0,
    };
    const shown = (more: object) => {
      const cost = readCost({ ...some, ...more });
      return cost && [costText(cost), costNote(cost)];
    };
    expect(shown({})).toEqual(["$0.500", null]);
    expect(shown({ estimatedCalls: 1 })).toEqual([
      "about $0.500",
      "The tokens of 1 of 3 calls are estimated.",
    ]);
    expect(shown({ unpricedCalls: 2 })).toEqual([
      "at least $0.500",
      "The price of 2 of 3 calls is not known.",
    ]);
    expect(shown({ costUsd: null, unpricedCalls: 3 })).toEqual(["no price set", null]);
    expect(shown({ calls: 0, costUsd: null })).toEqual(["$0", null]);
    expect(readCost({ commands: [] })).toBeNull();
    expect(readCost(null)).toBeNull();
  });
});

describe("errors", () => {
  it("are read from the envelope", () => {
    const failure = failureOf(400, {
      error: { code: "invalid_field", message: "too long", path: "name", request_id: "r1" },
    });
    expect(failure).toMatchObject({ code: "invalid_field", path: "name", requestId: "r1" });
  });

  it("that have none say what to do", () => {
    expect(failureOf(502, "<html>").message).toContain("Try again");
  });
});

it("a model that was removed is not sent any more", () => {
  const models = [{ name: "demo" }] as Model[];
  expect(usableModel(models, "demo")).toBe("demo");
  expect(usableModel(models, "gone")).toBeNull();
  expect(usableModel(models, null)).toBeNull();
  expect(usableModel(undefined, "demo")).toBe("demo");
});
