import { useMutation, useQueryClient } from "@tanstack/react-query";
import { LogIn, LogOut, Play, RefreshCw, RotateCcw, Trash2 } from "lucide-react";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { asFailure } from "@/api/errors";
import { mcpServersQuery, toolsQuery } from "@/api/queries";
import type { McpServer } from "@/api/types";
import { Button } from "@/ui/Button";
import { Confirm } from "@/ui/Dialog";
import { toast } from "@/ui/toasts";

/** What an administrator does with a server. One in a file is changed there. */
export function ServerActions({ server, onChange }: { server: McpServer; onChange: () => void }) {
  const client = useQueryClient();
  const [removing, setRemoving] = useState(false);
  const path = { params: { path: { name: server.name } } };
  const refresh = async () => {
    await client.invalidateQueries({ queryKey: mcpServersQuery.queryKey });
    await client.invalidateQueries({ queryKey: toolsQuery.queryKey });
  };
  const failed = (error: unknown) =>
    toast({ tone: "error", text: asFailure(error).message, requestId: asFailure(error).requestId });
  const test = useMutation({
    mutationFn: () => ask(api.POST("/api/mcp/servers/{name}/test", path)),
    onSuccess: ({ problem, server: now }) =>
      problem
        ? toast({ tone: "error", text: problem })
        : toast({ tone: "ok", text: `\`${now.name}\` works and has ${now.tools.length} tools.` }),
    onError: failed,
    onSettled: refresh,
  });
  const restart = useMutation({
    mutationFn: () => ask(api.POST("/api/mcp/servers/{name}/restart", path)),
    onSuccess: () => toast({ tone: "ok", text: `The next call starts \`${server.name}\`.` }),
    onError: failed,
    onSettled: refresh,
  });
  const reset = useMutation({
    mutationFn: () => ask(api.POST("/api/mcp/servers/{name}/reset", path)),
    onSuccess: () => toast({ tone: "ok", text: `The next call of \`${server.name}\` goes through.` }),
    onError: failed,
    onSettled: refresh,
  });
  const signIn = useMutation({
    mutationFn: () => ask(api.POST("/api/mcp/servers/{name}/sign-in", { ...path, body: { port: null } })),
    // The authorization server is another site: it sends the browser back to this page.
    onSuccess: ({ url }) => window.location.assign(url),
    onError: failed,
  });
  const signOut = useMutation({
    mutationFn: () => ask(api.DELETE("/api/mcp/servers/{name}/sign-in", path)),
    onSuccess: () => toast({ tone: "ok", text: `octi is signed out of \`${server.name}\`.` }),
    onError: failed,
    onSettled: refresh,
  });
  const remove = async () => {
    await ask(api.DELETE("/api/mcp/servers/{name}", path));
    await refresh();
  };
  const off = server.config.disabled;
  return (
    <div className="flex flex-wrap gap-1.5">
      <Button icon={<Play size={14} />} busy={test.isPending} disabled={off} onClick={() => test.mutate()}>
        Test
      </Button>
      <Button
        icon={<RefreshCw size={14} />}
        busy={restart.isPending}
        disabled={off}
        onClick={() => restart.mutate()}
      >
        Restart
      </Button>
      {server.signedIn === "wanted" && !off && (
        <Button
          look="primary"
          icon={<LogIn size={14} />}
          busy={signIn.isPending}
          onClick={() => signIn.mutate()}
        >
          Sign in
        </Button>
      )}
      {server.signedIn === "yes" && !off && (
        <Button icon={<LogOut size={14} />} busy={signOut.isPending} onClick={() => signOut.mutate()}>
          Sign out
        </Button>
      )}
      {server.breaker !== "closed" && (
        <Button icon={<RotateCcw size={14} />} busy={reset.isPending} onClick={() => reset.mutate()}>
          Try again now
        </Button>
      )}
      {server.source === "database" && (
        <>
          <Button onClick={onChange}>Change</Button>
          <Button look="danger" icon={<Trash2 size={14} />} onClick={() => setRemoving(true)}>
            Remove
          </Button>
        </>
      )}
      {removing && (
        <Confirm
          title={`Remove ${server.name}?`}
          action="Remove"
          onConfirm={remove}
          onClose={() => setRemoving(false)}
        >
          Agents cannot call its tools any more, and what was accepted of them is forgotten.
        </Confirm>
      )}
    </div>
  );
}
