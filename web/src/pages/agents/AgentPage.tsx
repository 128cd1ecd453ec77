import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { Square } from "lucide-react";
import { useEffect } from "react";
import { agentQuery, modelsQuery } from "@/api/queries";
import type { Agent } from "@/api/types";
import { costOf } from "@/lib/cost";
import { dateTime, number, usd } from "@/lib/format";
import { showConversation, stopAgent, useLive } from "@/live/store";
import { Button } from "@/ui/Button";
import { Loaded, Page } from "@/ui/Page";
import { Card, Facts, Skeleton } from "@/ui/parts";
import { AgentState, roleName, Took } from "./AgentTable";
import { Timeline } from "./Timeline";

export function AgentPage() {
  const { agentId } = useParams({ from: "/inside/agents/$agentId" });
  const query = useQuery(agentQuery(agentId));
  const agent = query.data;
  return (
    <Page
      title={agent ? `Agent ${roleName(agent)}` : "Agent"}
      actions={
        agent?.status === "running" && (
          <Button
            look="danger"
            icon={<Square size={12} fill="currentColor" />}
            onClick={() => stopAgent(agent.id)}
          >
            Stop
          </Button>
        )
      }
    >
      <Loaded query={query}>
        {(one) => (
          <div className="grid items-start gap-4 lg:grid-cols-[1fr_300px]">
            <Card title="Timeline" className="max-lg:order-2">
              <Steps agent={one} />
            </Card>
            <About agent={one} />
          </div>
        )}
      </Loaded>
    </Page>
  );
}

function About({ agent }: { agent: Agent }) {
  const { data: models } = useQuery(modelsQuery);
  const cost = costOf(
    agent.usage,
    models?.items.find((model) => model.name === agent.model),
  );
  const about = agent.usage.estimated ? "about " : "";
  return (
    <Card title="About">
      <Facts
        facts={[
          ["State", <AgentState key="state" status={agent.status} />],
          ...(agent.reason ? [["Why", agent.reason] as const] : []),
          ["Role", agent.role],
          [
            "Model",
            <span key="model" className="mono text-xs">
              {agent.model}
            </span>,
          ],
          ["Steps", number(agent.iterations)],
          ...(agent.skills?.length ? [["Skills", agent.skills.join(", ")] as const] : []),
          ["Tokens in", `${about}${number(agent.usage.inputTokens)}`],
          ["Tokens out", `${about}${number(agent.usage.outputTokens)}`],
          [
            "Cost at the price of today",
            cost === null ? "no price set" : `${cost > 0 ? about : ""}${usd(cost)}`,
          ],
          ["Started", dateTime(agent.startedAt)],
          ["Took", <Took key="took" agent={agent} />],
          [
            "Conversation",
            <Link
              key="chat"
              to="/chat/$sessionId"
              params={{ sessionId: agent.sessionId }}
              className="text-accent underline"
            >
              open
            </Link>,
          ],
        ]}
      />
    </Card>
  );
}

function Steps({ agent }: { agent: Agent }) {
  const conversation = useLive((state) => state.conversations[agent.sessionId]);
  useEffect(() => showConversation(agent.sessionId), [agent.sessionId]);
  if (!conversation?.loaded) return <Skeleton rows={6} />;
  const items = conversation.items.filter((item) => item.agentId === agent.id);
  const turn = conversation.turn?.agentId === agent.id ? conversation.turn : null;
  return <Timeline items={items} turn={turn} />;
}
