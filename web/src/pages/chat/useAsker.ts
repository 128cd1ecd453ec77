import { useQuery } from "@tanstack/react-query";
import { agentQuery, toolsQuery } from "@/api/queries";
import type { PermissionRequest } from "@/api/types";
import { useLive } from "@/live/store";
import { type Asker, askerOf } from "./asker";

/** As `askerOf`, and the server is asked for the role of an agent whose conversation is not open. */
export function useAsker(question: PermissionRequest): Asker {
  const conversation = useLive((state) => state.conversations[question.sessionId]);
  const { data: tools } = useQuery(toolsQuery);
  const asker = askerOf(question, conversation, tools?.items ?? []);
  const { data: agent } = useQuery({ ...agentQuery(question.agentId), enabled: asker.role === null });
  return { ...asker, role: asker.role ?? agent?.role ?? null };
}
