// What the pages know of the running server: the connection, the open conversations, the questions.
import { create } from "zustand";
import { agentsQuery, allMessages, queryClient, sessionQuery } from "@/api/queries";
import type {
  ClientFrame,
  CommandHelp,
  EventEnvelope,
  MessageFile,
  PermissionRequest,
  Scope,
  ServerFrame,
} from "@/api/types";
import { addAside, refuseAside } from "@/conversation/asides";
import { load } from "@/conversation/history";
import { addInfo, addSending, applyEvents, drop, markFailed, refuse, restart } from "@/conversation/reducer";
import { type Conversation, emptyConversation } from "@/conversation/types";
import { readCost } from "@/lib/cost";
import { toast } from "@/ui/toasts";
import { refreshAll, refreshFor } from "./invalidate";
import { applyToPending, replayToPending, withoutRequest } from "./permissions";
import { Link, type LinkStatus, type Purpose } from "./socket";

/** Conversations that are kept up to date; opening one more lets go of the one opened the longest ago. */
const OPEN_MAX = 8;
/** How long a replay may take before the events that wait for it are shown without it. */
const REPLAY_WAIT_MS = 4_000;
/** Events are applied in batches, so that a fast answer costs one render per batch and not one per word. */
const BATCH_MS = 33;

interface LiveState {
  status: LinkStatus;
  /** When the next attempt begins, while the connection is lost. */
  retryAt: number | null;
  reason: string | null;
  /** Whether the connection was there before: a first connection that is slow is not a lost one. */
  wasOnline: boolean;
  capabilities: readonly string[];
  commands: readonly CommandHelp[];
  conversations: Record<string, Conversation>;
  loadErrors: Record<string, unknown>;
  permissions: readonly PermissionRequest[];
  /** What the server refused without saying what it is about; it stays at the text field until it is closed. */
  problem: Problem | null;
}

export interface Problem {
  text: string;
  requestId: string | null;
}

const initial: LiveState = {
  status: "idle",
  retryAt: null,
  reason: null,
  wasOnline: false,
  capabilities: [],
  commands: [],
  conversations: {},
  loadErrors: {},
  permissions: [],
  problem: null,
};

export const useLive = create<LiveState>(() => initial);

const { getState: get, setState: set } = useLive;

const held = new Map<string, { events: EventEnvelope[]; timer: number }>();
let queue: EventEnvelope[] = [];
let flushTimer: number | undefined;

const link = new Link({
  onStatus: (status, { retryAt, reason }) => {
    // What waited for a replay that does not come is in the next one.
    if (status !== "online") forgetHeld();
    // Whether these arrived is not known; the replay takes those away that did.
    if (status === "offline") change(markFailed);
    set((state) => ({
      status,
      retryAt,
      reason,
      wasOnline: status !== "idle" && (state.wasOnline || status === "online"),
    }));
  },
  onFrame: receive,
});

export function startLive(): void {
  document.addEventListener("visibilitychange", tellShown);
  link.start();
}

/** Forgets everything: whoever signs in next must see nothing of it. */
export function stopLive(): void {
  document.removeEventListener("visibilitychange", tellShown);
  link.stop();
  forgetHeld();
  queue = [];
  set(initial);
}

function forgetHeld(): void {
  for (const { timer } of held.values()) window.clearTimeout(timer);
  held.clear();
}

export const retryNow = () => link.retryNow();

