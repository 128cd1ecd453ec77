import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { ArrowLeft, PanelRight, Pencil, Trash2 } from "lucide-react";
import { useEffect, useState } from "react";
import { asFailure } from "@/api/errors";
import { modelsQuery, useSession } from "@/api/queries";
import { moveSession } from "@/api/workspaces";
import { useKeys, useTitle, useWide } from "@/lib/hooks";
import { readStored, writeStored } from "@/lib/stored";
import {
  askBeside,
  canAskBeside,
  reload,
  runCommand,
  say,
  showConversation,
  stopAgent,
  useLive,
} from "@/live/store";
import { DeleteDialog, RenameDialog, titleOf } from "@/shell/SessionList";
import { WorkspaceSelect } from "@/shell/WorkspacePicker";
import { IconButton } from "@/ui/Button";
import { ErrorBox } from "@/ui/ErrorBox";
import { Empty, Skeleton } from "@/ui/parts";
import { toast } from "@/ui/toasts";
import { Activity } from "./Activity";
import { useAttachments } from "./attachments";
import { Composer } from "./Composer";
import { useDraft } from "./drafts";
import { usableModel } from "./models";
import { QuestionCards } from "./QuestionCards";
import { isKnown, slashOf } from "./slash";
import { Transcript } from "./Transcript";

/** From this width on the activity is a panel of its own. */
const THREE_PANELS_PX = 1200;

export function ChatPage() {
  const { sessionId } = useParams({ from: "/inside/chat/$sessionId" });
  const { message } = useSearch({ from: "/inside/chat/$sessionId" });
  return <Chat key={sessionId} sessionId={sessionId} target={message} />;
}

function Chat({ sessionId, target }: { sessionId: string; target: string | undefined }) {
  const conversation = useLive((state) => state.conversations[sessionId]);
  const error = useLive((state) => state.loadErrors[sessionId]);
  const session = useSession(sessionId);
  const wide = useWide(THREE_PANELS_PX);
  const [activity, setActivity] = useState(() => readStored("activity") !== "closed");
  const [overlay, setOverlay] = useState(false);
  const shown = wide ? activity : overlay;
  useTitle(session ? titleOf(session) : "Conversation");
  useEffect(() => showConversation(sessionId), [sessionId]);
  const toggle = () => {
    if (!wide) return setOverlay(!overlay);
    writeStored("activity", activity ? "closed" : null);
    setActivity(!activity);
  };
  useKeys((event) => {
    if (event.key === "Escape" && overlay && !wide) setOverlay(false);
  });

  if (error && asFailure(error).status === 404) return <Gone />;
  return (
    <div className="flex h-full min-h-0">
      <section aria-label="Conversation" className="flex min-w-0 flex-1 flex-col bg-surface-0">
        <Header sessionId={sessionId} activity={shown} onActivity={toggle} />
        {error !== undefined && error !== null && (
          <ErrorBox error={error} className="m-4" onRetry={() => void reload(sessionId)} />
        )}
        {conversation && (conversation.loaded || conversation.items.length > 0) ? (
          <Body sessionId={sessionId} target={target} onAside={shown ? undefined : toggle} />
        ) : (
          <Skeleton rows={8} className="mx-auto w-full max-w-3xl flex-1 p-6" />
        )}
      </section>
      {conversation && shown && wide && (
        <div className="w-72 shrink-0 border-l border-line bg-surface-1">
          <Activity conversation={conversation} onClose={toggle} />
        </div>
      )}
      {conversation && shown && !wide && (
        <div className="fixed inset-y-0 right-0 z-30 w-80 border-l border-line bg-surface-1 shadow max-sm:w-full">
          <Activity conversation={conversation} onClose={toggle} />
        </div>
      )}
    </div>
  );
}

