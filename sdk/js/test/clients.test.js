import assert from "node:assert/strict";
import { test } from "node:test";
import { Failed, HostError, schema } from "@octi/plugin";
import * as artifacts from "@octi/plugin/artifacts";
import { ask } from "@octi/plugin/ask";
import { root, workspace } from "@octi/plugin/fs";
import * as http from "@octi/plugin/http";
import * as kv from "@octi/plugin/kv";
import { complete } from "@octi/plugin/llm";
import * as log from "@octi/plugin/log";
import { given } from "./fakes/artifacts.mjs";
import { asked, next as toAnswer } from "./fakes/ask.mjs";
import { files } from "./fakes/fs.mjs";
import { next, sent } from "./fakes/http.mjs";
import { prompts } from "./fakes/llm.mjs";
import { lines, steps } from "./fakes/log.mjs";

test("a refusal of the host says what it was", () => {
  assert.throws(() => root("home"), (error) => error instanceof HostError && error.code === "denied" && error.tag === "needs-user");
  assert.throws(() => workspace().open("none"), (error) => error.isNotFound && error.tag === "failed");
  const quota = new HostError({ tag: "quota", val: { name: "kv.bytes_max", limit: 10n, retryAfterMs: 1500n } });
  assert.equal(quota.message, "the limit `kv.bytes_max` of 10 is reached; try again in 2 s");
  assert.equal(quota.tag, "unavailable");
  assert.equal(new HostError({ tag: "timeout" }).message, "the host took too long");
});

test("files are written in pieces and read to their end", () => {
  const dir = workspace();
  const text = "ä".repeat(70_000);
  assert.equal(dir.write("a.txt", text).size, 140_000);
  assert.equal(dir.readText("a.txt", 1 << 20), text);
  assert.throws(() => dir.readText("a.txt", 10), /has 140000 bytes, more than the 10/);
  assert.throws(() => dir.write("a.txt", "b", { keep: true }), (error) => error.isConflict);
  files.set("b", Uint8Array.of(255));
  assert.throws(() => dir.readText("b", 10), (error) => error instanceof Failed && /`b` is not text in UTF-8/.test(error.message));
  assert.deepEqual(dir.list()[0], { path: "a.txt", kind: "file", size: 140_000, modified: new Date(1000) });
});

test("what is remembered has a version", () => {
  assert.equal(kv.get("n"), undefined);
  assert.equal(kv.set("n", { a: [1] }, { expected: 0 }), 1);
  assert.deepEqual(kv.get("n"), { value: { a: [1] }, version: 1 });
  assert.throws(() => kv.set("n", 2, { expected: 7 }), (error) => error.isConflict);
  assert.deepEqual(kv.keys("n"), ["n"]);
  kv.remove("n");
  assert.deepEqual(kv.keys(), []);
});

test("a request is sent with its body, and its answer is bounded", () => {
  next.text = '{"a":1}';
  const answer = http.post("https://a.test/", { headers: { "x-key": "{{secret:k}}" }, json: { q: "ä" }, timeoutMs: 10 });
  const headers = [["x-key", "{{secret:k}}"], ["content-type", "application/json"]];
  const head = { method: "POST", url: "https://a.test/", headers, timeoutMs: 10, redirects: "follow" };
  assert.deepEqual(sent[0], { ...head, body: '{"q":"ä"}' });
  assert.deepEqual([answer.ok, answer.header("content-type"), answer.json()], [true, "application/json", { a: 1 }]);
  next.text = "x".repeat(70_000);
  const { bytes, isCut } = http.get("https://a.test/").bytes(66_000);
  assert.deepEqual([bytes.length, isCut], [66_000, true]);
  assert.throws(() => http.get("https://a.test/").text(10), /more than 10 bytes/);
  assert.throws(() => http.get("https://a.test/").json(), /is not JSON/);
});

test("a file is given in pieces with its name and type", () => {
  const content = "ä".repeat(70_000);
  assert.deepEqual(artifacts.give("a.txt", "text/plain", content), { id: "1", name: "a.txt", mediaType: "text/plain", size: 140_000 });
  assert.equal(new TextDecoder().decode(given[0].bytes), content);
  assert.throws(() => artifacts.give("a.txt", "text", "x"), (error) => error instanceof HostError && error.code === "invalid");
});

test("a person is asked with a form, and answers or does not", () => {
  const form = schema.object({ count: schema.integer("How many?") });
  assert.deepEqual(ask("How many?", form), { action: "cancelled" });
  assert.deepEqual(asked[0], { message: "How many?", schema: JSON.stringify(form), timeoutMs: undefined });
  toAnswer.answer = { tag: "given", val: '{"count":2}' };
  assert.deepEqual(ask("How many?", form, { timeoutMs: 10 }), { action: "given", value: { count: 2 } });
});

test("a model is asked about a topic", () => {
  const given = complete("summarise", "a long text", { maxTokens: 5, system: "Be brief." });
  assert.deepEqual(given, { text: "short", inputTokens: 3, outputTokens: 1, stop: "length" });
  const messages = [{ role: "user", text: "a long text" }];
  assert.deepEqual(prompts, [{ topic: "summarise", system: "Be brief.", messages, maxTokens: 5, temperature: undefined }]);
});

test("lines have a level and fields", () => {
  log.warn("slow", { ms: 12 });
  assert.deepEqual(lines.at(-1), { level: "warn", message: "slow", fields: [["ms", "12"]] });
  log.progress(0.5, "half");
  log.progress(undefined, "on it");
  assert.deepEqual(steps, [[0.5, "half"], [undefined, "on it"]]);
  assert.equal(log.isCancelled(), false);
});
