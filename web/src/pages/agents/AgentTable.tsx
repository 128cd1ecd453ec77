import { Link } from "@tanstack/react-router";
import { CircleCheck, CircleStop, CircleX, LoaderCircle, PlugZap } from "lucide-react";
import type { ReactNode } from "react";
import type { Agent } from "@/api/types";
import { duration, number } from "@/lib/format";
import { Elapsed } from "@/pages/chat/ToolCard";
import { Badge, type Tone, When } from "@/ui/parts";
import { type Column, Table } from "@/ui/Table";

const STATES: Record<Agent["status"], { tone: Tone; icon: ReactNode }> = {
  running: {
    tone: "agent",
    icon: <LoaderCircle size={12} className="animate-spin motion-reduce:animate-none" />,
  },
  completed: { tone: "allow", icon: <CircleCheck size={12} /> },
  failed: { tone: "deny", icon: <CircleX size={12} /> },
  stopped: { tone: "neutral", icon: <CircleStop size={12} /> },
  interrupted: { tone: "ask", icon: <PlugZap size={12} /> },
};

export function AgentState({ status }: { status: Agent["status"] }) {
  const { tone, icon } = STATES[status];
  return (
    <Badge tone={tone} icon={icon}>
      {status}
    </Badge>
  );
}

export const roleName = (agent: Agent): string => agent.role.split("/").at(-1) || agent.role || "agent";

/** How long an agent worked, or has been working. */
export function Took({ agent }: { agent: Agent }) {
  if (!agent.endedAt) return <Elapsed since={agent.startedAt} />;
  return <>{duration(tookMs(agent))}</>;
}

const tookMs = (agent: Agent) => Date.parse(agent.endedAt ?? "") - Date.parse(agent.startedAt);

const tokens = (agent: Agent) => agent.usage.inputTokens + agent.usage.outputTokens;

const COLUMNS: readonly Column<Agent>[] = [
  {
    key: "status",
    title: "State",
    cell: (agent) => <AgentState status={agent.status} />,
    sort: (agent) => agent.status,
  },
  {
    key: "role",
    title: "Role",
    cell: (agent) => (
      <Link to="/agents/$agentId" params={{ agentId: agent.id }} className="font-medium hover:underline">
        {roleName(agent)}
      </Link>
    ),
    sort: roleName,
  },
  {
    key: "model",
    title: "Model",
    cell: (agent) => <span className="mono text-xs">{agent.model}</span>,
    sort: (agent) => agent.model,
    wideOnly: true,
  },
  {
    key: "steps",
    title: "Steps",
    cell: (agent) => number(agent.iterations),
    sort: (agent) => agent.iterations,
    align: "right",
    wideOnly: true,
  },
  { key: "tokens", title: "Tokens", cell: (agent) => number(tokens(agent)), sort: tokens, align: "right" },
  {
    key: "took",
    title: "Took",
    cell: (agent) => <Took agent={agent} />,
    text: (agent) => (agent.endedAt ? duration(tookMs(agent)) : "runs"),
    sort: (agent) => (agent.endedAt ? tookMs(agent) : Number.POSITIVE_INFINITY),
    align: "right",
    wideOnly: true,
  },
  {
    key: "at",
    title: "Started",
    cell: (agent) => <When at={agent.startedAt} />,
    sort: (agent) => agent.startedAt,
    align: "right",
  },
];

export function AgentTable({ agents, tools = false }: { agents: readonly Agent[]; tools?: boolean }) {
  return <Table tools={tools} label="Agents" rows={agents} columns={COLUMNS} rowKey={(agent) => agent.id} />;
}
