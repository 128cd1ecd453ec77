import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { Pencil, Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import { api, ask } from "@/api/client";
import { sessionsQuery } from "@/api/queries";
import type { Session } from "@/api/types";
import { cx } from "@/lib/cx";
import { closeConversation, useLive } from "@/live/store";
import { Button, IconButton } from "@/ui/Button";
import { Confirm, Dialog } from "@/ui/Dialog";
import { ErrorBox } from "@/ui/ErrorBox";
import { SearchField, TextField } from "@/ui/Field";
import { Skeleton, When } from "@/ui/parts";

/** From how many conversations on a search is worth its place. */
const SEARCH_FROM = 6;

export const titleOf = (session: Session): string => session.title || "Untitled conversation";

export function SessionList() {
  const query = useQuery(sessionsQuery);
  const [wanted, setWanted] = useState("");
  const all = query.data?.items ?? [];
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
          />
        </div>
      )}
      <div className="min-h-0 flex-1 overflow-y-auto px-2 pb-2">
        {query.isPending && <Skeleton rows={5} className="p-2" />}
        {query.error && !query.data && <ErrorBox error={query.error} onRetry={() => void query.refetch()} />}
        {query.data && all.length === 0 && (
          <p className="px-2 py-3 text-sm text-faint">
            Your conversations will be here. Begin with a message.
          </p>
        )}
        {needle !== "" && shown.length === 0 && (
          <p className="px-2 py-3 text-sm text-faint">Nothing is called “{wanted}”.</p>
        )}
        <ul>
          {shown.map((session) => (
            <Row key={session.id} session={session} />
          ))}
        </ul>
      </div>
    </section>
  );
}

function Row({ session }: { session: Session }) {
  const { sessionId } = useParams({ strict: false });
  const [dialog, setDialog] = useState<"rename" | "delete" | null>(null);
  const waits = useLive((state) => state.permissions.some((request) => request.sessionId === session.id));
  const runs = useLive((state) => state.conversations[session.id]?.turn != null);
  const active = sessionId === session.id;
  return (
    <li className={cx("group relative rounded", active ? "bg-surface-2" : "hover:bg-surface-2")}>
      <Link
        to="/chat/$sessionId"
        params={{ sessionId: session.id }}
        aria-current={active ? "page" : undefined}
        title={titleOf(session)}
        className="flex h-8 items-center gap-2 rounded px-2 text-sm max-md:h-10"
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
    <Dialog title="Rename the conversation" onClose={onClose}>
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
    if (active) void navigate({ to: "/chat" });
  };
  return (
    <Confirm title="Delete the conversation?" action="Delete" onConfirm={remove} onClose={onClose}>
      “{titleOf(session)}” with {session.messageCount} messages and what its tools kept will be gone for good.
    </Confirm>
  );
}
