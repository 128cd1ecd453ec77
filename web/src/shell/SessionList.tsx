import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { Pencil, TextSearch, Trash2 } from "lucide-react";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { api, ask } from "@/api/client";
import { sessionsQuery } from "@/api/queries";
import { SEARCH_CHARS_MIN } from "@/api/search";
import type { Session } from "@/api/types";
import { cx } from "@/lib/cx";
import { useWide } from "@/lib/hooks";
import { closeConversation, useLive } from "@/live/store";
import { Button, IconButton } from "@/ui/Button";
import { Confirm, Dialog } from "@/ui/Dialog";
import { ErrorBox } from "@/ui/ErrorBox";
import { SearchField, TextField } from "@/ui/Field";
import { Skeleton, When } from "@/ui/parts";
import { find } from "./ui-state";

/** From how many conversations on a search is worth its place. */
const SEARCH_FROM = 6;

export const titleOf = (session: Session): string => session.title || "Untitled conversation";

export function SessionList() {
  const query = useInfiniteQuery(sessionsQuery);
  const [wanted, setWanted] = useState("");
  const all = query.data ?? [];
  const needle = wanted.trim().toLowerCase();
  const shown =
    needle === "" ? all : all.filter((session) => titleOf(session).toLowerCase().includes(needle));
  return (
    <section
      aria-label="Conversations"
      className="mt-2 flex min-h-0 flex-1 flex-col border-t border-line pt-2"
    >
      {all.length >= SEARCH_FROM && (
        <div className="px-2 pb-2">
          <SearchField
            label="Search conversations"
            value={wanted}
            onChange={(event) => setWanted(event.target.value)}
            onKeyDown={(event) => event.key === "Enter" && wanted.trim() !== "" && find(wanted.trim())}
          />
        </div>
      )}
      {query.isPending && <Skeleton rows={5} className="px-4 py-2" />}
      {query.error && !query.data && (
        <ErrorBox error={query.error} className="mx-2" onRetry={() => void query.refetch()} />
      )}
      {query.data && all.length === 0 && (
        <p className="px-4 py-3 text-sm text-faint">Your conversations will be here. Begin with a message.</p>
      )}
      {needle !== "" && shown.length === 0 && (
        <p className="px-4 py-3 text-sm text-faint">Nothing is called “{wanted}”.</p>
      )}
      {needle.length >= SEARCH_CHARS_MIN && (
        <Button
          look="quiet"
          icon={<TextSearch size={14} />}
          className="mx-2 mb-1 justify-start!"
          onClick={() => find(wanted.trim())}
        >
          Search in the messages
        </Button>
      )}
      <Rows
        sessions={shown}
        onEnd={() => query.hasNextPage && !query.isFetching && void query.fetchNextPage()}
      />
    </section>
  );
}

const ROW_PX = 32;
const ROW_TOUCH_PX = 40;

/** Only the rows on the screen are drawn; `onEnd` is called when the last one is. */
function Rows({ sessions, onEnd }: { sessions: readonly Session[]; onEnd: () => void }) {
  const box = useRef<HTMLDivElement>(null);
  const wide = useWide(768);
  const list = useVirtualizer({
    count: sessions.length,
    getScrollElement: () => box.current,
    getItemKey: (index) => sessions[index]?.id ?? index,
    estimateSize: () => (wide ? ROW_PX : ROW_TOUCH_PX),
    overscan: 10,
  });
  const rows = list.getVirtualItems();
  const atEnd = sessions.length > 0 && rows.at(-1)?.index === sessions.length - 1;
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked for once each time the end comes nearer
  useEffect(() => {
    if (atEnd) onEnd();
  }, [atEnd, sessions.length]);
  return (
    <div ref={box} className="min-h-0 flex-1 overflow-y-auto px-2 pb-2">
      <ul className="relative" style={{ height: list.getTotalSize() }}>
        {rows.map(({ index, key, start, size }) => {
          const session = sessions[index];
          return session && <Row key={key} session={session} start={start} size={size} />;
        })}
      </ul>
    </div>
  );
}

