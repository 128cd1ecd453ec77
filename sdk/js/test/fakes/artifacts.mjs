import { refusal } from "./refusal.mjs";

export const given = [];

export class Writer {
  constructor(name, mediaType) {
    Object.assign(this, { name, mediaType, parts: [] });
  }

  write(chunk) {
    if (chunk.length > 65_536) throw refusal("invalid", "chunk: too long");
    this.parts.push(...chunk);
  }

  static finish({ name, mediaType, parts }) {
    given.push({ name, mediaType, bytes: Uint8Array.from(parts) });
    return { id: String(given.length), name, mediaType, size: BigInt(parts.length) };
  }
}

export function create(name, mediaType) {
  if (!mediaType.includes("/")) throw refusal("invalid", `media-type: \`${mediaType}\``);
  return new Writer(name, mediaType);
}
