import { refusal } from "./refusal.mjs";

export const items = new Map();

export function get(key) {
  return items.get(key);
}

export function set(key, value, expected) {
  const version = items.get(key)?.version ?? 0n;
  if (expected !== undefined && expected !== version) throw refusal("conflict", `\`${key}\` has changed`);
  items.set(key, { key, value, version: version + 1n });
  return version + 1n;
}

function remove(key) {
  items.delete(key);
}
export { remove as delete };

export function keys(prefix, start, max) {
  const found = [...items.keys()].filter((key) => key.startsWith(prefix) && (start === undefined || key > start));
  return found.sort().slice(0, max);
}
