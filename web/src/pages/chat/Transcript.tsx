import { ArrowDown } from "lucide-react";
import type { PermissionRequest } from "@/api/types";
import type { Conversation, Item } from "@/conversation/types";
import { isTyping, useKeys } from "@/lib/hooks";
import { Markdown } from "@/ui/Markdown";
import { MessageView, Reasoning } from "./MessageView";
import { NoticeView } from "./NoticeView";
import { PermissionCard } from "./PermissionCard";
import { ToolCard } from "./ToolCard";
import { useStickToEnd } from "./useStickToEnd";

interface Props {
  conversation: Conversation;
  requests: readonly PermissionRequest[];
}

/** The conversation. New output never moves what is being read. */
export function Transcript({ conversation, requests }: Props) {
  const { items, turn, sessionId } = conversation;
  const { ref, onScroll, toEnd, away, fresh } = useStickToEnd(items.length + requests.length, conversation);
  useKeys((event) => {
    if (event.key === "End" && !isTyping(event)) toEnd();
  });
  const lastNotice = items.at(-1)?.kind === "notice" && turn === null ? items.at(-1)?.id : null;
  return (
    <div className="relative min-h-0 flex-1">
      <div
        ref={ref}
        onScroll={onScroll}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by key
        tabIndex={0}
        className="h-full overflow-y-auto outline-none"
        role="log"
        aria-label="Conversation"
      >
        <div className="mx-auto flex max-w-3xl flex-col gap-3 px-5 py-6 max-sm:px-3 max-sm:py-4">
          {items.map((item) => (
            <ItemView key={item.id} item={item} sessionId={sessionId} canContinue={item.id === lastNotice} />
          ))}
          {turn && (turn.draft !== "" || turn.reasoning !== "") && (
            <div>
              {turn.reasoning && <Reasoning text={turn.reasoning} live />}
              {turn.draft && (
                <div aria-busy="true">
                  <Markdown text={turn.draft} />
                </div>
              )}
            </div>
          )}
          {requests.map((request, index) => (
            <PermissionCard key={request.id} request={request} keys={index === 0} />
          ))}
          {turn && requests.length === 0 && turn.draft === "" && !isCalling(items) && <Working />}
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

function isCalling(items: readonly Item[]): boolean {
  const last = items.at(-1);
  return last?.kind === "tool" && (last.state === "running" || last.state === "waiting");
}

function Working() {
  return (
    <p role="status" className="flex items-center gap-2 text-sm text-soft">
      <span className="size-2 animate-pulse rounded-full bg-agent" />
      The model is asked…
    </p>
  );
}
