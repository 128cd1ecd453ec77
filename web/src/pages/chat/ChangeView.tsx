import { useMemo, useState } from "react";
import { cx } from "@/lib/cx";
import { number } from "@/lib/format";
import { Button } from "@/ui/Button";
import { type Change, type Line, linesOf } from "./change";

/** Lines that are drawn before somebody asks for all. */
const LINES_MAX = 400;

const LOOKS: Record<Line["kind"], { sign: string; word?: string; className?: string }> = {
  same: { sign: " ", className: "text-soft" },
  removed: { sign: "-", word: "removed: ", className: "bg-deny-soft text-deny" },
  added: { sign: "+", word: "added: ", className: "bg-allow-soft text-allow" },
  gap: { sign: "…", className: "text-faint" },
};

/** What a text was and what it becomes; the signs say it without colours, and words to who hears it. */
export function ChangeView({ change: { before, after } }: { change: Change }) {
  const lines = useMemo(() => linesOf(before, after), [before, after]);
  const [whole, setWhole] = useState(false);
  const hidden = whole ? 0 : Math.max(0, lines.length - LINES_MAX);
  const count = (kind: Line["kind"]) => lines.filter((line) => line.kind === kind).length;
  if (lines.length === 0) {
    return <p className="text-sm text-soft">The new text is the same as the old one: nothing changes.</p>;
  }
  return (
    <figure className="overflow-hidden rounded border border-line bg-surface-2">
      <figcaption className="flex gap-3 border-b border-line px-2.5 py-1 text-xs text-soft tabular-nums">
        <span>The change</span>
        <span className="flex-1" />
        <span className="text-allow">{number(count("added"))} added</span>
        <span className="text-deny">{number(count("removed"))} removed</span>
      </figcaption>
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by key
        tabIndex={0}
        className="max-h-72 overflow-auto py-1 text-xs leading-5 outline-none focus-visible:outline-2 focus-visible:-outline-offset-2 focus-visible:outline-accent"
      >
        {lines.slice(0, lines.length - hidden).map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place
          <LineView key={index} line={line} />
        ))}
      </pre>
      {hidden > 0 && (
        <Button look="quiet" className="m-1" onClick={() => setWhole(true)}>
          Show {number(hidden)} more lines
        </Button>
      )}
    </figure>
  );
}

function LineView({ line }: { line: Line }) {
  const { sign, word, className } = LOOKS[line.kind];
  return (
    <div className={cx("flex px-2.5", className)}>
      <span aria-hidden="true" className="w-4 shrink-0 select-none">
        {sign}
      </span>
      {word && <span className="sr-only">{word}</span>}
      <span className="min-w-0 flex-1 whitespace-pre-wrap [overflow-wrap:anywhere]">{line.text || " "}</span>
    </div>
  );
}