function Row({ session, start, size }: { session: Session; start: number; size: number }) {
  const { sessionId } = useParams({ strict: false });
  const [dialog, setDialog] = useState<"rename" | "delete" | null>(null);
  const waits = useLive((state) => state.permissions.some((request) => request.sessionId === session.id));
  const runs = useLive((state) => state.conversations[session.id]?.turn != null);
  const active = sessionId === session.id;
  return (
    <li
      style={{ top: start, height: size }}
      className={cx("group absolute inset-x-0 rounded", active ? "bg-surface-2" : "hover:bg-surface-2")}
    >
      <Link
        to="/chat/$sessionId"
        params={{ sessionId: session.id }}
        aria-current={active ? "page" : undefined}
        title={titleOf(session)}
        className="flex h-full items-center gap-2 rounded px-2 text-sm"
      >
        {(waits || runs) && (
          <span className={cx("size-2 shrink-0 animate-pulse rounded-full", waits ? "bg-ask" : "bg-agent")}>
            <span className="sr-only">{waits ? "waits for your answer" : "is working"}</span>
          </span>
        )}
        <span className={cx("min-w-0 flex-1 truncate", active ? "font-medium" : "text-soft")}>
          {titleOf(session)}
        </span>
        <span className="text-xs text-faint group-focus-within:invisible group-hover:invisible">
          <When at={session.updatedAt} />
        </span>
      </Link>
      <span className="absolute inset-y-0 right-0.5 hidden items-center group-focus-within:flex group-hover:flex">
        <IconButton
          label={`Rename “${titleOf(session)}”`}
          className="size-7! hover:bg-surface-3!"
          onClick={() => setDialog("rename")}
        >
          <Pencil size={13} />
        </IconButton>
        <IconButton
          label={`Delete “${titleOf(session)}”`}
          className="size-7! hover:bg-surface-3!"
          onClick={() => setDialog("delete")}
        >
          <Trash2 size={13} />
        </IconButton>
      </span>
      {dialog === "rename" && <RenameDialog session={session} onClose={() => setDialog(null)} />}
      {dialog === "delete" && (
        <DeleteDialog session={session} active={active} onClose={() => setDialog(null)} />
      )}
    </li>
  );
}

export function RenameDialog({ session, onClose }: { session: Session; onClose: () => void }) {
  const client = useQueryClient();
  const [title, setTitle] = useState(session.title ?? "");
  const rename = useMutation({
    mutationFn: () =>
      ask(
        api.PATCH("/api/sessions/{id}", {
          params: { path: { id: session.id } },
          body: { title: title.trim() },
        }),
      ),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: sessionsQuery.queryKey });
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    rename.mutate();
  };
  return (
    <Dialog title="Rename the conversation" onClose={onClose} unsaved={title !== (session.title ?? "")}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <TextField
          label="Name"
          autoFocus
          required
          maxLength={200}
          value={title}
          onChange={(event) => setTitle(event.target.value)}
        />
        {rename.error && <ErrorBox error={rename.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={rename.isPending} disabled={title.trim() === ""}>
            Rename
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

export function DeleteDialog({
  session,
  active,
  onClose,
}: {
  session: Session;
  active: boolean;
  onClose: () => void;
}) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const remove = async () => {
    await ask(api.DELETE("/api/sessions/{id}", { params: { path: { id: session.id } } }));
    closeConversation(session.id);
    void client.invalidateQueries({ queryKey: sessionsQuery.queryKey });
    // What was told of it went with it.
    void client.invalidateQueries({ queryKey: ["notifications"] });
    if (active) void navigate({ to: "/chat" });
  };
  return (
    <Confirm title="Delete the conversation?" action="Delete" onConfirm={remove} onClose={onClose}>
      “{titleOf(session)}” with {session.messageCount} messages and what its tools kept will be gone for good.
    </Confirm>
  );
}