function Header({
  sessionId,
  activity,
  onActivity,
}: {
  sessionId: string;
  activity: boolean;
  onActivity: () => void;
}) {
  const session = useSession(sessionId);
  const [dialog, setDialog] = useState<"rename" | "delete" | null>(null);
  const move = async (workspaceId: string) => {
    try {
      await moveSession(sessionId, workspaceId);
    } catch (problem) {
      toast({ tone: "error", text: asFailure(problem).message });
    }
  };
  return (
    <header className="flex h-12 shrink-0 items-center gap-1 border-b border-line bg-surface-1 pr-2 pl-5 max-sm:pl-3">
      <h1 className="min-w-0 truncate text-base font-semibold">
        {session ? titleOf(session) : "Conversation"}
      </h1>
      {session?.projectPath && (
        <span className="mono max-w-60 truncate text-xs text-faint" title={session.projectPath}>
          {session.projectPath}
        </span>
      )}
      <span className="flex-1" />
      {session && (
        <>
          <WorkspaceSelect
            label="Workspace of this conversation"
            value={session.workspaceId}
            onChange={(workspaceId) => void move(workspaceId)}
            className="max-w-44"
          />
          <IconButton label="Rename the conversation" onClick={() => setDialog("rename")}>
            <Pencil size={15} />
          </IconButton>
          <IconButton label="Delete the conversation" onClick={() => setDialog("delete")}>
            <Trash2 size={15} />
          </IconButton>
        </>
      )}
      <IconButton
        label={activity ? "Close the activity" : "Show the activity"}
        aria-pressed={activity}
        onClick={onActivity}
      >
        <PanelRight size={16} className={activity ? "text-accent" : undefined} />
      </IconButton>
      {session && dialog === "rename" && <RenameDialog session={session} onClose={() => setDialog(null)} />}
      {session && dialog === "delete" && (
        <DeleteDialog session={session} active onClose={() => setDialog(null)} />
      )}
    </header>
  );
}

function Body({
  sessionId,
  target,
  onAside,
}: {
  sessionId: string;
  target: string | undefined;
  /** Opens the place where answers from beside are shown, when it is closed. */
  onAside: (() => void) | undefined;
}) {
  const conversation = useLive((state) => state.conversations[sessionId]);
  const permissions = useLive((state) => state.permissions);
  const commands = useLive((state) => state.commands);
  const [text, setText] = useDraft(sessionId);
  const [model, setModel] = useState<string | null>(() => readStored("model"));
  const [beside, setBeside] = useState(false);
  const mayAsk = useLive(canAskBeside);
  const files = useAttachments(async () => sessionId);
  const { data: models } = useQuery(modelsQuery);
  if (!conversation) return null;
  const { turn } = conversation;
  const ask = (content: string): boolean => {
    const left = askBeside(sessionId, content);
    if (left) onAside?.();
    else
      toast({ tone: "error", text: "The question did not leave: the connection is lost. It is kept here." });
    return left;
  };
  const send = (content: string): boolean => {
    if (beside) return ask(content);
    const slash = slashOf(content);
    if (slash && isKnown(commands, slash.name)) {
      const left = runCommand(sessionId, slash.name, slash.args);
      if (!left)
        toast({ tone: "error", text: "The command did not leave: the connection is lost. It is kept here." });
      return left;
    }
    const parts = files.list.flatMap((one) => (one.part ? [one.part] : []));
    const left = say(sessionId, content, usableModel(models?.items, model), parts);
    if (left) files.clear();
    else
      toast({ tone: "error", text: "The message did not leave: the connection is lost. It is kept here." });
    return left;
  };
  const choose = (next: string | null) => {
    writeStored("model", next);
    setModel(next);
  };
  return (
    <>
      {conversation.items.length === 0 && turn === null ? (
        <div className="flex flex-1 items-center justify-center">
          <Empty title="Nothing was said yet">
            Write what you want done. The agent asks before it changes anything.
          </Empty>
        </div>
      ) : (
        <Transcript
          conversation={conversation}
          target={target}
          requests={permissions.filter((request) => request.sessionId === sessionId)}
        />
      )}
      <QuestionCards sessionId={sessionId} />
      <Composer
        text={text}
        onText={setText}
        onSend={send}
        onStop={turn ? () => stopAgent(turn.agentId) : undefined}
        busy={turn !== null}
        model={model}
        onModel={choose}
        files={files}
        aside={mayAsk ? { on: beside, toggle: () => setBeside(!beside) } : undefined}
      />
    </>
  );
}

function Gone() {
  return (
    <div className="flex h-full items-center justify-center">
      <Empty
        title="This conversation is not there"
        action={
          <Link to="/chat" className="inline-flex items-center gap-1 text-accent underline">
            <ArrowLeft size={14} /> Begin another one
          </Link>
        }
      >
        It was deleted, or it belongs to somebody else.
      </Empty>
    </div>
  );
}
