import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { BadInput, HostError, NeedsUser, output, plugin, schema, tool } from "@octi/plugin";
import { tools } from "@octi/plugin/guest";
import { lines } from "./fakes/log.mjs";

const made = (run, more = {}) =>
  tools(plugin(tool({ name: "run", description: "Runs.", input: schema.object({ a: schema.integer() }), run, ...more })));
const call = (run, text = '{"a":1}') => made(run).call("run", text);

beforeEach(() => {
  lines.length = 0;
});

test("a tool is described as the contract wants it", () => {
  const [described] = made(() => 1, { output: schema.integer("One.") }).describe();
  assert.equal(described.name, "run");
  assert.deepEqual(JSON.parse(described.inputSchema).required, ["a"]);
  assert.deepEqual(JSON.parse(described.outputSchema), { type: "integer", description: "One." });
  assert.equal(made(() => 1).describe()[0].outputSchema, undefined);
});

test("a result travels with its line, and a plain one without", async () => {
  assert.deepEqual(await call(({ a }) => output({ a }, "one a")), { content: '{"a":1}', summary: "one a" });
  assert.deepEqual(await call(async ({ a }) => [a]), { content: "[1]", summary: undefined });
  assert.deepEqual(await call(() => undefined), { content: "null", summary: undefined });
});

test("an error reaches whoever can act on it", async () => {
  const thrown = (error) => call(() => Promise.reject(error)).catch((raw) => raw);
  assert.deepEqual(await thrown(new BadInput("no")), { tag: "bad-input", val: "no" });
  assert.deepEqual(await thrown(new NeedsUser("sign in")), { tag: "needs-user", val: "sign in" });
  assert.deepEqual(await thrown(new HostError({ tag: "denied", val: "no `fs`" })), { tag: "needs-user", val: "no `fs`" });
  assert.deepEqual(lines, []);
});

test("of a bug the model reads that there was one, and the author reads all of it", async () => {
  const broken = () => {
    throw new TypeError("the inside", { cause: new Error("the cause") });
  };
  const told = await call(broken).catch((raw) => raw);
  assert.deepEqual(told, { tag: "internal", val: "the plugin failed unexpectedly; its log says where" });
  assert.equal(lines[0].level, "error");
  for (const part of ["TypeError: the inside", "broken", "caused by Error: the cause"]) assert.ok(lines[0].message.includes(part));
});

test("the console writes into the log", async () => {
  const before = globalThis.console.log;
  await call(() => console.log("a", { b: 2n }));
  globalThis.console.log = before;
  assert.deepEqual(lines, [{ level: "info", message: 'a {"b":"2"}', fields: [] }]);
});

test("an operation that is not there is the model's mistake", async () => {
  const told = await made(() => 1).call("walk", "{}").catch((raw) => raw);
  assert.deepEqual(told, { tag: "bad-input", val: "there is no operation `walk`" });
});

test("what is no tool is refused when the component is built", () => {
  const whole = { name: "a", description: "A.", input: schema.object({}), run: () => 1 };
  for (const [more, part] of [
    [{ name: "A b" }, "lower case letters"],
    [{ description: " " }, "no description"],
    [{ input: schema.string() }, "not the schema of an object"],
    [{ output: "text" }, "is not a schema"],
    [{ run: undefined }, "no function `run`"],
  ]) {
    assert.throws(() => tool({ ...whole, ...more }), new RegExp(part));
  }
  assert.throws(() => plugin(), /at least one tool, hook or channel/);
  assert.throws(() => plugin(tool(whole), tool(whole)), /two tools named `a`/);
});
