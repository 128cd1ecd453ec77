// Live events that wait while a replay is on its way, so that each is applied once and in its place.
import type { EventEnvelope } from "@/api/types";

/**
 * What a replay and the events that arrived while it was on its way are together. A replayed piece of an answer may stand for
 * several live ones and has the id of the last; ids grow, so everything up to the last replayed id is in the replay.
 */
export function joinReplay(
  replayed: readonly EventEnvelope[],
  held: readonly EventEnvelope[],
): EventEnvelope[] {
  const last = replayed.at(-1)?.id ?? "";
  return [...replayed, ...held.filter((event) => event.id > last)];
}
