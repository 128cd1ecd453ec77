// Numbers of plugins as people read them.
import type { CallSums } from "@/api/types";
import { duration } from "@/lib/format";

/** Calls that failed, whatever the error. */
export const errorsOf = (sums: CallSums): number =>
  Object.values(sums.errors ?? {}).reduce((all, count) => all + count, 0);

/** A time in microseconds; a dash where nothing was called. */
export function micros(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  if (value < 1_000) return `${value} µs`;
  return value < 10_000 ? `${(value / 1_000).toFixed(1)} ms` : duration(value / 1_000);
}

/** `3 trap, 1 time_limit`, the most frequent first. */
export function counts(of: Record<string, number> | undefined): string {
  const sorted = Object.entries(of ?? {}).sort(([, a], [, b]) => b - a);
  return sorted.length === 0 ? "none" : sorted.map(([name, count]) => `${count} ${name}`).join(", ");
}