function receive(frame: ServerFrame, purpose: Purpose | null): void {
  switch (frame.type) {
    case "auth_ok":
      if (isSomebodyElse(frame.userId)) {
        // Another tab signed in as somebody else; nothing of the one before may stay on the screen.
        window.location.reload();
        return;
      }
      set({ capabilities: frame.capabilities });
      link.send({ type: "subscribe", patterns: ["*"] });
      link.send({ type: "command", name: "help" }, { kind: "help" });
      tellShown();
      for (const id of Object.keys(get().conversations)) askForReplay(id);
      break;
    case "subscribed":
      refreshAll();
      break;
    case "event":
      hear(frame.event);
      break;
    case "replay":
      onReplay(frame.sessionId, frame.events, frame.gap);
      break;
    case "permission.pending":
      set({ permissions: frame.requests });
      break;
    case "command.result":
      onCommandResult(frame, purpose);
      break;
    case "events_dropped":
      toast({
        tone: "info",
        text: `The connection was too slow for ${frame.count} events; the conversation is loaded again.`,
      });
      // The answer to a subscription lists every open question, and a replay fills the hole.
      link.send({ type: "subscribe", patterns: ["*"] });
      for (const id of Object.keys(get().conversations)) {
        askForReplay(id);
        void reload(id);
      }
      break;
    case "error":
      onErrorFrame(frame, purpose);
      break;
    default:
  }
}

function isSomebodyElse(userId: string): boolean {
  const session = queryClient.getQueryData(sessionQuery.queryKey);
  return session !== undefined && session !== null && session.user.id !== userId;
}

/** The notice that a summary is being written; it goes when there is one, or none. */
const SUMMARISING = "summarising";

/** A refusal is shown where its cause is: at the message, in the conversation of the command, or at the text field. */
function onErrorFrame(frame: Extract<ServerFrame, { type: "error" }>, purpose: Purpose | null): void {
  // An older server does not know this frame: what it says is not for the person.
  if (frame.path === "type" && frame.message.includes("`replay`")) return;
  const requestId = frame.requestId ?? null;
  switch (purpose?.kind) {
    case "message":
      update(purpose.sessionId, (c) => refuse(c, purpose.itemId, frame.message));
      return;
    case "aside":
      update(purpose.sessionId, (c) => refuseAside(c, purpose.itemId, frame.message));
      return;
    case "command":
      update(purpose.sessionId, (c) => drop(c, SUMMARISING));
      inform(purpose.sessionId, frame.message, true);
      return;
    // What is shown of it is what was said last.
    case "cost":
      return;
    case "answer":
      // The question may still be open: ask which ones are.
      link.send({ type: "subscribe", patterns: ["*"] });
      toast({ tone: "error", text: frame.message, requestId });
      return;
    default:
      if (window.location.pathname.startsWith("/chat")) set({ problem: { text: frame.message, requestId } });
      else toast({ tone: "error", text: frame.message, requestId });
  }
}

export const closeProblem = () => set({ problem: null });

function onCommandResult(
  frame: Extract<ServerFrame, { type: "command.result" }>,
  purpose: Purpose | null,
): void {
  const commands = (frame.data as { commands?: CommandHelp[] } | null | undefined)?.commands;
  if (frame.name === "help" && commands) set({ commands });
  const data = frame.data as { sessionId?: string; messageId?: string } | null | undefined;
  if (frame.name === "cost") onCost(frame.data, purpose);
  // A model answers this one, so it comes late, when what it was sent for is forgotten: it says where it belongs.
  const later = frame.name === "compact" ? data?.sessionId : undefined;
  const sessionId = later ?? (purpose?.kind === "command" ? purpose.sessionId : undefined);
  if (sessionId === undefined) return;
  const show = () => inform(sessionId, frame.result, Boolean(frame.error), data?.messageId);
  if (frame.name === "compact") {
    update(sessionId, (c) => drop(c, SUMMARISING));
    askCost(sessionId);
  }
  if (frame.name === "clear") void reload(sessionId, true).then(show);
  else show();
}

/** Asks what a conversation used so far, as the terminal does: two screens then say the same. */
function askCost(sessionId: string): void {
  link.send({ type: "command", name: "cost", sessionId }, { kind: "cost", sessionId });
}

function onCost(data: unknown, purpose: Purpose | null): void {
  const cost = readCost(data);
  if (cost === null || (purpose?.kind !== "cost" && purpose?.kind !== "command")) return;
  update(purpose.sessionId, (conversation) => ({ ...conversation, cost }));
}

/** Asks anew for the conversations in which a model was called. */
function askCosts(events: readonly EventEnvelope[]): void {
  const spent = events.filter(endsCalls).flatMap(({ sessionId }) => sessionId ?? []);
  for (const id of new Set(spent)) if (get().conversations[id]) askCost(id);
}

