import { useQuery } from "@tanstack/react-query";
import { Lock, Plug, Plus } from "lucide-react";
import { useState } from "react";
import { mcpServersQuery, useIsAdmin } from "@/api/queries";
import type { McpServer } from "@/api/types";
import { Button } from "@/ui/Button";
import { Loaded, Page } from "@/ui/Page";
import { Badge, Card, Empty, type Tone } from "@/ui/parts";
import { ServerActions } from "./ServerActions";
import { ServerDialog } from "./ServerDialog";
import { ServerTools } from "./ServerTools";

const INTRO =
  "Servers of the Model Context Protocol that others wrote. Programs run in the sandbox, remote ones are reached through its door; agents ask before they use a tool of one.";

/** How a server is, in one word. */
export function stateOf(server: McpServer): { tone: Tone; word: string } {
  if (server.config.disabled) return { tone: "neutral", word: "disabled" };
  if (server.breaker === "open") return { tone: "deny", word: "left alone" };
  if (server.breaker === "probing") return { tone: "ask", word: "being tried" };
  if (server.signedIn === "wanted") return { tone: "ask", word: "wants a sign-in" };
  return server.running ? { tone: "allow", word: "running" } : { tone: "neutral", word: "not started" };
}

export function McpServersPage() {
  const isAdmin = useIsAdmin();
  return isAdmin ? (
    <Servers />
  ) : (
    <Page title="MCP servers" intro={INTRO}>
      <p className="flex items-center gap-1.5 text-sm text-soft">
        <Lock size={14} aria-hidden="true" /> Administrators see and change MCP servers.
      </p>
    </Page>
  );
}

function Servers() {
  const query = useQuery(mcpServersQuery);
  const [edited, setEdited] = useState<McpServer | "new" | null>(null);
  const add = (
    <Button look="primary" icon={<Plus size={15} />} onClick={() => setEdited("new")}>
      Add a server
    </Button>
  );
  return (
    <Page title="MCP servers" intro={INTRO} actions={add}>
      <Loaded query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Card>
              <Empty icon={<Plug size={26} />} title="No server is connected" action={add}>
                A program on this machine or an address elsewhere: its tools become tools of your agents.
              </Empty>
            </Card>
          ) : (
            <div className="flex flex-col gap-4">
              {items.map((server) => (
                <Server key={server.name} server={server} onChange={() => setEdited(server)} />
              ))}
            </div>
          )
        }
      </Loaded>
      {edited !== null && (
        <ServerDialog server={edited === "new" ? null : edited} onClose={() => setEdited(null)} />
      )}
    </Page>
  );
}

function Server({ server, onChange }: { server: McpServer; onChange: () => void }) {
  const { tone, word } = stateOf(server);
  return (
    <Card title={server.name}>
      <div className="flex flex-col gap-3">
        <div className="flex flex-wrap items-center gap-2">
          <Badge tone={tone}>{word}</Badge>
          <code className="min-w-0 break-all text-xs">
            {server.config.url ?? [server.config.command, ...(server.config.args ?? [])].join(" ")}
          </code>
          {server.signedIn === "yes" && <Badge tone="neutral">signed in</Badge>}
          {server.source === "file" && <span className="text-sm text-faint">from mcp.json</span>}
        </div>
        {server.problem && <p className="text-sm text-deny">{server.problem}</p>}
        <ServerTools server={server} />
        <ServerActions server={server} onChange={onChange} />
      </div>
    </Card>
  );
}
