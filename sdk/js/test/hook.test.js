import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { block, Failed, hook, plugin, rewrite, schema, tool } from "@octi/plugin";
import { hook as made } from "@octi/plugin/guest";
import { lines } from "./fakes/log.mjs";

const CALL = { call_id: "1", user_id: "u", origin: "chat", tool: "shell.run", arguments: { work_dir: "a" } };
const told = (watch, name = "tool.before", details = CALL) =>
  made(plugin(hook(watch))).onEvent({ name, details: JSON.stringify(details) });

beforeEach(() => {
  lines.length = 0;
});

test("an event is read as JavaScript is written, but not what the model wrote", async () => {
  let seen;
  await told((event) => {
    seen = event;
  });
  assert.deepEqual(seen, { name: "tool.before", callId: "1", userId: "u", origin: "chat", tool: "shell.run", arguments: { work_dir: "a" } });
});

test("a verdict is what the contract calls it", async () => {
  assert.deepEqual(await told(() => undefined), { tag: "go-on" });
  assert.deepEqual(await told(async () => block("not here")), { tag: "block", val: "not here" });
  assert.deepEqual(await told(() => rewrite({ a: [1] })), { tag: "rewrite", val: '{"a":[1]}' });
});

test("what is no verdict is no answer, and only its author reads why", async () => {
  const bug = "the plugin failed unexpectedly; its log says where";
  for (const said of [true, "go on", { tag: "go-on" }]) {
    assert.equal(await told(() => said).catch((raw) => raw), bug);
    assert.ok(lines.at(-1).message.includes("a hook gives nothing"));
  }
  assert.equal(await told(() => block("")).catch((raw) => raw), bug);
  const thrown = () => {
    throw new Failed("the list cannot be read");
  };
  assert.equal(await told(thrown).catch((raw) => raw), "the list cannot be read");
});

test("a plugin without its hook is refused when the component is built", () => {
  const other = tool({ name: "a", description: "A.", input: schema.object({}), run: () => 1 });
  assert.throws(() => made(plugin(other)), /plugin.toml has `\[hook\]`, but .* has no hook: write one, `export default/);
  assert.throws(() => made(plugin(hook(() => {}), hook(() => {}))), /has 2 hooks/);
  assert.throws(() => hook("watch"), /is a function of an event/);
});
