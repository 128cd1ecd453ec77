import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import {
  BookOpen,
  CornerDownLeft,
  Keyboard,
  type LucideIcon,
  MessageSquare,
  Monitor,
  Moon,
  Plus,
  Sun,
  TextSearch,
  Wrench,
} from "lucide-react";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { sessionsQuery, toolsQuery } from "@/api/queries";
import { SEARCH_CHARS_MIN } from "@/api/search";
import { cx } from "@/lib/cx";
import { setTheme } from "@/lib/theme";
import { PLACES } from "./places";
import { titleOf } from "./SessionList";
import { find, openUi } from "./ui-state";

interface Entry {
  id: string;
  name: string;
  kind: string;
  words: string;
  icon: LucideIcon;
  run: () => void;
}

const SHOWN_MAX = 12;

/** Reaches everything: pages, conversations, tools, and what can be done. */
export function Palette() {
  const entries = useEntries();
  const [wanted, setWanted] = useState("");
  const [index, setIndex] = useState(0);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  const close = () => openUi("palette", false);
  const found = search(entries, wanted);
  // What is typed is worth a look into the messages, too.
  if (wanted.trim().length >= SEARCH_CHARS_MIN) found.push(findEntry(wanted.trim()));
  const current = Math.min(index, found.length - 1);
  const run = (entry: Entry | undefined) => {
    if (!entry) return;
    close();
    entry.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && found.length > 0) {
      event.preventDefault();
      setIndex((current + step + found.length) % found.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(found[current]);
    }
  };
  return (
    <dialog
      ref={dialog}
      aria-label="Search and commands"
      onCancel={close}
      onClick={(event) => event.target === event.currentTarget && close()}
      onKeyDown={onKeyDown}
      className="mt-[12vh] w-[calc(100vw-24px)] max-w-xl overflow-hidden rounded border border-line bg-surface-1 shadow"
    >
      <input
        autoFocus
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={found[current] ? `palette-${found[current].id}` : undefined}
        aria-label="Search pages, conversations, tools and commands"
        placeholder="Search pages, conversations, tools, commands"
        value={wanted}
        onChange={(event) => {
          setWanted(event.target.value);
          setIndex(0);
        }}
        className="h-12 w-full border-b border-line bg-transparent px-4 text-lg outline-none placeholder:text-faint"
      />
      <div id="palette-list" role="listbox" aria-label="Found" className="max-h-[52vh] overflow-y-auto p-1.5">
        {found.length === 0 && <p className="px-3 py-6 text-center text-soft">Nothing fits “{wanted}”.</p>}
        {found.map((entry, place) => (
          <Option
            key={entry.id}
            entry={entry}
            active={place === current}
            onHover={() => setIndex(place)}
            onRun={() => run(entry)}
          />
        ))}
      </div>
    </dialog>
  );
}

const findEntry = (wanted: string): Entry => ({
  id: "find-wanted",
  name: `Search the messages for “${wanted}”`,
  kind: "messages",
  words: "",
  icon: TextSearch,
  run: () => find(wanted),
});

function Option({
  entry,
  active,
  onHover,
  onRun,
}: {
  entry: Entry;
  active: boolean;
  onHover: () => void;
  onRun: () => void;
}) {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (active) ref.current?.scrollIntoView({ block: "nearest" });
  }, [active]);
  const Icon = entry.icon;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the text field's
    <div
      ref={ref}
      id={`palette-${entry.id}`}
      role="option"
      tabIndex={-1}
      aria-selected={active}
      onPointerMove={onHover}
      onClick={onRun}
      className={cx("flex h-9 cursor-pointer items-center gap-2.5 rounded px-2.5", active && "bg-surface-2")}
    >
      <Icon size={15} className="shrink-0 text-soft" aria-hidden="true" />
      <span className="min-w-0 flex-1 truncate">{entry.name}</span>
      <span className="text-xs text-faint">{entry.kind}</span>
      {active && <CornerDownLeft size={13} className="text-faint" aria-hidden="true" />}
    </div>
  );
}

function useEntries(): Entry[] {
  const navigate = useNavigate();
  const { data: sessions } = useInfiniteQuery(sessionsQuery);
  const { data: tools } = useQuery(toolsQuery);
  return useMemo(() => {
    const go = (to: string) => () => void navigate({ to });
    const actions: Entry[] = [
      {
        id: "new",
        name: "New conversation",
        kind: "action",
        words: "chat begin",
        icon: Plus,
        run: go("/chat"),
      },
      {
        id: "light",
        name: "Light theme",
        kind: "action",
        words: "colour",
        icon: Sun,
        run: () => setTheme("light"),
      },
      {
        id: "dark",
        name: "Dark theme",
        kind: "action",
        words: "colour",
        icon: Moon,
        run: () => setTheme("dark"),
      },
      {
        id: "system",
        name: "Theme of the system",
        kind: "action",
        words: "colour",
        icon: Monitor,
        run: () => setTheme("system"),
      },
      {
        id: "find",
        name: "Search messages",
        kind: "action",
        words: "find text conversations",
        icon: TextSearch,
        run: () => find(),
      },
      {
        id: "keys",
        name: "Keys of this page",
        kind: "action",
        words: "help shortcuts",
        icon: Keyboard,
        run: () => openUi("keys", true),
      },
      {
        id: "api",
        name: "REST API",
        kind: "page",
        words: "documentation openapi routes reference",
        icon: BookOpen,
        run: () => window.open("/api/docs", "_blank", "noopener"),
      },
    ];
    const places = PLACES.map((place) => ({
      id: `go${place.to.replaceAll("/", "-")}`,
      name: place.name,
      kind: "page",
      words: place.words,
      icon: place.icon,
      run: go(place.to),
    }));
    const chats = (sessions ?? []).map((session) => ({
      id: session.id,
      name: titleOf(session),
      kind: "conversation",
      words: "",
      icon: MessageSquare,
      run: () => void navigate({ to: "/chat/$sessionId", params: { sessionId: session.id } }),
    }));
    const tries = (tools?.items ?? []).map((tool) => ({
      id: `tool-${tool.name}`,
      name: `${tool.tool} ${tool.operation}`,
      kind: "tool",
      words: tool.name,
      icon: Wrench,
      run: () => void navigate({ to: "/tools", search: { tool: tool.name } }),
    }));
    return [...actions.slice(0, 1), ...places, ...actions.slice(1), ...chats, ...tries];
  }, [navigate, sessions, tools]);
}

/** Every word must be somewhere; names that begin with what is wanted come first. */
function search(entries: readonly Entry[], wanted: string): Entry[] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = entries.filter((entry) => {
    const all = `${entry.name} ${entry.words} ${entry.kind}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
  const rank = (entry: Entry) => (words[0] && entry.name.toLowerCase().startsWith(words[0]) ? 0 : 1);
  return fits.sort((a, b) => rank(a) - rank(b)).slice(0, SHOWN_MAX);
}
