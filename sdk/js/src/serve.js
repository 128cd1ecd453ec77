// What every export of a component shares: the author's log, and what others read of a bug.

import { log } from "octi:log/log@1.0.0";

/** Characters of one line of the log; the host drops what is longer. */
const LINE_CHARACTERS_MAX = 3000;
const LEVELS = { debug: "debug", log: "info", info: "info", warn: "warn", error: "error", trace: "trace" };

/** What others read of a bug: what went wrong inside is the author's business and may quote what nobody else should read. */
export const BUG = "the plugin failed unexpectedly; its log says where";

/** Tells the author of a bug. */
export function bug(where, error) {
  tell("error", `\`${where}\` failed: ${inFull(error)}`);
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
export function speak() {
  for (const [method, level] of Object.entries(LEVELS)) {
    globalThis.console[method] = (...values) => tell(level, values.map(show).join(" "));
  }
}
