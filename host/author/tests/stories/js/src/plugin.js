// What plugins do when things go wrong. `../../python/src/plugin.py` does the same, and the same cases hold.

import { BadInput, Failed, NeedsUser, plugin, schema, tool, Unavailable } from "@octi/plugin";
import { workspace } from "@octi/plugin/fs";
import * as http from "@octi/plugin/http";
import * as kv from "@octi/plugin/kv";

const of = (name, input, run, output) => tool({ name, description: `Does ${name}.`, input: schema.object(input), output, run });

const spin = of("spin", {}, () => {
  for (;;);
});

const grow = of("grow", {}, () => {
  const kept = [];
  for (;;) kept.push(new Uint8Array(1 << 20).fill(1));
});

const depth = (n) => 1 + depth(n + 1);
const recurse = of("recurse", {}, () => depth(0));

const large = of("large", { bytes: schema.integer() }, ({ bytes }) => "x".repeat(bytes));

const echo = of("echo", { text: schema.string() }, ({ text }) => ({ text, characters: [...text].length, upper: text.toUpperCase() }));

const KINDS = { bad_input: BadInput, failed: Failed, needs_user: NeedsUser, unavailable: Unavailable, bug: TypeError };
const fail = of("fail", { kind: schema.oneOf(Object.keys(KINDS)) }, ({ kind }) => {
  throw new KINDS[kind](`because of ${kind}`);
});

let variable = 0;
const count = of("count", {}, () => {
  variable += 1;
  const kept = (kv.get("n")?.value ?? 0) + 1;
  kv.set("n", kept);
  return { kept, variable };
});

const ask = of("ask", { url: schema.string(), timeout_ms: schema.optional(schema.integer()) }, ({ url, timeout_ms }) => {
  const answer = http.get(url, { headers: { "x-key": "{{secret:key}}" }, timeoutMs: timeout_ms });
  return { status: answer.status, body: answer.text(), mine: "{{secret:key}}" };
});

const read = of("read", { path: schema.string() }, ({ path }) => ({ length: workspace().readText(path, 1 << 16).length }));

const day = of("day", {}, () => new Date().toISOString().slice(0, 10));

const wrong = of("wrong", {}, () => ({ n: "no number" }), schema.object({ n: schema.integer() }));

export default plugin(spin, grow, recurse, large, echo, fail, count, ask, read, day, wrong);
