// Only checked, never run: what an author in TypeScript is told.

import { block, channel, Failed, hook, output, plugin, rewrite, schema, tool, type Infer } from "@octi/plugin";
import { give } from "@octi/plugin/artifacts";
import { ask } from "@octi/plugin/ask";
import { workspace } from "@octi/plugin/fs";
import * as kv from "@octi/plugin/kv";
import { complete } from "@octi/plugin/llm";
import { run } from "@octi/plugin/shell";

const input = schema.object({
  path: schema.string("The file."),
  depth: schema.byDefault(schema.integer(), 3),
  mode: schema.optional(schema.oneOf(["fast", "slow"])),
});
type Input = Infer<typeof input>;
const whole: Input = { path: "a" };
// @ts-expect-error it must be there
const none: Input = { depth: 1 };
// @ts-expect-error it is none of them
const other: Input = { path: "a", mode: "fair" };

const read = tool({
  name: "read",
  description: "Reads.",
  input,
  output: schema.object({ lines: schema.integer() }),
  run({ path, depth = 3, mode }) {
    const text: string = workspace().readText(path, 1 << depth);
    if (mode === "slow") throw new Failed("too slow");
    return output({ lines: text.length }, "read");
  },
});

tool({
  name: "wrong",
  description: "Gives what its schema does not allow.",
  input,
  output: schema.object({ lines: schema.integer() }),
  // @ts-expect-error it is a text
  run: () => ({ lines: "many" }),
});

const item = kv.get<number>("n");
const version: number | undefined = item?.version;
const ending = run("git", ["status"]).ending;
if (ending.kind === "exited") ending.code satisfies number;

const watch = hook((event) => {
  // @ts-expect-error only calls have a tool
  event.tool;
  if (event.name !== "tool.before") return;
  const tool: string = event.tool;
  if (tool === "shell.run") return block("no commands today");
  return rewrite({ ...event.arguments, depth: 1 });
});

// @ts-expect-error it is not a verdict
hook(() => "no");
// @ts-expect-error it has to send
channel({ poll: () => undefined });
const chat = channel({
  poll: (cursor) => ({ messages: [{ id: "1", conversation: "c", sender: "s", text: "hello" }], cursor: cursor ?? "0" }),
  send({ id, text, replyTo }) {
    const to: string | undefined = replyTo;
    return `${id}${text}${to}`;
  },
});

export default plugin(read, watch, chat);
export { whole, none, other, version };

const size: number = give("a.txt", "text/plain", "text").size;
const answer = ask("How many?", schema.object({ count: schema.integer() }));
if (answer.action === "given") answer.value.count.toFixed(size);
// @ts-expect-error nothing was given
else answer.value;
complete("summarise", "a long text", { maxTokens: 10 }).text.trim();
// @ts-expect-error an answer has a bound
complete("summarise", "a long text", {});
