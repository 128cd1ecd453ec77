// Questions that wait for an answer, in all sessions.
import type { EventEnvelope, PermissionRequest } from "@/api/types";

/** Applies the events to the list of questions; the order is the order of asking. */
export function applyToPending(
  pending: readonly PermissionRequest[],
  events: readonly EventEnvelope[],
): readonly PermissionRequest[] {
  let list = pending;
  for (const event of events) {
    if (event.type === "permission.resolved") list = withoutRequest(list, event.payload.requestId);
    if (event.type !== "permission.request") continue;
    const request = event.payload;
    if (!list.some((known) => known.id === request.id)) list = [...list, request];
  }
  return list;
}

export function withoutRequest(
  pending: readonly PermissionRequest[],
  id: string,
): readonly PermissionRequest[] {
  const rest = pending.filter((request) => request.id !== id);
  return rest.length === pending.length ? pending : rest;
}
