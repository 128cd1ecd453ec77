// How long to wait before a lost connection is tried again.

const FIRST_MS = 500;
const LONGEST_MS = 15_000;

/** Doubles with each attempt, up to a bound, and varies so that many browsers do not come back at once. */
export function backoffMs(attempt: number, random: number): number {
  const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.round(whole * (0.5 + random / 2));
}
