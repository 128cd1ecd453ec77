import type { Infer, Schema } from "./index.js";

/** What the person did. */
export type Answer<T> = { action: "given"; value: T } | { action: "declined" } | { action: "cancelled" };
/**
 * Asks the person for an object that fits the schema: flat, of texts, numbers, yes or no, and choices. The call waits. A host error
 * `unavailable` says that there is nobody to ask, `timeout` that nobody answered.
 */
export function ask<S extends Schema>(message: string, schema: S, options?: { timeoutMs?: number }): Answer<Infer<S>>;
