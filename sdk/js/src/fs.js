// Files under the roots a plugin was granted. Needs `capabilities.fs`.
//
// Paths are relative to a directory, `/`-separated, without `..`; the host refuses those that lead out of it.

import * as raw from "octi:fs/files@1.0.0";
import { chunks, readAll, toBytes, toText, CHUNK_BYTES } from "./bytes.js";
import { Failed, host } from "./errors.js";

/** The person's workspace. */
export function workspace() {
  return root("workspace");
}

/** A granted root by its manifest name. */
export function root(name) {
  return new Dir(host(() => raw.root(name)));
}

function entry({ path, kind, size, modified }) {
  return { path, kind, size: Number(size), modified: modified === undefined ? undefined : new Date(Number(modified)) };
}

/** A granted directory. */
export class Dir {
  #raw;

  constructor(inner) {
    this.#raw = inner;
  }

  /** Opens a file for reading. */
  open(path) {
    return new Reader(host(() => this.#raw.open(path)));
  }

  /** A whole file of at most `bytesMax` bytes. */
  readBytes(path, bytesMax) {
    const reader = this.open(path);
    if (reader.size > bytesMax) {
      throw new Failed(`\`${path}\` has ${reader.size} bytes, more than the ${bytesMax} that can be read at once`);
    }
    return readAll((max) => reader.read(max), bytesMax).bytes;
  }

  /** A whole text file of at most `bytesMax` bytes. */
  readText(path, bytesMax) {
    return toText(this.readBytes(path, bytesMax), `\`${path}\``);
  }

  /** Writes a whole file; it appears at once or not at all. With `keep`, one that is there is a conflict. */
  write(path, content, { keep = false } = {}) {
    const writer = host(() => this.#raw.create(path, keep ? "create-new" : "replace"));
    for (const chunk of chunks(toBytes(content))) host(() => writer.write(chunk));
    return entry(host(() => raw.Writer.commit(writer)));
  }

  /** Adds to the end of a file in one step, at most 64 KiB; the file is created if absent. */
  append(path, content) {
    return entry(host(() => this.#raw.append(path, toBytes(content))));
  }

  /** What is at a path. */
  stat(path) {
    return entry(host(() => this.#raw.stat(path)));
  }

  /**
   * At most `max` (1,000 at most) entries of a directory in name order, after `start`.
   *
   * @param {string} path
   * @param {{ start?: string, max?: number }} options
   */
  list(path = ".", { start, max = 1000 } = {}) {
    return host(() => this.#raw.list(path, start, max)).map(entry);
  }

  /** Searches names (`glob`) and content (`pattern`, a regular expression) below this directory. */
  search({ glob, pattern, max = 1000 }) {
    return host(() => this.#raw.search({ glob, pattern, max }));
  }

  makeDir(path) {
    host(() => this.#raw.makeDir(path));
  }

  /** Removes a file or an empty directory; with `recursive`, everything in it too. */
  remove(path, { recursive = false } = {}) {
    host(() => this.#raw.remove(path, recursive));
  }

  /** Moves a file or directory. With `overwrite`, what is there is replaced. */
  rename(source, target, { overwrite = false } = {}) {
    host(() => this.#raw.rename(source, target, overwrite));
  }

  /** Copies a file. */
  copy(source, target, { overwrite = false } = {}) {
    host(() => this.#raw.copy(source, target, overwrite));
  }
}

/** An open file. */
export class Reader {
  #raw;

  constructor(inner) {
    this.#raw = inner;
  }

  get size() {
    return Number(this.#raw.size());
  }

  seek(offset) {
    host(() => this.#raw.seek(BigInt(offset)));
  }

  /** The next bytes, at most 64 KiB; none at the end. */
  read(max = CHUNK_BYTES) {
    return host(() => this.#raw.read(max));
  }
}