function endsCalls({ type, payload }: EventEnvelope): boolean {
  if (type === "chat.message") return "answers" in payload;
  return /^agent\.(completed|failed|stopped|interrupted)$/.test(type);
}

/** Says something in a conversation that is no part of it. */
function inform(sessionId: string, text: string, isError: boolean, id: string = crypto.randomUUID()): void {
  update(sessionId, (c) => addInfo(c, id, text, new Date().toISOString(), isError));
}

function hear(event: EventEnvelope): void {
  const waiting = event.sessionId ? held.get(event.sessionId) : undefined;
  if (waiting) {
    waiting.events.push(event);
    // A question is shown at once: only the conversation has to wait.
    set((state) => ({ permissions: applyToPending(state.permissions, [event]) }));
    return;
  }
  queue.push(event);
  if (flushTimer === undefined) flushTimer = window.setTimeout(flush, BATCH_MS);
}

function flush(): void {
  flushTimer = undefined;
  const events = queue;
  queue = [];
  apply(events);
  refreshFor(events);
}

function apply(events: readonly EventEnvelope[]): void {
  set((state) => {
    const conversations = { ...state.conversations };
    for (const id of new Set(events.map((event) => event.sessionId))) {
      const conversation = id ? conversations[id] : undefined;
      if (id && conversation) conversations[id] = applyEvents(conversation, events);
    }
    return { conversations, permissions: applyToPending(state.permissions, events) };
  });
  askCosts(events);
}

function askForReplay(sessionId: string): void {
  if (held.has(sessionId)) return;
  flush();
  const afterEventId = get().conversations[sessionId]?.lastEventId ?? undefined;
  if (!link.send({ type: "replay", sessionId, ...(afterEventId && { afterEventId }) })) return;
  const timer = window.setTimeout(() => {
    release(sessionId, held.get(sessionId)?.events ?? []);
    void reload(sessionId);
  }, REPLAY_WAIT_MS);
  held.set(sessionId, { events: [], timer });
}

function onReplay(sessionId: string, events: readonly EventEnvelope[], gap: boolean): void {
  // A question is in no list that is loaded.
  set((state) => ({ permissions: replayToPending(state.permissions, events, Date.now()) }));
  // Too late: the rest of what it holds was loaded meanwhile.
  if (!held.has(sessionId)) return;
  const known = get().conversations[sessionId];
  if (gap && known && (known.lastEventId !== null || known.loaded)) {
    update(sessionId, restart);
    void reload(sessionId);
  }
  release(sessionId, events);
}

/** Ends the waiting for a replay. What was held back is in the replay: the server hands out nothing in between. */
function release(sessionId: string, events: readonly EventEnvelope[]): void {
  const waiting = held.get(sessionId);
  held.delete(sessionId);
  window.clearTimeout(waiting?.timer);
  if (events.length === 0) return;
  update(sessionId, (conversation) => applyEvents(conversation, events));
  askCosts(events);
  refreshFor(waiting?.events ?? []);
}

function update(sessionId: string, next: (conversation: Conversation) => Conversation): void {
  set((state) => {
    const conversation = state.conversations[sessionId];
    return conversation ? { conversations: { ...state.conversations, [sessionId]: next(conversation) } } : {};
  });
}

function change(next: (conversation: Conversation) => Conversation): void {
  for (const id of Object.keys(get().conversations)) update(id, next);
}

/** Shows a session: loads what is stored and hears of what happens. */
export function openConversation(sessionId: string): void {
  const { conversations } = get();
  if (conversations[sessionId]?.loaded) return;
  if (!conversations[sessionId]) {
    const kept = Object.entries(conversations).slice(-(OPEN_MAX - 1));
    set({ conversations: { ...Object.fromEntries(kept), [sessionId]: emptyConversation(sessionId) } });
    askForReplay(sessionId);
  }
  void reload(sessionId);
}

/** The conversation on this page. */
let shown: string | null = null;

