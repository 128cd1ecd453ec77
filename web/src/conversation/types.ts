// What one conversation looks like on the screen.
import type { MessageFile, Resolution, Usage } from "@/api/types";

export interface MessageItem {
  kind: "message";
  id: string;
  role: "user" | "assistant";
  text: string;
  agentId: string | null;
  at: string;
  /** A message that the server has not confirmed yet, or could not take. */
  sending?: "sending" | "failed";
  /** Why the server did not take it. */
  problem?: string;
  /** It was said to a turn that ran. */
  injected?: boolean;
  attachments?: readonly MessageFile[];
  /** The beginning of an answer that the server lost before it was whole: only this page has it. */
  cut?: boolean;
  reasoning?: string;
  model?: string;
  usage?: Usage;
  /** The skills of the turn whose answer it is. */
  skills?: readonly string[];
}

export type ToolState = "running" | "waiting" | "done" | "error" | "unfinished";

export interface ToolItem {
  kind: "tool";
  /** Of the event; a call that is only known from the stored messages has the provider's id. */
  id: string;
  /** The provider's id of a stored call, by which its result is found. */
  storedId?: string;
  /** The stored messages in which its call and its result are. */
  messageIds?: readonly string[];
  agentId: string | null;
  name: string;
  /** Of the plugin that was called; a call that is only known from the stored messages does not say it. */
  pluginVersion?: string;
  arguments: unknown;
  state: ToolState;
  at: string;
  progress?: { fraction: number | null; message: string };
  summary?: string;
  result?: string;
  artifactId?: string | null;
  /** The files that it gave. */
  files?: readonly MessageFile[];
  durationMs?: number;
  /** The question about this call. */
  permissionId?: string;
  resolution?: Resolution;
}

export interface NoticeItem {
  kind: "notice";
  id: string;
  agentId: string | null;
  tone: "error" | "stopped" | "interrupted" | "info";
  text: string;
  code?: string;
  at: string;
}

/** A question beside the conversation. The server does not keep it. */
export interface Aside {
  id: string;
  question: string;
  answer?: string;
  /** Why there is no answer. */
  problem?: string;
  at: string;
  /** The server has not confirmed it yet. */
  sending?: boolean;
}

export type Item = MessageItem | ToolItem | NoticeItem;

/** What a conversation used, with every call of a model that has ended: also for side questions and summaries. */
export interface Cost {
  calls: number;
  inputTokens: number;
  outputTokens: number;
  /** Of the calls with a known price; nothing when no call had one. */
  costUsd: number | null;
  unpricedCalls: number;
  estimatedCalls: number;
}

/** The agent that works at this moment, and what it has written that is not a message yet. */
export interface Turn {
  agentId: string;
  role: string;
  model: string;
  startedAt: string;
  iteration: number;
  /** The skills that it was given. */
  skills: readonly string[];
  draft: string;
  reasoning: string;
}

export interface Conversation {
  sessionId: string;
  /** Whether the stored messages are in `items`. */
  loaded: boolean;
  items: Item[];
  asides: readonly Aside[];
  turn: Turn | null;
  /** Tokens of the turns that ended, by agent. */
  usage: Record<string, { model: string; usage: Usage; iterations: number }>;
  /** Agents whose end was heard last: a list that was made before it still says that they run. */
  ended: ReadonlySet<string>;
  /** As the server counted it last; nothing before it has said so. */
  cost: Cost | null;
  /** The ids of the newest events, so that none counts twice. */
  seen: ReadonlySet<string>;
  lastEventId: string | null;
}

export function emptyConversation(sessionId: string): Conversation {
  return {
    sessionId,
    loaded: false,
    items: [],
    asides: [],
    turn: null,
    usage: {},
    ended: new Set(),
    cost: null,
    seen: new Set(),
    lastEventId: null,
  };
}

/** A turn in the state before anything is heard of it. */
export function newTurn(agentId: string, at: string): Turn {
  return { agentId, role: "", model: "", startedAt: at, iteration: 0, skills: [], draft: "", reasoning: "" };
}
