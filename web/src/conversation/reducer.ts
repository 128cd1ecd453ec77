// Pure: a conversation and an event make the next conversation. Events may come twice, and before the stored messages do.

import type { components } from "@/api/schema";
import type { EventEnvelope, MessageFile } from "@/api/types";
import { onAside } from "./asides";
import { type Conversation, type Item, type MessageItem, newTurn, type ToolItem, type Turn } from "./types";

type Schemas = components["schemas"];

/** Ids of events that are remembered; older ones are far behind anything a server sends again. */
export const SEEN_MAX = 4096;

/** Agents whose end is remembered: a list that is on its way knows of those before. */
const ENDED_MAX = 64;

/** Of what a hook made of a call's arguments, in its line; a question shows all of them. */
const REWRITE_CHARS_MAX = 300;

/** Begins the id of a message that is shown before its own id is known. */
export const DRAFT_PREFIX = "draft-";

/** Applies events in their order; those that were applied before change nothing. */
export function applyEvents(state: Conversation, events: readonly EventEnvelope[]): Conversation {
  const fresh = events.filter((event) => event.sessionId === state.sessionId && !state.seen.has(event.id));
  if (fresh.length === 0) return state;
  const seen = new Set(state.seen);
  let next = state;
  for (const event of fresh) {
    if (seen.has(event.id)) continue;
    seen.add(event.id);
    next = { ...applyEvent(next, event), lastEventId: event.id };
  }
  return { ...next, seen: bounded(seen) };
}

function bounded(seen: Set<string>): Set<string> {
  return seen.size <= SEEN_MAX ? seen : new Set([...seen].slice(-SEEN_MAX / 2));
}

function applyEvent(state: Conversation, event: EventEnvelope): Conversation {
  switch (event.type) {
    case "chat.message":
      return onMessage(state, event.payload, event.timestamp);
    case "chat.delta":
      return onDelta(state, event.payload, event.timestamp);
    case "chat.response":
      return onResponse(state, event.payload, event.timestamp);
    case "chat.error":
      return addNotice(
        state,
        event.id,
        event.payload.agentId,
        "error",
        event.payload.message,
        event.timestamp,
        event.payload.code,
      );
    case "hook.blocked": {
      const { hook, name, reason } = event.payload;
      const text = `The hook ${hook} blocked ${name.replace("__", " ")}: ${reason}`;
      return addInfo(state, event.id, text, event.timestamp, false);
    }
    case "hook.rewrote": {
      const { hook, name } = event.payload;
      const shown = JSON.stringify(event.payload.arguments).slice(0, REWRITE_CHARS_MAX);
      const text = `The hook ${hook} changed the arguments of ${name.replace("__", " ")}: ${shown}`;
      return addInfo(state, event.id, text, event.timestamp, false);
    }
    case "session.compaction_stalled":
      return addInfo(state, event.id, event.payload.reason, event.timestamp, false);
    case "agent.spawned": {
      const { agentId, role, model } = event.payload;
      const ended = new Set([...state.ended].filter((id) => id !== agentId));
      const turn = { ...newTurn(agentId, event.timestamp), role, model };
      return { ...withoutContinued(state), turn, ended };
    }
    case "agent.iteration":
      return withTurn(state, event.payload.agentId, event.timestamp, (turn) => ({
        ...turn,
        iteration: event.payload.iteration,
      }));
    case "agent.skills":
      return withTurn(state, event.payload.agentId, event.timestamp, (turn) => ({
        ...turn,
        skills: event.payload.skills,
      }));
    case "agent.completed":
    case "agent.failed":
    case "agent.stopped":
    case "agent.interrupted":
      return onEnded(state, event.type, event.payload, event.id, event.timestamp);
    case "tool.invoked":
      return onInvoked(state, event.payload, event.timestamp);
    case "tool.progress": {
      const { callId, fraction, message } = event.payload;
      return withTool(state, callId, (tool) => ({
        ...tool,
        progress: { fraction: fraction ?? null, message },
      }));
    }
    case "tool.result":
      return onResult(state, event.payload, event.timestamp);
    case "permission.request":
      return withTool(state, event.payload.callId, (tool) => ({
        ...tool,
        state: tool.state === "running" ? "waiting" : tool.state,
        permissionId: event.payload.id,
      }));
    case "permission.resolved":
      return onResolved(state, event.payload);
    default:
      return state;
  }
}