/** Opens a session for as long as it is on this page. */
export function showConversation(sessionId: string): () => void {
  openConversation(sessionId);
  shown = sessionId;
  tellShown();
  return () => {
    if (shown !== sessionId) return;
    shown = null;
    tellShown();
  };
}

/** Nobody needs to be told elsewhere of an answer that they see come. */
function tellShown(): void {
  // An older server does not ask for it.
  if (!get().capabilities.includes("watch")) return;
  const sessionId = document.visibilityState === "visible" ? shown : null;
  link.send({ type: "watch", ...(sessionId && { sessionId }) });
}

/** Loads the stored messages; `fresh` forgets what is shown, for a conversation that was rewritten. */
export async function reload(sessionId: string, fresh = false): Promise<void> {
  set((state) => ({ loadErrors: { ...state.loadErrors, [sessionId]: undefined } }));
  try {
    const agents = queryClient.fetchQuery({ ...agentsQuery(sessionId), staleTime: 0 });
    const [messages, { items }] = await Promise.all([allMessages(sessionId), agents]);
    update(sessionId, (c) => load(fresh ? { ...c, items: [] } : c, messages, [...items].reverse()));
    askCost(sessionId);
  } catch (error) {
    set((state) => ({ loadErrors: { ...state.loadErrors, [sessionId]: error } }));
  }
}

export function closeConversation(sessionId: string): void {
  set((state) => {
    const { [sessionId]: _, ...conversations } = state.conversations;
    return { conversations };
  });
}

/** Sends a message with the files that were given to the session, or steers the turn that runs. Says whether it left. */
export function say(
  sessionId: string,
  content: string,
  model: string | null,
  attachments: readonly MessageFile[] = [],
): boolean {
  const { conversations, capabilities } = get();
  const runs = Boolean(conversations[sessionId]?.turn);
  // Only `chat.send` takes files; while a turn runs it steers as well.
  const injected = runs && (attachments.length > 0 || capabilities.includes("chat.steer"));
  const fileRefs = attachments.map((file) => file.artifactId);
  const frame: ClientFrame =
    injected && fileRefs.length === 0
      ? { type: "chat.steer", sessionId, content }
      : {
          type: "chat.send",
          sessionId,
          content,
          ...(model && { model }),
          ...(fileRefs.length > 0 && { fileRefs }),
        };
  const itemId = crypto.randomUUID();
  if (!link.send(frame, { kind: "message", sessionId, itemId })) return false;
  const at = new Date().toISOString();
  update(sessionId, (c) => addSending(c, itemId, content, at, { injected, attachments }));
  return true;
}

/** Whether questions can be asked beside the conversation. */
export const canAskBeside = (state: LiveState): boolean => state.capabilities.includes("chat.interject");

/** Asks something without disturbing the turn that runs. Says whether it left. */
export function askBeside(sessionId: string, content: string): boolean {
  const itemId = crypto.randomUUID();
  const frame: ClientFrame = { type: "chat.interject", sessionId, content };
  if (!link.send(frame, { kind: "aside", sessionId, itemId })) return false;
  update(sessionId, (c) => addAside(c, itemId, content, new Date().toISOString()));
  return true;
}

export const dropItem = (sessionId: string, id: string) => update(sessionId, (c) => drop(c, id));

export function runCommand(sessionId: string, name: string, args: string): boolean {
  const frame: ClientFrame = { type: "command", name, sessionId, ...(args && { args }) };
  const left = link.send(frame, { kind: "command", sessionId });
  if (left && name === "compact") inform(sessionId, "Summarising what is older…", false, SUMMARISING);
  return left;
}

export const stopAgent = (agentId: string) => link.send({ type: "agent.stop", agentId });

/** Answers a question. It goes away at once; another one who answered first is not contradicted. */
export function answer(requestId: string, approved: boolean, scope: Scope): boolean {
  if (!link.send({ type: "permission.respond", requestId, approved, scope }, { kind: "answer" }))
    return false;
  set((state) => ({ permissions: withoutRequest(state.permissions, requestId) }));
  return true;
}
