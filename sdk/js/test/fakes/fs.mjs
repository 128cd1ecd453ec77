import { refusal } from "./refusal.mjs";

export const files = new Map();

const entry = (path) => ({ path, kind: "file", size: BigInt(files.get(path).length), modified: 1000n });

export class Writer {
  constructor(path) {
    this.path = path;
    this.parts = [];
  }

  write(chunk) {
    if (chunk.length > 65536) throw refusal("invalid", "too large a chunk");
    this.parts.push(...chunk);
  }

  static commit(writer) {
    files.set(writer.path, Uint8Array.from(writer.parts));
    return entry(writer.path);
  }
}

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  size() {
    return BigInt(this.bytes.length);
  }

  seek(offset) {
    this.at = Number(offset);
  }

  read(max) {
    const part = this.bytes.slice(this.at, this.at + max);
    this.at += part.length;
    return part;
  }
}

class Dir {
  open(path) {
    if (!files.has(path)) throw refusal("not-found", `\`${path}\` does not exist`);
    return new Reader(files.get(path));
  }

  create(path, mode) {
    if (mode === "create-new" && files.has(path)) throw refusal("conflict", `\`${path}\` is there`);
    return new Writer(path);
  }

  stat(path) {
    return entry(path);
  }

  list() {
    return [...files.keys()].map(entry);
  }
}

export function root(name) {
  if (name !== "workspace") throw refusal("denied", `\`${name}\` is not granted`);
  return new Dir();
}
