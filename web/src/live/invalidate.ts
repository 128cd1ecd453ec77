// Which lists an event makes out of date. They are asked for again together and not once per event.

import { queryClient } from "@/api/queries";
import type { SoonEvents } from "@/api/soon";
import type { EventEnvelope } from "@/api/types";

const WAIT_MS = 400;

const stale = new Set<string>();
let timer: number | undefined;

export function refreshFor(events: readonly EventEnvelope[]): void {
  for (const event of events) for (const key of keysOf(event)) stale.add(key);
  if (stale.size > 0 && timer === undefined) timer = window.setTimeout(refresh, WAIT_MS);
}

function refresh(): void {
  timer = undefined;
  for (const key of stale) void queryClient.invalidateQueries({ queryKey: [key] });
  stale.clear();
}

/** Events that the description does not say yet. */
const SOON: Record<keyof SoonEvents, string> = {
  "settings.changed": "settings",
};

function keysOf(event: EventEnvelope): readonly string[] {
  const soon = SOON[event.type as keyof SoonEvents];
  if (soon !== undefined) return [soon];
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
    case "plugin.changed":
      return ["plugins", "tools"];
    case "notification.created":
    case "notification.read":
      return ["notifications"];
    default:
      return [];
  }
}
