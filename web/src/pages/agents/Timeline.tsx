import { Bot, type LucideIcon, TriangleAlert, UserRound, Wrench } from "lucide-react";
import type { ReactNode } from "react";
import type { Item, Turn } from "@/conversation/types";
import { dateTime } from "@/lib/format";
import { ToolCard } from "@/pages/chat/ToolCard";
import { Markdown } from "@/ui/Markdown";

const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

/** What an agent heard, said and did, in its order. */
export function Timeline({ items, turn }: { items: readonly Item[]; turn: Turn | null }) {
  if (items.length === 0 && turn === null)
    return <p className="text-soft">Nothing of this agent is kept any more.</p>;
  return (
    <ol className="flex flex-col">
      {items.map((item) => (
        <Entry key={item.id} at={item.at} icon={iconOf(item)} name={nameOf(item)}>
          {item.kind === "tool" ? (
            <ToolCard tool={item} />
          ) : item.kind === "message" && item.role === "assistant" ? (
            <Markdown text={item.text} />
          ) : (
            <p className="whitespace-pre-wrap [overflow-wrap:anywhere]">{item.text}</p>
          )}
        </Entry>
      ))}
      {turn && (
        <Entry at={turn.startedAt} icon={Bot} name={`step ${turn.iteration || 1}`}>
          {turn.draft ? <Markdown text={turn.draft} /> : <p className="text-soft">works…</p>}
        </Entry>
      )}
    </ol>
  );
}

function Entry({
  at,
  icon: Icon,
  name,
  children,
}: {
  at: string;
  icon: LucideIcon;
  name: string;
  children: ReactNode;
}) {
  return (
    <li className="group flex gap-3">
      <div className="flex flex-col items-center">
        <span className="flex size-7 shrink-0 items-center justify-center rounded-full border border-line bg-surface-2 text-soft">
          <Icon size={14} aria-hidden="true" />
        </span>
        <span className="w-px flex-1 bg-line group-last:hidden" aria-hidden="true" />
      </div>
      <div className="min-w-0 flex-1 pb-4">
        <div className="mb-1 flex h-7 items-center gap-2 text-sm text-soft">
          <span className="font-medium">{name}</span>
          <time dateTime={at} title={dateTime(at)} className="text-xs text-faint tabular-nums">
            {TIME.format(new Date(at))}
          </time>
        </div>
        {children}
      </div>
    </li>
  );
}

function iconOf(item: Item): LucideIcon {
  if (item.kind === "tool") return Wrench;
  if (item.kind === "notice") return TriangleAlert;
  return item.role === "user" ? UserRound : Bot;
}

function nameOf(item: Item): string {
  if (item.kind === "tool") return "called a tool";
  if (item.kind === "notice") return item.tone;
  return item.role === "user" ? "was asked" : "said";
}
