import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { FlaskConical } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { api, ask } from "@/api/client";
import { modelsQuery, sessionsQuery } from "@/api/queries";
import { useChosenWorkspace } from "@/api/workspaces";
import { useTitle } from "@/lib/hooks";
import { readStored, writeStored } from "@/lib/stored";
import { openConversation, runCommand, say, useLive } from "@/live/store";
import { Mark } from "@/shell/Mark";
import { WorkspacePicker } from "@/shell/WorkspacePicker";
import { ErrorBox } from "@/ui/ErrorBox";
import { toast } from "@/ui/toasts";
import { useAttachments } from "./attachments";
import { Composer } from "./Composer";
import { useDraft } from "./drafts";
import { usableModel } from "./models";
import { isKnown, slashOf } from "./slash";

const TITLE_MAX = 60;
const NOT_LEFT = "did not leave: the connection is lost. It is kept here.";

const IDEAS = [
  "write a file hello.md with a greeting",
  "list the files of the workspace",
  "show the git status and what changed",
  "add a task: look at the plugins",
];

/** A conversation begins with its first message. */
export function NewChatPage() {
  useTitle("New conversation");
  const [text, setText] = useDraft("new");
  const [model, setModel] = useState<string | null>(() => readStored("model"));
  const [error, setError] = useState<unknown>(null);
  const commands = useLive((state) => state.commands);
  const { data: models } = useQuery(modelsQuery);
  const client = useQueryClient();
  const navigate = useNavigate();
  const workspace = useChosenWorkspace();
  const begun = useBegun(workspace?.id ?? null);
  const files = useAttachments(() => begun.session(null));
  const demo = models?.items.find((one) => one.isDefault)?.isDemo ?? false;
  const send = async (content: string): Promise<boolean> => {
    setError(null);
    try {
      const slash = slashOf(content);
      const isCommand = slash !== null && isKnown(commands, slash.name);
      if (isCommand && files.list.length > 0) {
        toast({
          tone: "error",
          text: "A command takes no files: take them away, or send them with a message.",
        });
        return false;
      }
      const sessionId = await begun.session(isCommand ? null : titleFrom(content));
      const parts = files.list.flatMap((one) => (one.part ? [one.part] : []));
      openConversation(sessionId);
      const left = isCommand
        ? runCommand(sessionId, slash.name, slash.args)
        : say(sessionId, content, usableModel(models?.items, model), parts);
      if (!left) {
        // What was written stays on this page, with its files.
        toast({ tone: "error", text: `${isCommand ? "The command" : "The message"} ${NOT_LEFT}` });
        return false;
      }
      begun.keep();
      void client.invalidateQueries({ queryKey: sessionsQuery.queryKey });
      void navigate({ to: "/chat/$sessionId", params: { sessionId } });
      return true;
    } catch (problem) {
      setError(problem);
      return false;
    }
  };
  return (
    <div className="flex h-full flex-col overflow-y-auto">
      <div className="m-auto w-full max-w-3xl py-8">
        <div className="mb-6 flex flex-col items-center gap-3 px-5 text-center">
          <Mark size={40} />
          <h1 className="text-xl font-semibold">What is to be done?</h1>
          <WorkspacePicker />
          {demo && (
            <p className="flex items-center gap-2 text-sm text-soft">
              <FlaskConical size={15} className="text-info" aria-hidden="true" />
              <span>
                The built-in demo model answers, by fixed patterns.{" "}
                <Link to="/models" className="text-accent underline">
                  Add a real model
                </Link>
              </span>
            </p>
          )}
        </div>
        {error !== null && <ErrorBox error={error} className="mx-5 mb-3" />}
        <Composer
          text={text}
          onText={setText}
          onSend={send}
          busy={false}
          model={model}
          onModel={(next) => {
            writeStored("model", next);
            setModel(next);
          }}
          files={files}
        />
        <ul className="grid gap-2 px-5 sm:grid-cols-2 max-sm:px-3">
          {IDEAS.map((idea) => (
            <li key={idea}>
              <button
                type="button"
                onClick={() => setText(idea)}
                className="h-full min-h-10 w-full rounded border border-line bg-surface-1 px-3 py-2 text-left text-sm text-soft hover:border-line-strong hover:text-text"
              >
                {idea}
              </button>
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

/**
 * The session of a conversation that begins here: made with its first file or its first message, named by its first message, and
 * taken away again when the person leaves without a word.
 */
function useBegun(workspaceId: string | null) {
  const made = useRef<Promise<string> | null>(null);
  const kept = useRef(false);
  useEffect(() => {
    kept.current = false;
    return () => {
      const id = made.current;
      made.current = null;
      if (id !== null && !kept.current) void id.then(remove).catch(() => {});
    };
  }, []);
  return {
    keep: () => {
      kept.current = true;
    },
    session: async (title: string | null): Promise<string> => {
      const first = made.current === null;
      made.current ??= create(title, workspaceId);
      try {
        const id = await made.current;
        // The workspace may have been chosen after the first file was given.
        if (!first && title !== null) await begin(id, title, workspaceId);
        return id;
      } catch (error) {
        if (first) made.current = null;
        throw error;
      }
    },
  };
}

const create = async (title: string | null, workspaceId: string | null) =>
  (await ask(api.POST("/api/sessions", { body: { title, workspaceId } }))).id;
const begin = (id: string, title: string, workspaceId: string | null) =>
  ask(api.PATCH("/api/sessions/{id}", { params: { path: { id } }, body: { title, workspaceId } }));
const remove = (id: string) => ask(api.DELETE("/api/sessions/{id}", { params: { path: { id } } }));

/** The first line, cut at a word. */
function titleFrom(content: string): string {
  const line = content.split("\n", 1)[0] ?? "";
  if (line.length <= TITLE_MAX) return line;
  const cut = line.slice(0, TITLE_MAX);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(" "), TITLE_MAX / 2)).trimEnd()}…`;
}
