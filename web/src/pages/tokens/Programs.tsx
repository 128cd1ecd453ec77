import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { programsQuery } from "@/api/queries";
import type { Program } from "@/api/types";
import { Button } from "@/ui/Button";
import { Confirm } from "@/ui/Dialog";
import { Loaded } from "@/ui/Page";
import { Badge, Card, When } from "@/ui/parts";

/** Programs that were let in without a token of their own (OAuth). */
export function Programs() {
  const query = useQuery(programsQuery);
  const client = useQueryClient();
  const [revoked, setRevoked] = useState<Program | null>(null);
  const revoke = async (id: string) => {
    await ask(api.DELETE("/api/programs/{id}", { params: { path: { id } } }));
    await client.invalidateQueries({ queryKey: programsQuery.queryKey });
  };
  return (
    <Card title="Programs that were let in">
      <Loaded query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="text-sm text-soft">
              None. A program that speaks MCP and finds octi at <code>/mcp</code> asks you in your browser,
              and then stands here.
            </p>
          ) : (
            <ul className="flex flex-col divide-y divide-line">
              {items.map((program) => (
                <li key={program.id} className="flex flex-wrap items-center gap-3 py-3 first:pt-0 last:pb-0">
                  <div className="min-w-0 flex-1">
                    <p className="flex flex-wrap items-center gap-2 font-medium" title={program.clientId}>
                      <span className="[overflow-wrap:anywhere]">{program.name}</span>
                      {program.scope === "mcp:read" && <Badge tone="neutral">reads only</Badge>}
                    </p>
                    <p className="text-sm text-soft">
                      {program.redirectHost}, let in <When at={program.createdAt} />, used{" "}
                      {program.lastUsedAt ? <When at={program.lastUsedAt} /> : "never"}
                    </p>
                  </div>
                  <Button look="danger" onClick={() => setRevoked(program)}>
                    Revoke
                  </Button>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      {revoked && (
        <Confirm
          title={`Let ${revoked.name} out?`}
          action="Revoke"
          onConfirm={() => revoke(revoked.id)}
          onClose={() => setRevoked(null)}
        >
          It is refused at once, and has to ask you again.
        </Confirm>
      )}
    </Card>
  );
}
