/// <reference path="./octi-types-common.d.ts" />
declare module 'octi:fs/files@1.0.0' {
  /**
   * A granted root by its manifest name, such as `workspace`.
   */
  export function root(name: string): Dir;
  export type HostError = import('octi:types/common@1.0.0').HostError;
  export type TimestampMs = import('octi:types/common@1.0.0').TimestampMs;
  /**
   * # Variants
   * 
   * ## `"file"`
   * 
   * ## `"directory"`
   * 
   * ## `"symlink"`
   * 
   * ## `"other"`
   */
  export type Kind = 'file' | 'directory' | 'symlink' | 'other';
  export interface Entry {
    path: string,
    kind: Kind,
    size: bigint,
    modified?: TimestampMs,
  }
  /**
   * # Variants
   * 
   * ## `"create-new"`
   * 
   * ## `"replace"`
   */
  export type WriteMode = 'create-new' | 'replace';
  /**
   * A text match: line numbers from 1, columns in bytes from 0.
   */
  export interface Hit {
    path: string,
    line: number,
    column: number,
    text: string,
  }
  export interface Query {
    /**
     * Names: a glob such as `**\/*.rs`.
     */
    glob?: string,
    /**
     * Content: a regular expression (no backtracking, linear time).
     */
    pattern?: string,
    max: number,
  }
  
  export class Dir implements Disposable {
    /**
     * This type does not have a public constructor.
     */
    private constructor();
    open(path: string): Reader;
    create(path: string, mode: WriteMode): Writer;
    /**
    * One atomic append; appends to one file do not interleave.
    */
    append(path: string, bytes: Uint8Array): Entry;
    stat(path: string): Entry;
    /**
    * In name order, after `start`, at most 1,000.
    */
    list(path: string, start: string | undefined, max: number): Array<Entry>;
    search(query: Query): Array<Hit>;
    makeDir(path: string): void;
    remove(path: string, recursive: boolean): void;
    rename(source: string, target: string, overwrite: boolean): void;
    copy(source: string, target: string, overwrite: boolean): void;
    [Symbol.dispose](): void;
  }
  
  export class Reader implements Disposable {
    /**
     * This type does not have a public constructor.
     */
    private constructor();
    size(): bigint;
    seek(offset: bigint): void;
    /**
    * An empty list is the end. At most 65,536 bytes a call.
    */
    read(max: number): Uint8Array;
    [Symbol.dispose](): void;
  }
  
  export class Writer implements Disposable {
    /**
     * This type does not have a public constructor.
     */
    private constructor();
    write(chunk: Uint8Array): void;
    static commit(this_: Writer): Entry;
    [Symbol.dispose](): void;
  }
}
