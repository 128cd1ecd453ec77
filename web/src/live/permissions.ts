// Questions that wait for an answer, in all sessions.
import type { EventEnvelope } from "@/api/pending";
import type { PermissionRequest } from "@/api/types";

/** Applies the events to the list of questions; the order is the order of asking. */
export function applyToPending(
  pending: readonly PermissionRequest[],
  events: readonly EventEnvelope[],
): readonly PermissionRequest[] {
  return events.reduce((list, event) => {
    if (event.type === "permission.request") {
      return list.some((request) => request.id === event.payload.id) ? list : [...list, event.payload];
    }
    if (event.type === "permission.resolved") return withoutRequest(list, event.payload.requestId);
    return list;
  }, pending);
}

export function withoutRequest(
  pending: readonly PermissionRequest[],
  id: string,
): readonly PermissionRequest[] {
  const rest = pending.filter((request) => request.id !== id);
  return rest.length === pending.length ? pending : rest;
}
