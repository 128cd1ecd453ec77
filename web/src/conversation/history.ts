// Stored messages as items, and how they come together with what was heard in the meantime.
import type { Agent, Message } from "@/api/types";
import { endingText, isBeginningOf, sameJson } from "./reducer";
import { type Conversation, type Item, type MessageItem, newTurn, type ToolItem } from "./types";

/** Turns the stored messages of a session into items. */
export function itemsOf(messages: readonly Message[]): Item[] {
  const items: Item[] = [];
  const calls = new Map<string, number>();
  const begun = new Set<string>();
  for (const message of messages) {
    if (message.role === "system") continue;
    // A turn begins with what is said to it; what is said later was said while it ran.
    addText(items, message, message.role === "user" && begun.has(message.agentId ?? ""));
    if (message.agentId) begun.add(message.agentId);
    for (const part of message.parts) {
      if (part.type === "tool_call") {
        calls.set(`${message.agentId}/${part.id}`, items.length);
        items.push(callItem(message, part.id, part.name, part.arguments));
      } else if (part.type === "tool_result") {
        const index = calls.get(`${message.agentId}/${part.callId}`);
        const call = index === undefined ? undefined : (items[index] as ToolItem);
        const state = part.isError ? ("error" as const) : ("done" as const);
        const messageIds = [...(call?.messageIds ?? []), message.id];
        const files = part.files?.length ? { files: part.files } : {};
        const done = {
          state,
          result: part.content,
          artifactId: part.artifactId ?? null,
          messageIds,
          ...files,
        };
        if (call !== undefined && index !== undefined) items[index] = { ...call, ...done };
        else items.push({ ...callItem(message, part.callId, part.name, undefined), ...done });
      }
    }
  }
  return items;
}

function callItem(message: Message, id: string, name: string, args: unknown): ToolItem {
  const { agentId = null, createdAt } = message;
  return {
    kind: "tool",
    id,
    storedId: id,
    agentId,
    name,
    arguments: args,
    messageIds: [message.id],
    state: "unfinished",
    at: createdAt,
  };
}

function addText(items: Item[], message: Message, injected: boolean): void {
  if (message.role !== "user" && message.role !== "assistant") return;
  const of = (type: "text" | "reasoning") =>
    message.parts.flatMap((part) => (part.type === type ? [part.text] : [])).join("");
  const [text, reasoning] = [of("text"), of("reasoning")];
  const attachments = message.parts.filter((part) => part.type === "attachment");
  if (text.trim() === "" && reasoning === "" && attachments.length === 0) return;
  const { id, role, agentId = null, createdAt: at } = message;
  const more = {
    ...(reasoning !== "" && { reasoning }),
    ...(injected && { injected }),
    ...(attachments.length > 0 && { attachments }),
  };
  items.push({ kind: "message", id, role, text, agentId, at, ...more });
}

/** Puts the stored messages and agents below what was heard before they came. */
export function load(
  state: Conversation,
  messages: readonly Message[],
  agents: readonly Agent[],
): Conversation {
  const stored = answered(endings(itemsOf(messages), agents), agents);
  const items = withLive(stored, state.items, state.loaded);
  const usage = Object.fromEntries(
    agents.map((agent) => [
      agent.id,
      { model: agent.model, usage: agent.usage, iterations: agent.iterations },
    ]),
  );
  const running = agents.find(({ id, status }) => status === "running" && !state.ended.has(id));
  const ended = new Set(agents.filter((agent) => agent.status !== "running").map((agent) => agent.id));
  const heard = state.turn && !ended.has(state.turn.agentId) ? state.turn : null;
  const turn = heard ?? (running ? turnOf(running) : null);
  return {
    ...state,
    loaded: true,
    items: items.map((item) => unsettled(item, turn?.agentId ?? null)),
    turn: withoutStored(turn, messages),
    usage: { ...usage, ...state.usage },
  };
}

function turnOf(agent: Agent) {
  const { id, startedAt, role, model, iterations, skills = [] } = agent;
  return { ...newTurn(id, startedAt), role, model, iteration: iterations, skills };
}

/** Says below the last item of a turn how it ended, when that was not with an answer. */
function endings(items: Item[], agents: readonly Agent[]): Item[] {
  const tones = { failed: "error", stopped: "stopped", interrupted: "interrupted" } as const;
  const next = [...items];
  for (const agent of agents) {
    if (agent.status === "running" || agent.status === "completed") continue;
    const tone = tones[agent.status];
    const text = endingText(tone, agent.reason);
    const at = agent.endedAt ?? agent.startedAt;
    insertAfterAgent(next, { kind: "notice", id: `end-${agent.id}`, agentId: agent.id, tone, text, at });
  }
  return next;
}

/** Says at the last answer of a turn who gave it and what the turn used, as the event of the answer does. */
function answered(items: Item[], agents: readonly Agent[]): Item[] {
  const done = new Map(
    agents.filter((agent) => agent.status === "completed").map((agent) => [agent.id, agent]),
  );
  const next = [...items];
  for (let index = next.length - 1; index >= 0 && done.size > 0; index -= 1) {
    const item = next[index];
    if (item?.kind !== "message" || item.role !== "assistant" || item.agentId === null) continue;
    const agent = done.get(item.agentId);
    if (agent === undefined) continue;
    done.delete(agent.id);
    const skills = agent.skills?.length ? { skills: agent.skills } : {};
    next[index] = { ...item, model: agent.model, usage: agent.usage, ...skills };
  }
  return next;
}

