// The exports of a component, made from a plugin. The build puts this around the author's module; nobody else needs it.

import { log } from "octi:log/log@1.0.0";
import { ToolError } from "./errors.js";
import { Output } from "./output.js";

/** Bytes of one line of the log; the host drops what is longer. */
const LINE_CHARACTERS_MAX = 3000;
const LEVELS = { debug: "debug", log: "info", info: "info", warn: "warn", error: "error", trace: "trace" };
/** What the model reads of a bug: what went wrong inside is the author's business and may quote what nobody else should read. */
const BUG = "the plugin failed unexpectedly; its log says where";

/** The interface `octi:plugin/tools`. */
export function tools(plugin) {
  const known = new Map((plugin?.tools ?? []).map((tool) => [tool.name, tool]));
  return {
    describe() {
      return [...known.values()].map(({ name, description, input, output }) => ({
        name,
        description,
        inputSchema: JSON.stringify(input),
        outputSchema: output === undefined ? undefined : JSON.stringify(output),
      }));
    },

    async call(name, text) {
      speak();
      const tool = known.get(name);
      if (tool === undefined) throw bindingsError("bad-input", `there is no operation \`${name}\``);
      try {
        return reply(await tool.run(JSON.parse(text)));
      } catch (error) {
        if (error instanceof ToolError) throw bindingsError(error.tag, error.message);
        tell("error", `\`${name}\` failed: ${inFull(error)}`);
        throw bindingsError("internal", BUG);
      }
    },
  };
}

/** What the bindings take for the error of a `result`. */
function bindingsError(tag, val) {
  return { tag, val };
}

function reply(result) {
  const { content, summary } = result instanceof Output ? result : { content: result, summary: undefined };
  const text = JSON.stringify(content ?? null);
  if (text === undefined) throw new TypeError("the result has no JSON form");
  return { content: text, summary: summary === undefined ? undefined : String(summary) };
}

/** With the trace, for the author. */
function inFull(error) {
  if (!(error instanceof Error)) return show(error);
  const cause = error.cause === undefined ? "" : `\ncaused by ${inFull(error.cause)}`;
  return `${error.name}: ${error.message}\n${error.stack ?? ""}${cause}`;
}

function show(value) {
  if (typeof value === "string") return value;
  if (value instanceof Error) return inFull(value);
  try {
    return JSON.stringify(value, (_, part) => (typeof part === "bigint" ? String(part) : part)) ?? String(value);
  } catch {
    return String(value);
  }
}

function tell(level, message) {
  log(level, message.slice(0, LINE_CHARACTERS_MAX), []);
}

/** `console` writes into the plugin's log. Not before a call: while the component is built, there is no host to write to. */
function speak() {
  for (const [method, level] of Object.entries(LEVELS)) {
    globalThis.console[method] = (...values) => tell(level, values.map(show).join(" "));
  }
}