function onMessage(state: Conversation, message: Schemas["ChatMessage"], at: string): Conversation {
  if (message.sideChannel) return onAside(state, message, at);
  if (message.role === "system") return onHostMessage(state, message, at);
  if (message.role !== "user" && message.role !== "assistant") return state;
  const { messageId, agentId = null, role, text } = message;
  if (role === "assistant") {
    return closeDraft(state, { kind: "message", id: messageId, role, text, agentId, at });
  }
  if (hasMessage(state, messageId)) return state;
  const item: MessageItem = {
    kind: "message",
    id: messageId,
    role,
    text,
    agentId,
    at,
    ...(message.injected && { injected: true }),
    ...(message.attachments?.length && { attachments: message.attachments }),
  };
  const isOwn = (sending: MessageItem["sending"]) => (other: Item) =>
    other.kind === "message" &&
    other.sending === sending &&
    other.problem === undefined &&
    other.text.trim() === text.trim();
  // One that seemed lost may have arrived; one that is on its way is the likelier.
  const onItsWay = state.items.findIndex(isOwn("sending"));
  const local = onItsWay >= 0 ? onItsWay : state.items.findIndex(isOwn("failed"));
  if (local < 0) return { ...state, items: [...state.items, item] };
  return { ...state, items: confirmed(state.items, local, item) };
}

/** What was sent stands where the server puts it: below all that came before, above what is not confirmed yet. */
function confirmed(items: readonly Item[], local: number, item: MessageItem): Item[] {
  const rest = items.filter((_, index) => index !== local);
  const last = rest.findLastIndex((other) => other.kind !== "message" || other.sending === undefined);
  return rest.toSpliced(last + 1, 0, item);
}

/** The host says that older messages were cleared or summarised; the answer to a command says the same and more. */
function onHostMessage(state: Conversation, message: Schemas["ChatMessage"], at: string): Conversation {
  const known = state.items.some((item) => item.id === message.messageId);
  return known ? state : addInfo(state, message.messageId, message.text, at, false);
}

function onDelta(state: Conversation, delta: Schemas["ChatDelta"], at: string): Conversation {
  return withTurn(withoutCut(state, delta.agentId), delta.agentId, at, (turn) =>
    delta.reasoning
      ? { ...turn, reasoning: turn.reasoning + delta.text }
      : { ...turn, draft: turn.draft + delta.text },
  );
}

function onResponse(state: Conversation, response: Schemas["ChatResponse"], at: string): Conversation {
  const { agentId, messageId, text, model, usage, skills = [] } = response;
  const closed = closeDraft(state, {
    kind: "message",
    id: messageId,
    role: "assistant",
    text,
    agentId,
    at,
    model,
    usage,
    ...(skills.length > 0 && { skills }),
  });
  const iterations = closed.turn?.agentId === agentId ? closed.turn.iteration : 1;
  return { ...closed, usage: { ...closed.usage, [agentId]: { model, usage, iterations } } };
}

/** What was being written is a message now. */
function closeDraft(state: Conversation, message: MessageItem): Conversation {
  const turn = state.turn?.agentId === message.agentId ? state.turn : null;
  const reasoning = turn?.reasoning || undefined;
  const known = state.items.findIndex((item) => item.kind === "message" && isDraftOf(item, message));
  const { cut: _, ...merged } = known < 0 ? {} : (state.items[known] as Partial<MessageItem>);
  const next: MessageItem = { ...merged, ...message, reasoning: reasoning ?? merged.reasoning };
  // An answer that is only tool calls has no text of its own.
  const worth = next.text.trim() !== "" || next.reasoning !== undefined;
  const items = known >= 0 ? state.items.with(known, next) : worth ? [...state.items, next] : state.items;
  return { ...state, items, turn: turn ? { ...turn, draft: "", reasoning: "" } : state.turn };
}

function isDraftOf(item: MessageItem, message: MessageItem): boolean {
  return item.id === message.id || (item.agentId === message.agentId && isBeginningOf(item, message.text));
}

/** Whether a provisional message became this text: the same one, or the whole of what was cut. */
export function isBeginningOf(draft: MessageItem, text: string): boolean {
  if (!draft.id.startsWith(DRAFT_PREFIX)) return false;
  const begun = draft.text.trim();
  return begun === text.trim() || (draft.cut === true && begun !== "" && text.trimStart().startsWith(begun));
}

/** The answer goes on, so its lost beginning is written again. */
function withoutCut(state: Conversation, agentId: string): Conversation {
  const gone = (item: Item) => item.kind === "message" && item.cut === true && item.agentId === agentId;
  return state.items.some(gone) ? { ...state, items: state.items.filter((item) => !gone(item)) } : state;
}

