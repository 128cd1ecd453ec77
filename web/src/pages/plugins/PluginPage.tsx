import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { pluginQuery } from "@/api/plugins";
import { useIsAdmin } from "@/api/queries";
import type { Plugin } from "@/api/types";
import { bytes } from "@/lib/format";
import { Loaded, Page } from "@/ui/Page";
import { Card, Facts } from "@/ui/parts";
import { Ticks } from "@/ui/Ticks";
import { Access } from "./Access";
import { Actions } from "./Actions";
import { Health } from "./Health";
import { Incident } from "./Incident";
import { Capabilities } from "./InstallDialog";
import { OnlyToLook, PluginState } from "./parts";
import { Versions } from "./Versions";

export function PluginPage() {
  const { publisher, name } = useParams({ from: "/inside/plugins/$publisher/$name" });
  const id = `${publisher}/${name}`;
  const query = useQuery(pluginQuery(id));
  const isAdmin = useIsAdmin();
  return (
    <Page
      title={id}
      intro={query.data?.description}
      actions={isAdmin ? query.data && <Actions plugin={query.data} /> : <OnlyToLook />}
    >
      <Loaded query={query}>
        {(plugin) => (
          <>
            <Incident plugin={plugin} />
            <div className="grid items-start gap-4 lg:grid-cols-2">
              <div className="flex min-w-0 flex-col gap-4">
                <About plugin={plugin} />
                <Versions plugin={plugin} />
              </div>
              <div className="flex min-w-0 flex-col gap-4">
                <Card title="What it may do">
                  <Capabilities list={plugin.capabilities} />
                </Card>
                {isAdmin && <Access id={plugin.id} />}
              </div>
              {isAdmin && <Health id={plugin.id} />}
              {plugin.tools.length > 0 && <Tools plugin={plugin} />}
            </div>
          </>
        )}
      </Loaded>
    </Page>
  );
}

function About({ plugin }: { plugin: Plugin }) {
  return (
    <Card title="About">
      <Facts
        facts={[
          ["State", <PluginState key="state" plugin={plugin} />],
          ...(plugin.mayUse === false
            ? [
                [
                  "For you",
                  <span key="use">
                    <Ticks text="you have no grant to use it; an administrator gives it on this page under “Who may use it”" />
                  </span>,
                ] as const,
              ]
            : []),
          ["Version", plugin.version],
          ["From", from(plugin)],
          ["Size", bytes(plugin.bytes)],
          ["Loaded", plugin.generation === 1 ? "once" : `${plugin.generation} times`],
          [
            "Digest",
            <code key="digest" className="text-xs">
              {plugin.digest}
            </code>,
          ],
          ...(plugin.origin
            ? [
                [
                  "Publisher",
                  <code key="key" className="text-xs">
                    {plugin.origin.publisherKey}
                  </code>,
                ] as const,
              ]
            : []),
          ...(plugin.role ? [["Role", plugin.role] as const] : []),
          ...(plugin.skill ? [["Skill", plugin.skill] as const] : []),
        ]}
      />
    </Card>
  );
}

function from({ origin, source }: Plugin): string {
  if (origin) return `registry ${origin.registry}`;
  return { bundled: "octi itself", folder: "the plugins folder", extism: "a module of Extism" }[source];
}

function Tools({ plugin }: { plugin: Plugin }) {
  return (
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
  );
}
