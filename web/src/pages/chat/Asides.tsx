import { CircleX } from "lucide-react";
import type { Aside } from "@/conversation/types";
import { dateTime } from "@/lib/format";
import { CopyButton } from "@/ui/CopyButton";
import { Markdown } from "@/ui/Markdown";
import { Ticks } from "@/ui/Ticks";

/** What was asked beside the conversation. The agent never hears of it, and the server does not keep it. */
export function Asides({ asides }: { asides: readonly Aside[] }) {
  return (
    <ol className="flex flex-col gap-3" aria-live="polite">
      {asides.toReversed().map((aside) => (
        <li key={aside.id} className="rounded border border-dashed border-info/60 px-3 py-2">
          {aside.question && (
            <p
              title={dateTime(aside.at)}
              className="font-medium whitespace-pre-wrap [overflow-wrap:anywhere]"
            >
              {aside.question}
            </p>
          )}
          {aside.answer !== undefined ? (
            <div className="mt-1 [&_.prose-octi]:text-sm [&_.prose-octi]:leading-5">
              <Markdown text={aside.answer} />
              <CopyButton small text={aside.answer} label="Copy the answer" />
            </div>
          ) : aside.problem !== undefined ? (
            <p role="alert" className="mt-1 flex items-start gap-1.5 text-sm text-deny">
              <CircleX size={14} aria-hidden="true" className="mt-0.5 shrink-0" />
              <span className="[overflow-wrap:anywhere]">
                <Ticks text={aside.problem} />
              </span>
            </p>
          ) : (
            <p role="status" className="mt-1 flex items-center gap-2 text-sm text-soft">
              <span className="size-2 animate-pulse rounded-full bg-info" />
              is asked…
            </p>
          )}
        </li>
      ))}
    </ol>
  );
}
