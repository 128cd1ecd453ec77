import { useQuery } from "@tanstack/react-query";
import { Bot } from "lucide-react";
import { useState } from "react";
import { agentsQuery } from "@/api/queries";
import { SearchField } from "@/ui/Field";
import { Loaded, Page } from "@/ui/Page";
import { Card, Empty } from "@/ui/parts";
import { AgentTable } from "./AgentTable";

export function AgentsPage() {
  const query = useQuery(agentsQuery());
  const [wanted, setWanted] = useState("");
  const needle = wanted.trim().toLowerCase();
  return (
    <Page
      title="Agents"
      intro="Each message starts an agent, which asks a model and calls tools until it has an answer."
      actions={
        <SearchField
          label="State, role or model"
          className="w-56! max-sm:w-full!"
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
        />
      }
    >
      <Loaded query={query}>
        {({ items }) => {
          const shown = items.filter((agent) =>
            `${agent.status} ${agent.role} ${agent.model}`.toLowerCase().includes(needle),
          );
          if (shown.length > 0) return <AgentTable tools agents={shown} />;
          return (
            <Card>
              <Empty
                icon={<Bot size={26} />}
                title={items.length > 0 ? "No agent is like that" : "No agent has worked yet"}
              >
                {items.length > 0
                  ? "Search for another word."
                  : "Begin a conversation: the agent that answers is listed here."}
              </Empty>
            </Card>
          );
        }}
      </Loaded>
    </Page>
  );
}
