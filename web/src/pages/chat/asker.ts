// Who asks: the role of the agent, and the plugin whose tool would run.
import type { PermissionRequest, Tool } from "@/api/types";
import type { Conversation } from "@/conversation/types";

export interface Asker {
  /** Nothing while it is not known. */
  role: string | null;
  /** Such as `octi/filesystem`; nothing when no plugin that runs has the tool. */
  plugin: string | null;
  version: string | null;
}

type Question = Pick<PermissionRequest, "agentId" | "callId" | "tool" | "operation">;

/** What a conversation and the list of tools say about it. The call says best which version would run. */
export function askerOf(
  question: Question,
  conversation: Pick<Conversation, "turn" | "items"> | undefined,
  tools: readonly Tool[],
): Asker {
  const { agentId, callId, tool, operation } = question;
  const turn = conversation?.turn?.agentId === agentId ? conversation.turn : null;
  const call = conversation?.items.find((item) => item.kind === "tool" && item.id === callId);
  const known = tools.find((one) => one.tool === tool && one.operation === operation);
  const called = call?.kind === "tool" ? call.pluginVersion : undefined;
  return {
    role: turn?.role || null,
    plugin: known?.plugin ?? null,
    version: called || known?.pluginVersion || null,
  };
}