/** A turn that nothing new was said to takes up the interrupted one and writes its answer again. */
function withoutContinued(state: Conversation): Conversation {
  const said = state.items.findLastIndex((item) => item.kind === "message" && item.role === "user");
  const gone = (item: Item, index: number) => item.kind === "message" && item.cut === true && index > said;
  return state.items.some(gone)
    ? { ...state, items: state.items.filter((item, index) => !gone(item, index)) }
    : state;
}

function onInvoked(state: Conversation, call: Schemas["ToolInvoked"], at: string): Conversation {
  const index = state.items.findIndex((item) => isSameCall(item, call));
  if (index >= 0) {
    const tool = state.items[index] as ToolItem;
    return {
      ...state,
      items: state.items.with(index, { ...tool, id: call.callId, pluginVersion: call.pluginVersion, at }),
    };
  }
  const item: ToolItem = {
    kind: "tool",
    id: call.callId,
    agentId: call.agentId,
    name: call.name,
    pluginVersion: call.pluginVersion,
    arguments: call.arguments,
    state: "running",
    at,
  };
  const shown = flushDraft(state, call.agentId, at);
  return { ...shown, items: [...shown.items, item] };
}

/** Text that was written before a call stays above it, even when the message that holds it is not announced. */
function flushDraft(state: Conversation, agentId: string, at: string): Conversation {
  const { turn } = state;
  if (turn?.agentId !== agentId || (turn.draft === "" && turn.reasoning === "")) return state;
  const id = `${DRAFT_PREFIX}${agentId}-${state.items.length}`;
  const item: MessageItem = {
    kind: "message",
    id,
    role: "assistant",
    text: turn.draft,
    agentId,
    at,
    reasoning: turn.reasoning || undefined,
  };
  return { ...state, items: [...state.items, item], turn: { ...turn, draft: "", reasoning: "" } };
}

/** The stored twin of a call that is announced: the ids differ, so the place, the name and the arguments must do. */
function isSameCall(item: Item, call: Schemas["ToolInvoked"]): boolean {
  if (item.kind !== "tool" || item.agentId !== call.agentId) return false;
  if (item.id === call.callId) return true;
  return item.storedId === item.id && item.name === call.name && sameJson(item.arguments, call.arguments);
}

function onResult(state: Conversation, result: Schemas["ToolResult"], at: string): Conversation {
  const change = (tool: ToolItem): ToolItem => ({
    ...tool,
    state: result.isError ? "error" : "done",
    summary: result.summary,
    result: tool.result ?? result.preview,
    artifactId: result.artifactId ?? tool.artifactId ?? null,
    ...(result.files?.length && { files: result.files }),
    durationMs: result.durationMs,
    progress: undefined,
  });
  if (state.items.some((item) => item.kind === "tool" && item.id === result.callId)) {
    return withTool(state, result.callId, change);
  }
  const call: ToolItem = {
    kind: "tool",
    id: result.callId,
    agentId: result.agentId,
    name: result.name,
    arguments: undefined,
    state: "running",
    at,
  };
  return { ...state, items: [...state.items, change(call)] };
}

function onResolved(state: Conversation, resolved: Schemas["PermissionResolved"]): Conversation {
  const index = state.items.findIndex(
    (item) => item.kind === "tool" && item.permissionId === resolved.requestId,
  );
  if (index < 0) return state;
  const tool = state.items[index] as ToolItem;
  const next = tool.state === "waiting" ? "running" : tool.state;
  return {
    ...state,
    items: state.items.with(index, { ...tool, state: next, resolution: resolved.resolution }),
  };
}

const ENDINGS = {
  "agent.completed": null,
  "agent.failed": "error",
  "agent.stopped": "stopped",
  "agent.interrupted": "interrupted",
} as const;

function onEnded(
  state: Conversation,
  type: keyof typeof ENDINGS,
  ended: Schemas["AgentEnded"],
  eventId: string,
  at: string,
): Conversation {
  const { agentId, usage, iterations } = ended;
  const flushed = flushDraft(state, agentId, at);
  const own = flushed.turn?.agentId === agentId;
  const model = own ? (flushed.turn?.model ?? "") : (flushed.usage[agentId]?.model ?? "");
  const items = flushed.items.map((item) =>
    item.kind === "tool" && item.agentId === agentId && (item.state === "running" || item.state === "waiting")
      ? { ...item, state: "unfinished" as const, progress: undefined }
      : item,
  );
  const next: Conversation = {
    ...flushed,
    items,
    turn: own ? null : flushed.turn,
    ended: new Set([...flushed.ended, agentId].slice(-ENDED_MAX)),
    usage: { ...flushed.usage, [agentId]: { model, usage, iterations } },
  };
  const tone = ENDINGS[type];
  if (tone === null) return next;
  // A failure was told already, with its cause.
  const told = items.some((item) => item.kind === "notice" && item.agentId === agentId);
  return told ? next : addNotice(next, eventId, agentId, tone, endingText(tone, ended.reason), at);
}

