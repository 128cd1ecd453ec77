import { useVirtualizer } from "@tanstack/react-virtual";
import { Bot, type LucideIcon, TriangleAlert, UserRound, Wrench } from "lucide-react";
import { type ReactNode, useLayoutEffect, useRef, useState } from "react";
import type { Item, Turn } from "@/conversation/types";
import { dateTime } from "@/lib/format";
import { ToolCard } from "@/pages/chat/ToolCard";
import { Markdown } from "@/ui/Markdown";

const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

const ENTRY_PX = 84;
const AROUND = 8;

/** What an agent heard, said and did, in its order. Only what is on the screen is drawn. */
export function Timeline({ items, turn }: { items: readonly Item[]; turn: Turn | null }) {
  const box = useRef<HTMLOListElement>(null);
  const [place, setPlace] = useState<{ scroller: HTMLElement | null; top: number }>({
    scroller: null,
    top: 0,
  });
  useLayoutEffect(() => {
    const scroller = box.current?.closest<HTMLElement>("[data-scroller]") ?? null;
    if (!box.current || !scroller) return;
    const top = box.current.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
    setPlace({ scroller, top: top + scroller.scrollTop });
  }, []);
  const count = items.length + (turn ? 1 : 0);
  const list = useVirtualizer({
    count,
    getScrollElement: () => place.scroller,
    getItemKey: (index) => items[index]?.id ?? "turn",
    estimateSize: () => ENTRY_PX,
    overscan: AROUND,
    scrollMargin: place.top,
  });
  return (
    <>
      {count === 0 && <p className="text-soft">Nothing of this agent is kept any more.</p>}
      <ol ref={box} className="relative" style={{ height: list.getTotalSize() }}>
        {list.getVirtualItems().map(({ index, key, start }) => (
          <li
            key={key}
            ref={list.measureElement}
            data-index={index}
            style={{ transform: `translateY(${start - place.top}px)` }}
            className="group absolute top-0 left-0 flex w-full gap-3"
          >
            <Step item={items[index]} turn={turn} last={index === count - 1} />
          </li>
        ))}
      </ol>
    </>
  );
}

/** An item, or what is being written behind the last one. */
function Step({ item, turn, last }: { item: Item | undefined; turn: Turn | null; last: boolean }) {
  if (item === undefined)
    return (
      turn && (
        <Entry at={turn.startedAt} icon={Bot} name={`step ${turn.iteration || 1}`} last={last}>
          {turn.draft ? <Markdown text={turn.draft} /> : <p className="text-soft">works…</p>}
        </Entry>
      )
    );
  return (
    <Entry at={item.at} icon={iconOf(item)} name={nameOf(item)} last={last}>
      {item.kind === "tool" ? (
        <ToolCard tool={item} />
      ) : item.kind === "message" && item.role === "assistant" ? (
        <Markdown text={item.text} />
      ) : (
        <p className="whitespace-pre-wrap [overflow-wrap:anywhere]">{item.text}</p>
      )}
    </Entry>
  );
}

function Entry({
  at,
  icon: Icon,
  name,
  last,
  children,
}: {
  at: string;
  icon: LucideIcon;
  name: string;
  last: boolean;
  children: ReactNode;
}) {
  return (
    <>
      <div className="flex flex-col items-center">
        <span className="flex size-7 shrink-0 items-center justify-center rounded-full border border-line bg-surface-2 text-soft">
          <Icon size={14} aria-hidden="true" />
        </span>
        {!last && <span className="w-px flex-1 bg-line" aria-hidden="true" />}
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
    </>
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
