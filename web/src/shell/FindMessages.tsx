import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { SEARCH_CHARS_MIN, searchQuery } from "@/api/search";
import type { SearchHit } from "@/api/types";
import { cx } from "@/lib/cx";
import { useRested } from "@/lib/hooks";
import { ErrorBox } from "@/ui/ErrorBox";
import { When } from "@/ui/parts";
import { closeFind } from "./ui-state";

const HITS_MAX = 30;
const RESTED_MS = 180;

/** Searches what was said in all conversations; choosing a message opens its conversation there. */
export function FindMessages({ begin }: { begin: string }) {
  const [wanted, setWanted] = useState(begin);
  const [index, setIndex] = useState(0);
  const words = useRested(wanted.trim(), RESTED_MS);
  const query = useQuery(searchQuery(words, HITS_MAX));
  const navigate = useNavigate();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  const hits = words.length >= SEARCH_CHARS_MIN ? (query.data?.items ?? []) : [];
  const current = Math.min(index, hits.length - 1);
  const open = (hit: SearchHit | undefined) => {
    if (!hit) return;
    closeFind();
    void navigate({
      to: "/chat/$sessionId",
      params: { sessionId: hit.sessionId },
      search: { message: hit.messageId },
    });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && hits.length > 0) {
      event.preventDefault();
      setIndex((current + step + hits.length) % hits.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      open(hits[current]);
    }
  };
  return (
    <dialog
      ref={dialog}
      aria-label="Search messages"
      onCancel={closeFind}
      onClick={(event) => event.target === event.currentTarget && closeFind()}
      onKeyDown={onKeyDown}
      className="mt-[10vh] w-[calc(100vw-24px)] max-w-2xl overflow-hidden rounded border border-line bg-surface-1 shadow"
    >
      <input
        autoFocus
        role="combobox"
        aria-expanded="true"
        aria-controls="find-list"
        aria-activedescendant={hits[current] ? `hit-${hits[current].messageId}` : undefined}
        aria-label="Search in all messages"
        placeholder="Search in all messages"
        value={wanted}
        onChange={(event) => {
          setWanted(event.target.value);
          setIndex(0);
        }}
        className="h-12 w-full border-b border-line bg-transparent px-4 text-lg outline-none placeholder:text-faint"
      />
      <div
        id="find-list"
        role="listbox"
        aria-label="Messages found"
        className={cx("max-h-[60vh] overflow-y-auto p-1.5", hits.length === 0 && "hidden")}
      >
        {hits.map((hit, place) => (
          <Hit
            key={hit.messageId}
            hit={hit}
            active={place === current}
            onHover={() => setIndex(place)}
            onOpen={() => open(hit)}
          />
        ))}
      </div>
      {hits.length === 0 && (
        <div aria-live="polite" className="px-4 py-6 text-center text-soft">
          {sayWhy(words, query.isFetching, query.error)}
        </div>
      )}
    </dialog>
  );
}

function sayWhy(words: string, busy: boolean, error: unknown): ReactNode {
  if (error) return <ErrorBox error={error} className="text-left" />;
  if (words.length < SEARCH_CHARS_MIN) return "Write what was said, by you, the agent or a tool.";
  return busy ? "Searching…" : `No message has “${words}”.`;
}

const ROLES: Record<string, string> = {
  user: "you",
  assistant: "octi",
  tool: "a tool",
  system: "the system",
};

function Hit({
  hit,
  active,
  onHover,
  onOpen,
}: {
  hit: SearchHit;
  active: boolean;
  onHover: () => void;
  onOpen: () => void;
}) {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (active) ref.current?.scrollIntoView({ block: "nearest" });
  }, [active]);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the text field's
    <div
      ref={ref}
      id={`hit-${hit.messageId}`}
      role="option"
      tabIndex={-1}
      aria-selected={active}
      onPointerMove={onHover}
      onClick={onOpen}
      className={cx("cursor-pointer rounded px-2.5 py-2", active && "bg-surface-2")}
    >
      <div className="flex items-baseline gap-2 text-xs text-faint">
        <span className="min-w-0 flex-1 truncate font-medium text-soft">
          {hit.sessionTitle || "Untitled conversation"}
        </span>
        <span>{ROLES[hit.role] ?? hit.role}</span>
        <When at={hit.createdAt} />
      </div>
      <p className="mt-0.5 line-clamp-2 text-sm [overflow-wrap:anywhere]">
        {hit.snippet.map(({ text, hit: isHit }, place) =>
          isHit ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: the pieces have nothing but their place
            <mark key={place} className="rounded-[3px] bg-ask-soft font-semibold text-ask">
              {text}
            </mark>
          ) : (
            text
          ),
        )}
      </p>
    </div>
  );
}
