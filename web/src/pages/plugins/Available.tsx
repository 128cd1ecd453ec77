import { useQuery } from "@tanstack/react-query";
import { PackageSearch, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { availableQuery, registriesQuery } from "@/api/plugins";
import type { AvailablePlugin, PluginRegistry } from "@/api/types";
import { useRested } from "@/lib/hooks";
import { Button } from "@/ui/Button";
import { SearchField } from "@/ui/Field";
import { Loaded } from "@/ui/Page";
import { Badge, Card, Empty } from "@/ui/parts";
import { type Column, Table } from "@/ui/Table";
import { Ticks } from "@/ui/Ticks";
import { PluginLink } from "./parts";
import { ReviewDialog } from "./ReviewDialog";

const RESTS_MS = 250;

/** What the registries of this octi have. */
export function Available() {
  const registries = useQuery(registriesQuery);
  return (
    <Loaded query={registries}>
      {({ items }) =>
        items.length === 0 ? (
          <Card>
            <Empty icon={<PackageSearch size={26} />} title="No registry is set up">
              A registry is a folder or an OCI address with plugins and a signed list of them. Add{" "}
              <code>[registries.NAME]</code> with its <code>location</code> and <code>keys</code> to{" "}
              <code>config.toml</code>, and start octi again.
            </Empty>
          </Card>
        ) : (
          <Search registries={items} />
        )
      }
    </Loaded>
  );
}

function Search({ registries }: { registries: readonly PluginRegistry[] }) {
  const [text, setText] = useState("");
  const [outdated, setOutdated] = useState(false);
  const [reviewed, setReviewed] = useState<AvailablePlugin | null>(null);
  const q = useRested(text.trim(), RESTS_MS);
  const query = useQuery(availableQuery({ ...(q !== "" && { q }), ...(outdated && { outdated }) }));
  const troubled = registries.filter(({ problem }) => problem);
  return (
    <div className="flex flex-col gap-4">
      <search className="flex flex-wrap items-center gap-3">
        <SearchField
          label="Search by id or description"
          className="max-w-sm"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <label className="flex items-center gap-2 text-sm">
          <input
            type="checkbox"
            className="size-4 accent-(--c-accent)"
            checked={outdated}
            onChange={(event) => setOutdated(event.target.checked)}
          />
          Only what is newer than what runs
        </label>
      </search>
      {troubled.map(({ name, problem }) => (
        <p key={name} className="flex items-start gap-2 text-sm text-ask">
          <TriangleAlert size={15} className="mt-0.5 shrink-0" aria-hidden="true" />
          <span className="[overflow-wrap:anywhere]">
            What registry <code>{name}</code> revoked is not known: <Ticks text={problem ?? ""} />
          </span>
        </p>
      ))}
      <Loaded query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Card>
              <Empty icon={<PackageSearch size={26} />} title={nothing(q, outdated)}>
                {registries.length === 1 ? "The registry" : "The registries"}{" "}
                {registries.map(({ name }) => name).join(", ")} {registries.length === 1 ? "was" : "were"}{" "}
                asked.
              </Empty>
            </Card>
          ) : (
            <Table
              label="Available plugins"
              rows={items}
              columns={columns(setReviewed)}
              rowKey={(plugin) => `${plugin.registry} ${plugin.plugin}`}
            />
          )
        }
      </Loaded>
      {reviewed && (
        <ReviewDialog
          plugin={reviewed.plugin}
          registry={reviewed.registry}
          onClose={() => setReviewed(null)}
        />
      )}
    </div>
  );
}

function nothing(q: string, outdated: boolean): string {
  if (q !== "") return `No registry has a plugin with “${q}”`;
  return outdated ? "Everything is the newest" : "The registries are empty";
}

const columns = (review: (plugin: AvailablePlugin) => void): readonly Column<AvailablePlugin>[] => [
  {
    key: "id",
    title: "Plugin",
    sort: ({ plugin }) => plugin,
    cell: ({ plugin, description, installed }) => (
      <div className="min-w-0 py-1">
        {installed ? (
          <PluginLink id={plugin} className="font-medium hover:underline" />
        ) : (
          <span className="font-medium">{plugin}</span>
        )}
        <p className="text-sm text-soft">{description}</p>
      </div>
    ),
  },
  {
    key: "kinds",
    title: "Kind",
    cell: ({ kinds }) => kinds.join(", "),
    sort: ({ kinds }) => kinds.join(", "),
    wideOnly: true,
  },
  { key: "version", title: "Newest", cell: ({ version }) => version, wideOnly: true },
  {
    key: "registry",
    title: "Registry",
    cell: ({ registry }) => registry,
    sort: ({ registry }) => registry,
    wideOnly: true,
  },
  {
    key: "do",
    title: "",
    align: "right",
    cell: (plugin) =>
      plugin.installed === plugin.version ? (
        <Badge tone="allow">installed</Badge>
      ) : (
        <Button look={plugin.installed ? "primary" : "plain"} onClick={() => review(plugin)}>
          {plugin.installed ? `Upgrade from ${plugin.installed}` : "Review"}
          <span className="sr-only"> {plugin.plugin}</span>
        </Button>
      ),
  },
];
