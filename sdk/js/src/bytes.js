// Bytes that cross the border, and what they say.

import { Failed } from "./errors.js";

/** Bytes one host call moves. */
export const CHUNK_BYTES = 64 * 1024;

/** The bytes of a text; bytes stay as they are. */
export function toBytes(content) {
  return typeof content === "string" ? new TextEncoder().encode(content) : new Uint8Array(content);
}

/** The text of bytes in UTF-8. `what` begins the error's sentence. */
export function toText(bytes, what) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Failed(`${what} is not text in UTF-8`);
  }
}

/** In pieces that the host takes at once. */
export function* chunks(bytes) {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES);
}

/** Reads until the end or the bound; says whether there was more. */
export function readAll(read, bytesMax) {
  const parts = [];
  let length = 0;
  while (length <= bytesMax) {
    const part = read(CHUNK_BYTES);
    if (part.length === 0) break;
    parts.push(part);
    length += part.length;
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return { bytes: all.subarray(0, bytesMax), isCut: length > bytesMax };
}
