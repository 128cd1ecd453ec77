// Questions that wait for an answer, in all sessions.
import type { EventEnvelope, PermissionRequest } from "@/api/types";

/** Applies the events to the list of questions; the order is the order of asking. */
export function applyToPending(
  pending: readonly PermissionRequest[],
  events: readonly EventEnvelope[],
): readonly PermissionRequest[] {
  return events.reduce(applyEvent, pending);
}

function applyEvent(list: readonly PermissionRequest[], event: EventEnvelope): readonly PermissionRequest[] {
  switch (event.type) {
    case "permission.request":
      return list.some(({ id }) => id === event.payload.id) ? list : [...list, event.payload];
    case "permission.resolved":
      return withoutRequest(list, event.payload.requestId);
    // A turn that ended waits for nothing any more.
    case "agent.completed":
    case "agent.failed":
    case "agent.stopped":
    case "agent.interrupted":
      return without(list, ({ agentId }) => agentId === event.payload.agentId);
    default:
      return list;
  }
}

/** As `applyToPending`, for events of an earlier time: a question that nobody can answer any more does not come back. */
export function replayToPending(
  pending: readonly PermissionRequest[],
  events: readonly EventEnvelope[],
  now: number,
): readonly PermissionRequest[] {
  const known = new Set(pending.map(({ id }) => id));
  const next = applyToPending(pending, events);
  return without(next, ({ id, expiresAt }) => !known.has(id) && Date.parse(expiresAt) <= now);
}

export function withoutRequest(
  pending: readonly PermissionRequest[],
  id: string,
): readonly PermissionRequest[] {
  return without(pending, (request) => request.id === id);
}

/** The same list when nothing is taken from it. */
function without(list: readonly PermissionRequest[], gone: (request: PermissionRequest) => boolean) {
  return list.some(gone) ? list.filter((request) => !gone(request)) : list;
}
