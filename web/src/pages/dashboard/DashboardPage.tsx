import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Activity, CircleCheck, CircleX, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { agentsQuery, healthQuery, modelsQuery, pluginsQuery, toolsQuery } from "@/api/queries";
import type { HealthDetailed } from "@/api/types";
import { totalOf } from "@/lib/cost";
import { compact, duration, usd } from "@/lib/format";
import { useLive } from "@/live/store";
import { AgentTable } from "@/pages/agents/AgentTable";
import { Loaded, Page } from "@/ui/Page";
import { Badge, Card, Empty } from "@/ui/parts";
import { TokensPerDay } from "./TokensPerDay";

const RECENT_MAX = 6;

export function DashboardPage() {
  const agents = useQuery(agentsQuery());
  const models = useQuery(modelsQuery);
  const items = agents.data?.items ?? [];
  return (
    <Page title="Dashboard" intro="What runs, what it has used, and whether all is well.">
      <Figures />
      <div className="grid gap-4 lg:grid-cols-2">
        <Card title="Tokens per day">
          <Loaded query={agents}>
            {(page) => <TokensPerDay agents={page.items} models={models.data?.items ?? []} />}
          </Loaded>
        </Card>
        <Health />
      </div>
      <section className="flex flex-col gap-2">
        <div className="flex items-center justify-between">
          <h2 className="font-semibold">Newest agents</h2>
          <Link to="/agents" className="text-sm text-accent underline">
            All agents
          </Link>
        </div>
        <Loaded query={agents}>
          {() =>
            items.length > 0 ? (
              <AgentTable agents={items.slice(0, RECENT_MAX)} />
            ) : (
              <Card>
                <Empty
                  icon={<Activity size={26} />}
                  title="No agent has worked yet"
                  action={
                    <Link to="/chat" className="text-accent underline">
                      Begin a conversation
                    </Link>
                  }
                >
                  Each message starts one: its steps, tools and cost are shown here.
                </Empty>
              </Card>
            )
          }
        </Loaded>
      </section>
    </Page>
  );
}

function Figures() {
  const { data: agents } = useQuery(agentsQuery());
  const { data: models } = useQuery(modelsQuery);
  const { data: plugins } = useQuery(pluginsQuery);
  const { data: tools } = useQuery(toolsQuery);
  const waiting = useLive((state) => state.permissions.length);
  const running = agents?.items.filter((agent) => agent.status === "running").length ?? 0;
  const total = totalOf(agents?.items ?? [], models?.items ?? []);
  const fallback = models?.items.find((model) => model.isDefault);
  return (
    <dl className="grid grid-cols-2 gap-3 md:grid-cols-3 xl:grid-cols-6">
      <Figure name="Running" value={String(running)} note="agents" to="/agents" />
      <Figure name="Waiting" value={String(waiting)} note="questions for you" to="/permissions" />
      <Figure
        name="Tokens"
        value={`${total.estimated ? "~" : ""}${compact(total.inputTokens + total.outputTokens)}`}
        note={agents?.next ? `of the newest ${agents.items.length} turns` : "of all turns"}
        to="/agents"
      />
      <Figure
        name="Cost, about"
        value={total.cost === null ? "–" : usd(total.cost)}
        note={total.cost === null ? "a price is missing" : "of these, at prices of today"}
        to="/models"
      />
      <Figure
        name="Model"
        value={fallback?.name ?? "–"}
        note={`${models?.items.length ?? 0} set up`}
        to="/models"
      />
      <Figure
        name="Tools"
        value={String(tools?.items.length ?? 0)}
        note={`of ${plugins?.items.length ?? 0} plugins`}
        to="/tools"
      />
    </dl>
  );
}

function Figure({ name, value, note, to }: { name: string; value: string; note: string; to: string }) {
  return (
    <div className="relative rounded border border-line bg-surface-1 px-4 py-3 hover:border-line-strong">
      <dt className="text-sm text-soft">
        <Link to={to} className="after:absolute after:inset-0">
          {name}
        </Link>
      </dt>
      <dd>
        <span className="block truncate text-xl font-semibold tabular-nums">{value}</span>
        <span className="block truncate text-xs text-faint">{note}</span>
      </dd>
    </div>
  );
}

const STATES: Record<
  HealthDetailed["status"],
  { tone: "allow" | "ask" | "deny"; word: string; icon: ReactNode }
> = {
  ok: { tone: "allow", word: "well", icon: <CircleCheck size={12} /> },
  degraded: { tone: "ask", word: "degraded", icon: <TriangleAlert size={12} /> },
  down: { tone: "deny", word: "down", icon: <CircleX size={12} /> },
};

function State({ status }: { status: HealthDetailed["status"] }) {
  const { tone, word, icon } = STATES[status];
  return (
    <Badge tone={tone} icon={icon}>
      {word}
    </Badge>
  );
}

function Health() {
  const query = useQuery(healthQuery);
  return (
    <Card title="Server" actions={query.data && <State status={query.data.status} />}>
      <Loaded query={query}>
        {(health) => (
          <ul className="flex flex-col gap-2">
            {health.parts.map((part) => (
              <li key={part.name} className="flex items-center gap-3">
                <span className="w-20 text-soft">{part.name}</span>
                <span className="min-w-0 flex-1 truncate">{part.detail}</span>
                <State status={part.status} />
              </li>
            ))}
            <li className="flex items-center gap-3 border-t border-line pt-2 text-sm text-faint">
              octi {health.version} ({health.build}), up for {duration(health.uptimeSeconds * 1000)}
            </li>
          </ul>
        )}
      </Loaded>
    </Card>
  );
}
