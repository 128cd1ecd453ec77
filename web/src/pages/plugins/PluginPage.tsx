import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { History, RefreshCw, Trash2 } from "lucide-react";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { asFailure } from "@/api/errors";
import { pluginsQuery, toolsQuery, useIsAdmin } from "@/api/queries";
import { bytes } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Confirm } from "@/ui/Dialog";
import { Loaded, Page } from "@/ui/Page";
import { Card, Facts } from "@/ui/parts";
import { toast } from "@/ui/toasts";
import { Capabilities } from "./InstallDialog";
import { OnlyToLook, PluginState } from "./PluginsPage";

const pluginQuery = (publisher: string, name: string) =>
  queryOptions({
    queryKey: ["plugins", publisher, name],
    queryFn: () => ask(api.GET("/api/plugins/{publisher}/{name}", { params: { path: { publisher, name } } })),
  });

export function PluginPage() {
  const { publisher, name } = useParams({ from: "/inside/plugins/$publisher/$name" });
  const query = useQuery(pluginQuery(publisher, name));
  const isAdmin = useIsAdmin();
  return (
    <Page
      title={`${publisher}/${name}`}
      intro={query.data?.description}
      actions={isAdmin ? query.data && <Actions plugin={query.data} /> : <OnlyToLook />}
    >
      <Loaded query={query}>
        {(plugin) => (
          <div className="grid items-start gap-4 lg:grid-cols-2">
            <Card title="About">
              <Facts
                facts={[
                  ["State", <PluginState key="state" state={plugin.state} />],
                  ...(plugin.problem
                    ? [
                        [
                          "Problem",
                          <span key="problem" className="text-deny">
                            {plugin.problem}
                          </span>,
                        ] as const,
                      ]
                    : []),
                  ["Version", plugin.version],
                  ["Before it", plugin.previous ?? "nothing to go back to"],
                  ["From", { bundled: "octi itself", folder: "the plugins folder", extism: "a module of Extism" }[plugin.source]],
                  ["Size", bytes(plugin.bytes)],
                  ["Loaded", plugin.generation === 1 ? "once" : `${plugin.generation} times`],
                  [
                    "Digest",
                    <code key="digest" className="text-xs">
                      {plugin.digest}
                    </code>,
                  ],
                  ...(plugin.role ? [["Role", plugin.role] as const] : []),
                  ...(plugin.skill ? [["Skill", plugin.skill] as const] : []),
                ]}
              />
            </Card>
            <Card title="What it may do">
              <Capabilities list={plugin.capabilities} />
            </Card>
            {plugin.tools.length > 0 && (
              <Card title={`Tools (${plugin.tools.length})`} className="lg:col-span-2">
                <ul className="flex flex-wrap gap-2">
                  {plugin.tools.map((tool) => (
                    <li key={tool}>
                      <Link
                        to="/tools"
                        search={{ tool }}
                        className="mono inline-flex h-7 items-center rounded border border-line px-2 text-xs hover:bg-surface-2"
                      >
                        {tool.replace("__", " ")}
                      </Link>
                    </li>
                  ))}
                </ul>
              </Card>
            )}
          </div>
        )}
      </Loaded>
    </Page>
  );
}

interface Target {
  id: string;
  source: string;
  previous?: string | null;
}

function Actions({ plugin }: { plugin: Target }) {
  const [publisher = "", name = ""] = plugin.id.split("/");
  const path = { params: { path: { publisher, name } } };
  const client = useQueryClient();
  const navigate = useNavigate();
  const [dialog, setDialog] = useState<"remove" | "rollback" | null>(null);
  const refresh = async () => {
    await client.invalidateQueries({ queryKey: pluginsQuery.queryKey });
    await client.invalidateQueries({ queryKey: toolsQuery.queryKey });
  };
  const reload = useMutation({
    mutationFn: () => ask(api.POST("/api/plugins/{publisher}/{name}/reload", path)),
    onSuccess: () => toast({ tone: "ok", text: `\`${plugin.id}\` is loaded again.` }),
    onError: (error) =>
      toast({ tone: "error", text: asFailure(error).message, requestId: asFailure(error).requestId }),
    onSettled: refresh,
  });
  const rollback = async () => {
    await ask(api.POST("/api/plugins/{publisher}/{name}/rollback", path));
    await refresh();
  };
  const remove = async () => {
    await ask(api.DELETE("/api/plugins/{publisher}/{name}", path));
    void navigate({ to: "/plugins" });
    await refresh();
  };
  return (
    <>
      <Button icon={<RefreshCw size={14} />} busy={reload.isPending} onClick={() => reload.mutate()}>
        Reload
      </Button>
      <Button icon={<History size={14} />} disabled={!plugin.previous} onClick={() => setDialog("rollback")}>
        Roll back
      </Button>
      <Button
        look="danger"
        icon={<Trash2 size={14} />}
        disabled={plugin.source === "bundled"}
        onClick={() => setDialog("remove")}
      >
        Remove
      </Button>
      {dialog === "rollback" && (
        <Confirm
          title={`Go back to ${plugin.previous}?`}
          action="Roll back"
          onConfirm={rollback}
          onClose={() => setDialog(null)}
        >
          The version that runs now is put aside. Calls that run are finished first.
        </Confirm>
      )}
      {dialog === "remove" && (
        <Confirm
          title={`Remove ${plugin.id}?`}
          action="Remove"
          onConfirm={remove}
          onClose={() => setDialog(null)}
        >
          Agents cannot call its tools any more. To have it again, install its file.
        </Confirm>
      )}
    </>
  );
}
