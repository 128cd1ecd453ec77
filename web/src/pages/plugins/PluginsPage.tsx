import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Lock, Puzzle, RefreshCw, Upload } from "lucide-react";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { asFailure } from "@/api/errors";
import { pluginsQuery, toolsQuery, useIsAdmin } from "@/api/queries";
import type { Plugin } from "@/api/types";
import { Button } from "@/ui/Button";
import { Loaded, Page } from "@/ui/Page";
import { Badge, Card, Empty, type Tone } from "@/ui/parts";
import { type Column, Table } from "@/ui/Table";
import { toast } from "@/ui/toasts";
import { InstallDialog } from "./InstallDialog";

const STATES: Record<Plugin["state"], { tone: Tone; word: string }> = {
  running: { tone: "allow", word: "running" },
  quarantined: { tone: "deny", word: "quarantined" },
  rolled_back: { tone: "ask", word: "rolled back" },
  broken: { tone: "deny", word: "broken" },
};

export function PluginState({ state }: { state: Plugin["state"] }) {
  return <Badge tone={STATES[state].tone}>{STATES[state].word}</Badge>;
}

/** Instead of what only an administrator may do. */
export function OnlyToLook() {
  return (
    <p className="flex items-center gap-1.5 text-sm text-soft">
      <Lock size={14} aria-hidden="true" /> Administrators change plugins; you may look.
    </p>
  );
}

export function PluginLink({ id, className }: { id: string; className?: string }) {
  const [publisher = "", name = ""] = id.split("/");
  return (
    <Link to="/plugins/$publisher/$name" params={{ publisher, name }} className={className}>
      {id}
    </Link>
  );
}

const COLUMNS: readonly Column<Plugin>[] = [
  {
    key: "id",
    title: "Plugin",
    sort: (plugin) => plugin.id,
    cell: (plugin) => (
      <div className="min-w-0 py-1">
        <PluginLink id={plugin.id} className="font-medium hover:underline" />
        <p className="text-sm text-soft">{plugin.description}</p>
        {plugin.problem && <p className="text-sm text-deny">{plugin.problem}</p>}
      </div>
    ),
  },
  {
    key: "state",
    title: "State",
    cell: (plugin) => <PluginState state={plugin.state} />,
    sort: (plugin) => plugin.state,
  },
  {
    key: "version",
    title: "Version",
    cell: (plugin) => plugin.version,
    sort: (plugin) => plugin.version,
    wideOnly: true,
  },
  {
    key: "gives",
    title: "Gives",
    cell: (plugin) => <span className="whitespace-nowrap">{offers(plugin)}</span>,
    sort: (plugin) => plugin.tools.length,
    wideOnly: true,
  },
  {
    key: "source",
    title: "From",
    cell: (plugin) => plugin.source,
    sort: (plugin) => plugin.source,
    wideOnly: true,
  },
];

export function PluginsPage() {
  const query = useQuery(pluginsQuery);
  const client = useQueryClient();
  const isAdmin = useIsAdmin();
  const [installing, setInstalling] = useState(false);
  const reload = useMutation({
    mutationFn: () => ask(api.POST("/api/plugins/reload")),
    onSuccess: ({ items }) => {
      toast({ tone: "ok", text: `${items.length} plugins are loaded.` });
      void client.invalidateQueries({ queryKey: pluginsQuery.queryKey });
      void client.invalidateQueries({ queryKey: toolsQuery.queryKey });
    },
    onError: (error) =>
      toast({ tone: "error", text: asFailure(error).message, requestId: asFailure(error).requestId }),
  });
  return (
    <Page
      title="Plugins"
      intro="Tools, roles and skills, each in a sandbox of its own that holds only what it declares."
      actions={
        isAdmin ? (
          <>
            <Button icon={<RefreshCw size={14} />} busy={reload.isPending} onClick={() => reload.mutate()}>
              Reload all
            </Button>
            <Button look="primary" icon={<Upload size={14} />} onClick={() => setInstalling(true)}>
              Install a file
            </Button>
          </>
        ) : (
          <OnlyToLook />
        )
      }
    >
      <Loaded query={query}>
        {({ items }) =>
          items.length > 0 ? (
            <Table tools label="Plugins" rows={items} columns={COLUMNS} rowKey={(plugin) => plugin.id} />
          ) : (
            <Card>
              <Empty icon={<Puzzle size={26} />} title="No plugin is loaded">
                Install a component, or put one into the plugins folder of this octi's data.
              </Empty>
            </Card>
          )
        }
      </Loaded>
      {installing && <InstallDialog onClose={() => setInstalling(false)} />}
    </Page>
  );
}

function offers({ role, skill, tools }: Plugin): string {
  if (role) return "a role";
  return skill && tools.length === 0 ? "a skill" : `${tools.length} tools`;
}
