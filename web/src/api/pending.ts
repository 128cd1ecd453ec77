// Contracts that docs/reference/openapi.json does not describe yet, or describes under other names than the wire has.
// To be replaced by the generated ones: whatever appears in schema.d.ts is deleted here.
import type { components } from "./schema";
import type { PermissionRequest, Scope, User } from "./types";

type Schemas = components["schemas"];

export interface SetupState {
  needed: boolean;
  codeRequired: boolean;
}

export interface SetUp {
  username: string;
  password: string;
  code?: string;
}

export interface BrowserSession {
  user: User;
  csrfToken: string;
  expiresAt: string;
}

export interface SignIn {
  id: string;
  userAgent: string;
  address: string;
  createdAt: string;
  lastSeenAt: string;
  expiresAt: string;
  current: boolean;
}

export interface WsTicket {
  ticket: string;
  expiresAt: string;
}

/** Parts of a stored message by their names on the wire. */
export type MessagePart =
  | { type: "text" | "reasoning"; text: string }
  | { type: "tool_call"; id: string; name: string; arguments: unknown }
  | {
      type: "tool_result";
      callId: string;
      name: string;
      content: string;
      isError: boolean;
      artifactId?: string | null;
    };

/** Events by their names on the wire. */
interface EventPayloads {
  "chat.message": Schemas["ChatMessage"];
  "chat.delta": Schemas["ChatDelta"];
  "chat.response": Schemas["ChatResponse"];
  "chat.error": Schemas["ChatError"];
  "agent.spawned": Schemas["AgentSpawned"];
  "agent.iteration": Schemas["AgentIteration"];
  "agent.completed": Schemas["AgentEnded"];
  "agent.failed": Schemas["AgentEnded"];
  "agent.stopped": Schemas["AgentEnded"];
  "agent.interrupted": Schemas["AgentEnded"];
  "tool.invoked": Schemas["ToolInvoked"];
  "tool.progress": Schemas["ToolProgress"];
  "tool.result": Schemas["ToolResult"];
  "permission.request": PermissionRequest;
  "permission.resolved": Schemas["PermissionResolved"];
  "plugin.changed": Schemas["PluginChanged"];
}

export type EventType = keyof EventPayloads;

export type EventBody = { [Type in EventType]: { type: Type; payload: EventPayloads[Type] } }[EventType];

export type EventEnvelope = EventBody & {
  id: string;
  source: string;
  sessionId?: string | null;
  userId: string;
  timestamp: string;
};

export type ClientFrame =
  | {
      type: "auth";
      method: "session_token";
      credentials: string;
      clientType: "webchat";
      clientVersion: string;
    }
  | { type: "chat.send"; sessionId: string; content: string; model?: string }
  | { type: "chat.steer"; sessionId: string; content: string }
  | { type: "command"; name: string; args?: string; sessionId?: string }
  | { type: "subscribe"; patterns: string[]; resources?: string[] }
  | { type: "replay"; sessionId: string; afterEventId?: string }
  | { type: "permission.respond"; requestId: string; approved: boolean; scope?: Scope }
  | { type: "agent.stop"; agentId: string }
  | { type: "ping" };

export interface CommandHelp {
  name: string;
  aliases: string[];
  meaning: string;
}

export type ServerFrame =
  | ({ type: "auth_ok" } & Schemas["AuthOk"])
  | { type: "auth_error"; message: string }
  | { type: "event"; event: EventEnvelope }
  | ({ type: "command.result" } & Schemas["CommandResult"])
  | ({ type: "error" } & Schemas["ErrorFrame"])
  | { type: "pong"; serverTime: string }
  | { type: "subscribed"; patterns: string[] }
  | { type: "events_dropped"; count: number; reason: string }
  | { type: "permission.pending"; requests: PermissionRequest[] }
  | { type: "replay"; sessionId: string; events: EventEnvelope[]; gap: boolean };
