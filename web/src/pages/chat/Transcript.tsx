import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown } from "lucide-react";
import { useEffect, useMemo, useRef } from "react";
import type { PermissionRequest } from "@/api/types";
import type { Conversation, Item } from "@/conversation/types";
import { cx } from "@/lib/cx";
import { isTyping, useKeys } from "@/lib/hooks";
import { Markdown } from "@/ui/Markdown";
import { MessageView, Reasoning } from "./MessageView";
import { NoticeView } from "./NoticeView";
import { PermissionCard } from "./PermissionCard";
import { estimatePx, holdsMessage, type Row, rowsOf, shownRows } from "./rows";
import { ToolCard } from "./ToolCard";
import { useStickToEnd } from "./useStickToEnd";

interface Props {
  conversation: Conversation;
  requests: readonly PermissionRequest[];
  /** A message to be led to, as a search found it. */
  target?: string | undefined;
}

const GAP_PX = 12;
const EDGE_PX = 24;

/** The conversation, of which only what is on the screen is drawn. New output never moves what is being read. */
export function Transcript({ conversation, requests, target }: Props) {
  const { turn, sessionId } = conversation;
  const rows = useMemo(() => rowsOf(conversation, requests), [conversation, requests]);
  const ref = useRef<HTMLDivElement>(null);
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => ref.current,
    getItemKey: (index) => rows[index]?.key ?? index,
    estimateSize: (index) => estimatePx(rows[index]),
    rangeExtractor: (range) => shownRows(rows, range),
    gap: GAP_PX,
    paddingStart: EDGE_PX,
    paddingEnd: EDGE_PX,
    anchorTo: "end",
  });
  // After the list, which begins at its top.
  const { onScroll, toEnd, leaveEnd, away, fresh } = useStickToEnd(ref, rows.length, conversation);
  useKeys((event) => {
    if (event.key === "End" && !isTyping(event)) toEnd();
  });
  const place = target === undefined ? -1 : rows.findIndex((row) => holdsMessage(row, target));
  // biome-ignore lint/correctness/useExhaustiveDependencies: led there once, and not with every new row
  useEffect(() => {
    if (place < 0) return;
    leaveEnd();
    list.scrollToIndex(place, { align: "center" });
  }, [target, place >= 0]);
  const last = conversation.items.at(-1);
  const lastNotice = last?.kind === "notice" && turn === null ? last.id : null;
  return (
    <div className="relative min-h-0 flex-1">
      <div
        ref={ref}
        onScroll={onScroll}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by key
        tabIndex={0}
        // The virtual list keeps the place of what is read; the browser's own way would do it twice.
        className="h-full overflow-y-auto outline-none [overflow-anchor:none]"
        role="log"
        aria-label="Conversation"
      >
        <div className="relative mx-auto w-full max-w-3xl" style={{ height: list.getTotalSize() }}>
          {list.getVirtualItems().map(({ index, key, start }) => {
            const row = rows[index];
            if (!row) return null;
            return (
              <div
                key={key}
                ref={list.measureElement}
                data-index={index}
                data-row={row.kind}
                style={{ transform: `translateY(${start}px)` }}
                className="absolute top-0 left-0 w-full px-5 max-sm:px-3"
              >
                <div className={cx(index === place && "rounded outline-2 outline-offset-4 outline-accent")}>
                  <RowView row={row} sessionId={sessionId} lastNotice={lastNotice} />
                </div>
              </div>
            );
          })}
        </div>
      </div>
      {away && (
        <button
          type="button"
          onClick={toEnd}
          className="absolute bottom-3 left-1/2 inline-flex h-8 -translate-x-1/2 items-center gap-1.5 rounded-full border border-line bg-surface-1 px-3 text-sm shadow hover:bg-surface-2"
        >
          <ArrowDown size={14} aria-hidden="true" />
          {fresh > 0 ? `${fresh} new` : turn ? "Still writing" : "To the newest"}
        </button>
      )}
    </div>
  );
}

function RowView({ row, sessionId, lastNotice }: { row: Row; sessionId: string; lastNotice: string | null }) {
  switch (row.kind) {
    case "item":
      return <ItemView item={row.item} sessionId={sessionId} canContinue={row.key === lastNotice} />;
    case "draft":
      return (
        <div>
          {row.turn.reasoning && (
            <Reasoning id={`draft-${row.turn.agentId}`} text={row.turn.reasoning} live />
          )}
          {row.turn.draft && (
            <div aria-busy="true">
              <Markdown text={row.turn.draft} />
            </div>
          )}
        </div>
      );
    case "request":
      return <PermissionCard request={row.request} keys={row.first} />;
    case "working":
      return <Working />;
  }
}

function ItemView({ item, sessionId, canContinue }: { item: Item; sessionId: string; canContinue: boolean }) {
  switch (item.kind) {
    case "message":
      return <MessageView item={item} sessionId={sessionId} />;
    case "tool":
      return <ToolCard tool={item} />;
    case "notice":
      return (
        <NoticeView item={item} sessionId={sessionId} canContinue={canContinue && item.agentId !== null} />
      );
  }
}

function Working() {
  return (
    <p role="status" className="flex items-center gap-2 text-sm text-soft">
      <span className="size-2 animate-pulse rounded-full bg-agent" />
      The model is asked…
    </p>
  );
}
