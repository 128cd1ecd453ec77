// Which lists an event makes out of date. They are asked for again together and not once per event.

import { queryClient } from "@/api/queries";
import type { EventEnvelope } from "@/api/types";

const WAIT_MS = 400;

const stale = new Set<string>();
let timer: number | undefined;

/** Every list that events keep up to date. */
const ALL = [
  "agents",
  "notifications",
  "plugins",
  "questions",
  "rules",
  "sessions",
  "settings",
  "skills",
  "tools",
  "workspaces",
];

export function refreshFor(events: readonly EventEnvelope[]): void {
  later(events.flatMap(keysOf));
}

/** What happened before the page listened was told to nobody. */
export const refreshAll = (): void => later(ALL);

function later(keys: readonly string[]): void {
  for (const key of keys) stale.add(key);
  if (stale.size > 0 && timer === undefined) timer = window.setTimeout(refresh, WAIT_MS);
}

function refresh(): void {
  timer = undefined;
  for (const key of stale) void queryClient.invalidateQueries({ queryKey: [key] });
  stale.clear();
}

function keysOf(event: EventEnvelope): readonly string[] {
  switch (event.type) {
    case "chat.message":
    case "chat.response":
      return ["sessions"];
    case "agent.spawned":
    case "agent.completed":
    case "agent.failed":
    case "agent.stopped":
    case "agent.interrupted":
      return ["agents", "sessions"];
    case "permission.resolved":
      return ["rules"];
    case "question.asked":
    case "question.resolved":
      return ["questions"];
    case "plugin.changed":
      return ["plugins", "skills", "tools"];
    case "agent.skills":
    case "skills.changed":
      return ["skills"];
    case "settings.changed":
      return ["settings"];
    case "notification.created":
    case "notification.read":
      return ["notifications"];
    case "workspace.changed":
      return ["workspaces", "sessions"];
    default:
      return [];
  }
}
