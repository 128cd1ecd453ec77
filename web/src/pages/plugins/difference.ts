// Two versions of a text, line by line.
import { diffLines } from "diff";

export interface DiffLine {
  change: "+" | "-" | " ";
  line: string;
}

/** The lines of a text; with the text before it, also those that are gone and those that are new. */
export function difference(before: string | null, text: string): DiffLine[] {
  if (before === null) return linesOf(text).map((line) => ({ change: " ", line }));
  return diffLines(before, text).flatMap(({ added, removed, value }) =>
    linesOf(value).map((line): DiffLine => ({ change: added ? "+" : removed ? "-" : " ", line })),
  );
}

const linesOf = (text: string): string[] => text.replace(/\n$/, "").split("\n");
