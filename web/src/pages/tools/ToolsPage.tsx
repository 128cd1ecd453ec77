import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { ArrowLeft, Wrench } from "lucide-react";
import { useState } from "react";
import { toolsQuery } from "@/api/queries";
import type { Tool } from "@/api/types";
import { cx } from "@/lib/cx";
import { useTitle } from "@/lib/hooks";
import { LevelBadge } from "@/pages/permissions/PermissionsPage";
import { PluginLink } from "@/pages/plugins/parts";
import { IconButton } from "@/ui/Button";
import { SearchField } from "@/ui/Field";
import { Loaded } from "@/ui/Page";
import { Badge, Empty } from "@/ui/parts";
import { Ticks } from "@/ui/Ticks";
import { TryTool } from "./TryTool";

/** Every operation, and a form to try it. */
export function ToolsPage() {
  useTitle("Tools");
  const query = useQuery(toolsQuery);
  const { tool: chosen } = useSearch({ from: "/inside/tools" });
  const navigate = useNavigate();
  const open = (name: string | undefined) =>
    void navigate({ to: "/tools", search: name ? { tool: name } : {} });
  return (
    <div className="flex h-full min-h-0">
      <section
        aria-label="Tools"
        className={cx(
          "flex w-80 shrink-0 flex-col border-r border-line bg-surface-1 max-md:w-full",
          chosen && "max-md:hidden",
        )}
      >
        <Loaded query={query}>{({ items }) => <List tools={items} chosen={chosen} onOpen={open} />}</Loaded>
      </section>
      <section className={cx("min-w-0 flex-1 overflow-y-auto", !chosen && "max-md:hidden")}>
        <Chosen
          tool={query.data?.items.find((tool) => tool.name === chosen)}
          onBack={() => open(undefined)}
        />
      </section>
    </div>
  );
}

function List({
  tools,
  chosen,
  onOpen,
}: {
  tools: readonly Tool[];
  chosen: string | undefined;
  onOpen: (name: string) => void;
}) {
  const [wanted, setWanted] = useState("");
  const needle = wanted.trim().toLowerCase();
  const shown = tools.filter((tool) =>
    `${tool.tool} ${tool.operation} ${tool.description}`.toLowerCase().includes(needle),
  );
  const groups = Map.groupBy(shown, (tool) => tool.tool);
  return (
    <>
      <header className="flex flex-col gap-2 border-b border-line p-3">
        <h1 className="text-xl font-semibold">Tools</h1>
        <SearchField
          label={`Search ${tools.length} operations`}
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
        />
      </header>
      <div className="min-h-0 flex-1 overflow-y-auto p-2">
        {[...groups].map(([name, operations]) => (
          <div key={name} className="mb-3">
            <h2 className="mono px-2 py-1 text-xs font-semibold text-soft">{name}</h2>
            <ul>
              {operations.map((tool) => (
                <li key={tool.name}>
                  <button
                    type="button"
                    aria-current={tool.name === chosen || undefined}
                    onClick={() => onOpen(tool.name)}
                    className={cx(
                      "flex h-8 w-full items-center gap-2 rounded px-2 text-left text-sm max-md:h-10",
                      tool.name === chosen ? "bg-surface-2 font-medium" : "hover:bg-surface-2",
                    )}
                  >
                    <span className="mono min-w-0 flex-1 truncate text-xs">{tool.operation}</span>
                    <LevelBadge level={tool.permission} />
                  </button>
                </li>
              ))}
            </ul>
          </div>
        ))}
        {shown.length === 0 && <p className="px-2 py-4 text-soft">No operation fits “{wanted}”.</p>}
      </div>
    </>
  );
}

function Chosen({ tool, onBack }: { tool: Tool | undefined; onBack: () => void }) {
  if (!tool) {
    return (
      <div className="flex h-full items-center justify-center">
        <Empty icon={<Wrench size={26} />} title="Choose an operation">
          You see what it takes and does, and can call it by hand. The permission rules hold for you as for an
          agent.
        </Empty>
      </div>
    );
  }
  return (
    <div className="mx-auto flex max-w-3xl flex-col gap-4 px-6 py-6 max-sm:px-4 max-sm:py-3">
      <header>
        <div className="flex items-center gap-2">
          <span className="md:hidden">
            <IconButton label="Back to the list" onClick={onBack}>
              <ArrowLeft size={16} />
            </IconButton>
          </span>
          <h1 className="mono text-lg font-semibold [overflow-wrap:anywhere]">
            {tool.tool} {tool.operation}
          </h1>
        </div>
        <p className="mt-1 text-soft">
          <Ticks text={tool.description} />
        </p>
        <p className="mt-2 flex flex-wrap items-center gap-2 text-sm text-soft">
          <LevelBadge level={tool.permission} />
          {tool.effects.map((effect) => (
            <Badge key={effect}>{effect}</Badge>
          ))}
          <span>
            of <PluginLink id={tool.plugin} className="text-accent underline" /> {tool.pluginVersion}
          </span>
        </p>
      </header>
      <TryTool key={tool.name} tool={tool} />
    </div>
  );
}
