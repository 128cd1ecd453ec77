export interface Entry {
  path: string;
  kind: "file" | "directory" | "symlink" | "other";
  size: number;
  modified?: Date;
}
/** Where something was found: line numbers from 1, columns in bytes from 0. */
export interface Hit {
  path: string;
  line: number;
  column: number;
  text: string;
}
/** An open file. */
export class Reader {
  private constructor();
  readonly size: number;
  seek(offset: number): void;
  /** The next bytes, at most 64 KiB; none at the end. */
  read(max?: number): Uint8Array;
}
/** A granted directory. Paths are relative to it, without `..`. */
export class Dir {
  private constructor();
  open(path: string): Reader;
  /** A whole file of at most `bytesMax` bytes. */
  readBytes(path: string, bytesMax: number): Uint8Array;
  /** A whole text file of at most `bytesMax` bytes. */
  readText(path: string, bytesMax: number): string;
  /** Writes a whole file; it appears at once or not at all. With `keep`, one that is there is a conflict. */
  write(path: string, content: string | Uint8Array, options?: { keep?: boolean }): Entry;
  /** Adds to the end of a file in one step, at most 64 KiB; the file is created if absent. */
  append(path: string, content: string | Uint8Array): Entry;
  stat(path: string): Entry;
  /** At most `max` (1,000 at most) entries of a directory in name order, after `start`. */
  list(path?: string, options?: { start?: string; max?: number }): Entry[];
  /** Searches names (`glob`) and content (`pattern`, a regular expression) below this directory. */
  search(query: { glob?: string; pattern?: string; max?: number }): Hit[];
  makeDir(path: string): void;
  /** Removes a file or an empty directory; with `recursive`, everything in it too. */
  remove(path: string, options?: { recursive?: boolean }): void;
  rename(source: string, target: string, options?: { overwrite?: boolean }): void;
  copy(source: string, target: string, options?: { overwrite?: boolean }): void;
}
/** The person's workspace. */
export function workspace(): Dir;
/** A granted root by its manifest name. */
export function root(name: string): Dir;
