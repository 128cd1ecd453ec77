import { useQuery } from "@tanstack/react-query";
import { Puzzle } from "lucide-react";
import { pluginsHealthQuery } from "@/api/plugins";
import { pluginsQuery, useIsAdmin } from "@/api/queries";
import type { Plugin, PluginHealth } from "@/api/types";
import { compact } from "@/lib/format";
import { Loaded } from "@/ui/Page";
import { Card, Empty } from "@/ui/parts";
import { type Column, Table } from "@/ui/Table";
import { Ticks } from "@/ui/Ticks";
import { errorsOf, micros } from "./numbers";
import { PluginLink, PluginState } from "./parts";
import { stateOf } from "./state";

type Row = Plugin & { health: PluginHealth | undefined };

const COLUMNS: readonly Column<Row>[] = [
  {
    key: "id",
    title: "Plugin",
    sort: (plugin) => plugin.id,
    cell: (plugin) => (
      <div className="min-w-0 py-1">
        <PluginLink id={plugin.id} className="font-medium hover:underline" />
        <p className="text-sm text-soft">{plugin.description}</p>
        <Trouble plugin={plugin} />
      </div>
    ),
  },
  {
    key: "state",
    title: "State",
    cell: (plugin) => <PluginState plugin={plugin} />,
    sort: stateOf,
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
    cell: (plugin) => plugin.origin?.registry ?? plugin.source,
    sort: (plugin) => plugin.origin?.registry ?? plugin.source,
    wideOnly: true,
  },
];

/** What only administrators are told: of the last hour, of everybody's calls together. */
const HEALTH: readonly Column<Row>[] = [
  {
    key: "calls",
    title: "Calls, 1 h",
    align: "right",
    cell: ({ health }) => compact(health?.lastHour.calls ?? 0),
    sort: ({ health }) => health?.lastHour.calls ?? 0,
    wideOnly: true,
  },
  {
    key: "errors",
    title: "Errors",
    align: "right",
    cell: ({ health }) => (health ? compact(errorsOf(health.lastHour)) : "0"),
    sort: ({ health }) => (health ? errorsOf(health.lastHour) : 0),
    wideOnly: true,
  },
  {
    key: "p95",
    title: "p95",
    align: "right",
    cell: ({ health }) => <span className="whitespace-nowrap">{micros(health?.lastHour.p95Us)}</span>,
    sort: ({ health }) => health?.lastHour.p95Us ?? 0,
    wideOnly: true,
  },
];

/** Every plugin of this octi, and how each is. */
export function Installed() {
  const isAdmin = useIsAdmin();
  const query = useQuery(pluginsQuery);
  const { data: health } = useQuery({ ...pluginsHealthQuery, enabled: isAdmin });
  const of = new Map(health?.items.map((one) => [one.plugin, one]));
  return (
    <Loaded query={query}>
      {({ items }) =>
        items.length > 0 ? (
          <Table
            tools
            label="Plugins"
            rows={items.map((plugin) => ({ ...plugin, health: of.get(plugin.id) }))}
            columns={isAdmin ? [...COLUMNS, ...HEALTH] : COLUMNS}
            rowKey={(plugin) => plugin.id}
          />
        ) : (
          <Card>
            <Empty icon={<Puzzle size={26} />} title="No plugin is loaded">
              Install one of a registry, a file, or put a component into the plugins folder of this octi's
              data.
            </Empty>
          </Card>
        )
      }
    </Loaded>
  );
}

function Trouble({ plugin }: { plugin: Plugin }) {
  const trouble = plugin.incident?.reason ?? plugin.problem;
  if (!trouble) return null;
  return (
    <p className="text-sm text-deny [overflow-wrap:anywhere]">
      <Ticks text={trouble} />
    </p>
  );
}

function offers({ role, skill, tools }: Plugin): string {
  if (role) return "a role";
  if (tools.length === 1) return "1 tool";
  return skill && tools.length === 0 ? "a skill" : `${tools.length} tools`;
}
