// Events and messages for the tests.
import type { Agent, EventBody, EventEnvelope, Message } from "@/api/types";

export const SESSION = "session-1";
export const AGENT = "agent-1";

const AT = "2026-11-29T00:00:00Z";
let next = 0;

/** An event with the next id; ids grow as those of the server do. */
export function event(body: EventBody, sessionId = SESSION): EventEnvelope {
  next += 1;
  return {
    ...body,
    id: `event-${String(next).padStart(6, "0")}`,
    source: "agents",
    sessionId,
    userId: "user-1",
    timestamp: AT,
  };
}

export const spawned = (agentId = AGENT) =>
  event({ type: "agent.spawned", payload: { agentId, role: "octi/general", model: "demo" } });
export const delta = (text: string, reasoning = false) =>
  event({ type: "chat.delta", payload: { agentId: AGENT, text, reasoning } });
export const said = (messageId: string, role: "user" | "assistant", text: string) =>
  event({ type: "chat.message", payload: { messageId, agentId: AGENT, role, text } });
export const usage = { inputTokens: 10, outputTokens: 5, estimated: false };
export const response = (messageId: string, text: string) =>
  event({ type: "chat.response", payload: { agentId: AGENT, messageId, text, model: "demo", usage } });
export const ended = (
  type: "agent.completed" | "agent.failed" | "agent.stopped" | "agent.interrupted",
  reason?: string,
) =>
  event({ type, payload: { agentId: AGENT, iterations: 2, usage, ...(reason !== undefined && { reason }) } });
export const invoked = (callId: string, name = "shell__run", args: unknown = { command: "ls" }) =>
  event({
    type: "tool.invoked",
    payload: { agentId: AGENT, callId, name, pluginVersion: "1", arguments: args },
  });
export const result = (callId: string, isError = false) =>
  event({
    type: "tool.result",
    payload: {
      agentId: AGENT,
      callId,
      name: "shell__run",
      isError,
      summary: "1 line",
      preview: "a.txt",
      durationMs: 7,
    },
  });
export const asked = (callId: string, id = "question-1") =>
  event({
    type: "permission.request",
    payload: {
      id,
      agentId: AGENT,
      callId,
      sessionId: SESSION,
      tool: "shell",
      operation: "run",
      arguments: { command: "ls" },
      reason: "asks",
      suggestedRule: "shell.run(ls)",
      createdAt: AT,
      expiresAt: AT,
    },
  });
export const resolved = (requestId = "question-1", resolution: "once" | "deny" = "once") =>
  event({ type: "permission.resolved", payload: { requestId, resolution } });

export function message(id: string, role: Message["role"], parts: Message["parts"]): Message {
  next += 1;
  return { id, role, parts, seq: next, sessionId: SESSION, agentId: AGENT, createdAt: AT };
}

export function agent(status: Agent["status"], reason?: string): Agent {
  return {
    id: AGENT,
    sessionId: SESSION,
    role: "octi/general",
    model: "demo",
    status,
    iterations: 2,
    startedAt: AT,
    usage,
    ...(reason !== undefined && { reason }),
  };
}
