// What a call replaces, line by line, when its arguments say so.
import { structuredPatch } from "diff";

/** Names of arguments that are what a text was, and what it becomes. */
const PAIRS = [
  ["old", "new"],
  ["old_text", "new_text"],
  ["old_string", "new_string"],
  ["search", "replace"],
  ["before", "after"],
] as const;

/** Lines around a change. */
const CONTEXT = 2;
/** A difference that takes longer to find is shown as everything taken away and everything put in its place. */
const TIME_MAX_MS = 100;

export interface Change {
  /** The names of the two arguments, which need not be shown again. */
  names: readonly [string, string];
  before: string;
  after: string;
}

export interface Line {
  kind: "same" | "removed" | "added" | "gap";
  text: string;
}

/** The change that a call asks for, or nothing when its arguments are not a text and its replacement. */
export function changeOf(given: unknown): Change | null {
  if (given === null || typeof given !== "object") return null;
  const fields = given as Record<string, unknown>;
  for (const names of PAIRS) {
    const [before, after] = names.map((name) => fields[name]);
    if (typeof before === "string" && typeof after === "string") return { names, before, after };
  }
  return null;
}

/** The lines that go and come, with a few around them; none when both texts are the same. */
export function linesOf(before: string, after: string, timeout = TIME_MAX_MS): Line[] {
  const patch = structuredPatch("", "", before, after, undefined, undefined, { context: CONTEXT, timeout });
  if (patch === undefined) return [...all("removed", before), ...all("added", after)];
  return patch.hunks.flatMap(({ lines }, index): Line[] => [
    ...(index > 0 ? [{ kind: "gap" as const, text: "" }] : []),
    // A backslash says that the line above ends without a line break, which is of no use to a reader.
    ...lines.filter((line) => !line.startsWith("\\")).map(lineOf),
  ]);
}

const KINDS = { "-": "removed", "+": "added" } as const;

const lineOf = (line: string): Line => ({
  kind: KINDS[line[0] as keyof typeof KINDS] ?? "same",
  text: line.slice(1),
});

const all = (kind: "removed" | "added", text: string): Line[] =>
  text === ""
    ? []
    : text
        .replace(/\n$/, "")
        .split("\n")
        .map((line) => ({ kind, text: line }));
