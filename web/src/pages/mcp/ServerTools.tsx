import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { mcpServersQuery, toolsQuery } from "@/api/queries";
import type { McpServer, McpTool } from "@/api/types";
import { Button } from "@/ui/Button";
import { Code } from "@/ui/Code";
import { Dialog } from "@/ui/Dialog";
import { ErrorBox } from "@/ui/ErrorBox";
import { Badge, type Tone } from "@/ui/parts";

const STATES: Record<McpTool["state"], { tone: Tone; word: string }> = {
  lazy: { tone: "neutral", word: "on demand" },
  pinned: { tone: "allow", word: "accepted" },
  changed: { tone: "deny", word: "changed, out of service" },
  missing: { tone: "ask", word: "accepted, gone" },
};

/** The tools of a server, each with how it stands to what was accepted. */
export function ServerTools({ server }: { server: McpServer }) {
  const [shown, setShown] = useState<McpTool | null>(null);
  if (server.tools.length === 0 && server.leftOut.length === 0) {
    return <p className="text-sm text-faint">Test it to see its tools.</p>;
  }
  return (
    <>
      <ul className="flex flex-wrap gap-2" aria-label={`Tools of ${server.name}`}>
        {server.tools.map((tool) => (
          <li key={tool.name} className="inline-flex items-center gap-1.5">
            <Button onClick={() => setShown(tool)}>
              <span className="mono text-xs">{tool.name}</span>
            </Button>
            {tool.state !== "lazy" && <Badge tone={STATES[tool.state].tone}>{STATES[tool.state].word}</Badge>}
          </li>
        ))}
      </ul>
      {server.leftOut.length > 0 && (
        <ul className="list-disc pl-5 text-sm text-soft" aria-label={`Left out of ${server.name}`}>
          {server.leftOut.map((line) => (
            <li key={line}>left out: {line}</li>
          ))}
        </ul>
      )}
      {shown && <ToolDialog server={server.name} tool={shown} onClose={() => setShown(null)} />}
    </>
  );
}

/** What a server says of a tool, beside what was accepted of it: accepting sends the hash of what is shown here. */
function ToolDialog({ server, tool, onClose }: { server: string; tool: McpTool; onClose: () => void }) {
  const client = useQueryClient();
  const path = { params: { path: { name: server, tool: tool.name } } };
  const address = "/api/mcp/servers/{name}/tools/{tool}/acceptance";
  const done = {
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: mcpServersQuery.queryKey });
      await client.invalidateQueries({ queryKey: toolsQuery.queryKey });
      onClose();
    },
  };
  const accept = useMutation({
    mutationFn: (hash: string) => ask(api.PUT(address, { ...path, body: { hash } })),
    ...done,
  });
  const withdraw = useMutation({ mutationFn: () => ask(api.DELETE(address, path)), ...done });
  const hash = tool.now?.hash;
  const error = accept.error ?? withdraw.error;
  return (
    <Dialog title={`${server}.${tool.name}`} onClose={onClose}>
      <div className="flex flex-col gap-4">
        <p className="text-sm text-soft">
          In the words of the server, which octi does not vouch for. Accepted, agents see the tool like octi's
          own; when the server changes it, it is out of service until it is accepted again.
        </p>
        {tool.state === "changed" && tool.accepted && <Words title="Accepted" text={tool.accepted} />}
        {tool.now && <Words title={tool.state === "changed" ? "Now" : "It says"} text={tool.now} />}
        {!tool.now && tool.accepted && <Words title="Accepted" text={tool.accepted} />}
        {error && <ErrorBox error={error} />}
        <div className="flex justify-end gap-2">
          {tool.accepted && (
            <Button busy={withdraw.isPending} onClick={() => withdraw.mutate()}>
              Take back
            </Button>
          )}
          {hash && tool.state !== "pinned" && (
            <Button look="primary" busy={accept.isPending} onClick={() => accept.mutate(hash)}>
              Accept
            </Button>
          )}
        </div>
      </div>
    </Dialog>
  );
}

function Words({ title, text }: { title: string; text: NonNullable<McpTool["now"]> }) {
  return (
    <section>
      <h3 className="mb-1 text-sm font-medium">{title}</h3>
      <p className="whitespace-pre-wrap">{text.description}</p>
      <Code code={JSON.stringify(text.inputSchema, null, 2)} language="json" />
    </section>
  );
}