/** What a person reads below a turn that ended without an answer. */
export function endingText(tone: "error" | "stopped" | "interrupted", reason?: string | null): string {
  if (tone === "stopped") return "You stopped this turn.";
  if (tone === "interrupted")
    return "The server went away during this turn. What its tools did stands; what it was writing is cut off.";
  return reason ?? "The turn ended without an answer.";
}

function addNotice(
  state: Conversation,
  id: string,
  agentId: string,
  tone: "error" | "stopped" | "interrupted",
  text: string,
  at: string,
  code?: string,
): Conversation {
  // The same failure is known from the list of agents.
  const known = state.items.findIndex(
    (item) => item.kind === "notice" && item.agentId === agentId && item.tone === tone,
  );
  const notice = { kind: "notice" as const, id, agentId, tone, text, code, at };
  return { ...state, items: known < 0 ? [...state.items, notice] : state.items.with(known, notice) };
}

function withTurn(
  state: Conversation,
  agentId: string,
  at: string,
  change: (turn: Turn) => Turn,
): Conversation {
  const turn = state.turn?.agentId === agentId ? state.turn : newTurn(agentId, at);
  return { ...state, turn: change(turn) };
}

function withTool(state: Conversation, id: string, change: (tool: ToolItem) => ToolItem): Conversation {
  const index = state.items.findIndex((item) => item.kind === "tool" && item.id === id);
  if (index < 0) return state;
  return { ...state, items: state.items.with(index, change(state.items[index] as ToolItem)) };
}

function hasMessage(state: Conversation, id: string): boolean {
  return state.items.some((item) => item.kind === "message" && item.id === id);
}

/** Whether two values are the same JSON, in whatever order their keys are. */
export function sameJson(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

/**
 * Begins to listen anew, because something between was missed: the answer being written may have a hole, and is kept only as a
 * beginning until the server has a better one. What is sent but not confirmed stays.
 */
export function restart(state: Conversation): Conversation {
  const flushed = state.turn ? flushDraft(state, state.turn.agentId, state.turn.startedAt) : state;
  const items = flushed.items.flatMap((item) => {
    if (item.kind !== "message" || !item.id.startsWith(DRAFT_PREFIX)) return [item];
    return item.text.trim() === "" ? [] : [{ ...item, cut: true }];
  });
  return { ...state, items, turn: null, seen: new Set(), lastEventId: null };
}

/** Shows a message at once, before the server confirms it. */
export function addSending(
  state: Conversation,
  id: string,
  text: string,
  at: string,
  { injected = false, attachments = [] }: { injected?: boolean; attachments?: readonly MessageFile[] } = {},
): Conversation {
  const item: MessageItem = {
    kind: "message",
    id,
    role: "user",
    text,
    agentId: null,
    at,
    sending: "sending",
    ...(injected && { injected }),
    ...(attachments.length > 0 && { attachments }),
  };
  return { ...state, items: [...state.items, item] };
}

/** The server did not take this one message and says why. */
export function refuse(state: Conversation, id: string, problem: string): Conversation {
  const items = state.items.map((item) =>
    item.kind === "message" && item.id === id && item.sending !== undefined
      ? { ...item, sending: "failed" as const, problem }
      : item,
  );
  return { ...state, items };
}

/** The server refused a message: it stays to be sent again, or is dropped. */
export function markFailed(state: Conversation): Conversation {
  const items = state.items.map((item) =>
    item.kind === "message" && item.sending === "sending" ? { ...item, sending: "failed" as const } : item,
  );
  return { ...state, items };
}

/** Takes an item away, such as a message that could not be sent. */
export function drop(state: Conversation, id: string): Conversation {
  return { ...state, items: state.items.filter((item) => item.id !== id) };
}

/** Shows what a command answered. */
export function addInfo(
  state: Conversation,
  id: string,
  text: string,
  at: string,
  isError: boolean,
): Conversation {
  const item = {
    kind: "notice" as const,
    id,
    agentId: null,
    tone: isError ? ("error" as const) : ("info" as const),
    text,
    at,
  };
  const known = state.items.findIndex((other) => other.id === id);
  return { ...state, items: known < 0 ? [...state.items, item] : state.items.with(known, item) };
}