/** How a turn ended stays below what it said and did. */
function insertAfterAgent(items: Item[], item: Item): void {
  const own = (other: Item) => other.agentId !== null && other.agentId === item.agentId;
  const ending = items.findIndex((other) => own(other) && other.kind === "notice");
  const last = items.findLastIndex(own);
  if (last < 0) items.push(item);
  else items.splice(item.kind !== "notice" && ending >= 0 ? ending : last + 1, 0, item);
}

/** Adds what was heard, unless it is stored; then what only the event said is added to the stored item. */
function withLive(stored: readonly Item[], heard: readonly Item[], loaded: boolean): Item[] {
  const items = [...stored];
  const sent = sentSince(stored, heard, loaded);
  // Most of what was heard is stored under the same id; looking through everything is for the rest.
  let places = placesOf(items);
  for (const live of heard) {
    const place =
      places.get(live.id) ??
      items.findIndex((item) => (isUnconfirmed(live) ? sent.has(item.id) : true) && isTwin(item, live));
    if (place >= 0) {
      const item = items[place] as Item;
      // A stored message is one that was sent, not two.
      if (isUnconfirmed(live)) for (const id of upTo(sent, item.id)) sent.delete(id);
      items[place] = merged(item, live);
      continue;
    }
    // A message that has not been confirmed has no agent yet and belongs at the end.
    insertAfterAgent(items, live);
    places = placesOf(items);
  }
  return items;
}

const placesOf = (items: readonly Item[]) => new Map(items.map((item, index) => [item.id, index]));

const isUnconfirmed = (item: Item) => item.kind === "message" && item.sending !== undefined;

/**
 * The stored messages that may be what was sent from here and not confirmed, in their order: those of the person behind
 * everything that was known to be stored. Before anything was loaded, only as many of the newest as were sent from here.
 */
function sentSince(stored: readonly Item[], heard: readonly Item[], loaded: boolean): Set<string> {
  const known = new Set(heard.filter((item) => !isUnconfirmed(item)).map((item) => item.id));
  const said = stored.filter((item) => item.kind === "message" && item.role === "user");
  const behind = said.slice(said.findLastIndex((item) => known.has(item.id)) + 1);
  const count = heard.filter(isUnconfirmed).length;
  const candidates = loaded || count === 0 ? behind : behind.slice(-count);
  return new Set(candidates.map((item) => item.id));
}

/** What stands in a set up to this id, in its order. What was sent later is stored later. */
function upTo(ids: ReadonlySet<string>, last: string): string[] {
  const all = [...ids];
  return all.slice(0, all.indexOf(last) + 1);
}

function isTwin(item: Item, live: Item): boolean {
  if (item.kind === "message" && live.kind === "message") {
    if (item.id === live.id) return true;
    if (item.role !== live.role) return false;
    // What the server refused is stored nowhere.
    if (live.sending !== undefined)
      return live.problem === undefined && item.text.trim() === live.text.trim();
    return item.agentId === live.agentId && isBeginningOf(live, item.text);
  }
  if (item.kind === "tool" && live.kind === "tool") {
    const free = item.id === item.storedId;
    return (
      item.id === live.id ||
      (free &&
        item.agentId === live.agentId &&
        item.name === live.name &&
        sameJson(item.arguments, live.arguments))
    );
  }
  return (
    item.kind === "notice" &&
    live.kind === "notice" &&
    item.agentId === live.agentId &&
    item.tone === live.tone
  );
}

function merged(item: Item, live: Item): Item {
  if (item.kind === "tool" && live.kind === "tool") {
    const finished = item.state === "done" || item.state === "error";
    return {
      ...live,
      ...(item.storedId ? { storedId: item.storedId } : {}),
      ...(item.messageIds ? { messageIds: item.messageIds } : {}),
      state: finished ? item.state : live.state,
      result: item.result ?? live.result,
    };
  }
  if (item.kind === "message" && live.kind === "message") {
    const { model, usage, reasoning } = live;
    const skills = live.skills ?? item.skills;
    return {
      ...item,
      model: model ?? item.model,
      usage: usage ?? item.usage,
      reasoning: item.reasoning ?? reasoning,
      ...(skills && { skills }),
    } satisfies MessageItem;
  }
  return live.kind === "notice" ? live : item;
}

/** A stored call without a result is running while its turn is. */
function unsettled(item: Item, running: string | null): Item {
  const waits = item.kind === "tool" && item.state === "unfinished" && item.agentId === running;
  return waits ? { ...item, state: "running" } : item;
}

/** What is being written may have been stored between the last event and the list of messages. */
function withoutStored(turn: Conversation["turn"], messages: readonly Message[]): Conversation["turn"] {
  if (turn === null || turn.draft === "") return turn;
  const last = messages.findLast(
    (message) => message.role === "assistant" && message.agentId === turn.agentId,
  );
  const text = last?.parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("") ?? "";
  return text.startsWith(turn.draft) ? { ...turn, draft: "", reasoning: "" } : turn;
}
