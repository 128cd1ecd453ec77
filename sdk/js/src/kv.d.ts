/** A stored value. */
export interface Item<T> {
  value: T;
  /** Grows with every write; 0 stands for an absent key. */
  version: number;
}
export interface WriteOptions {
  /** Write only while this version is stored (0 for absent); else it is a conflict. */
  expected?: number;
}
/** The value of a key, read from JSON; undefined for an absent key. */
export function get<T = unknown>(key: string): Item<T> | undefined;
/** Writes a value as JSON and gives the new version. */
export function set(key: string, value: unknown, options?: WriteOptions): number;
export function getBytes(key: string): Item<Uint8Array> | undefined;
export function setBytes(key: string, value: Uint8Array, options?: WriteOptions): number;
/** Removes a key; an absent key is fine. */
export function remove(key: string): void;
/** At most `max` (1,000 at most) keys with the prefix, in order, after `start`. */
export function keys(prefix?: string, options?: { start?: string; max?: number }): string[];
