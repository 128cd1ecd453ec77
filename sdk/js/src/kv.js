// The plugin's own memory between calls, for each person. Needs `capabilities.kv`.

import * as raw from "octi:kv/store@1.0.0";
import { toText } from "./bytes.js";
import { host } from "./errors.js";

/** The bytes of a key with their version; undefined for an absent key. */
export function getBytes(key) {
  const item = host(() => raw.get(key));
  return item === undefined ? undefined : { value: item.value, version: Number(item.version) };
}

/**
 * Writes bytes and gives the new version. With `expected` only while that version is stored (0 for absent), else it is a conflict.
 *
 * @param {string} key
 * @param {Uint8Array} value
 * @param {{ expected?: number }} options
 */
export function setBytes(key, value, { expected } = {}) {
  return Number(host(() => raw.set(key, value, expected === undefined ? undefined : BigInt(expected))));
}

/** The value of a key, read from JSON, with its version; undefined for an absent key. */
export function get(key) {
  const item = getBytes(key);
  return item === undefined ? undefined : { value: JSON.parse(toText(item.value, `what is stored under \`${key}\``)), version: item.version };
}

/** Writes a value as JSON and gives the new version. `expected` as in {@link setBytes}. */
export function set(key, value, options) {
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError("the value has no JSON form");
  return setBytes(key, new TextEncoder().encode(text), options);
}

/** Removes a key; an absent key is fine. */
export function remove(key) {
  host(() => raw.delete(key));
}

/**
 * At most `max` (1,000 at most) keys with the prefix, in order, after `start`.
 *
 * @param {string} prefix
 * @param {{ start?: string, max?: number }} options
 */
export function keys(prefix = "", { start, max = 1000 } = {}) {
  return host(() => raw.keys(prefix, start, max));
}
