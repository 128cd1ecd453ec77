/// <reference path="./octi-types-common.d.ts" />
declare module 'octi:kv/store@1.0.0' {
  export function get(key: string): Item | undefined;
  /**
   * Writes when `expected` is the stored version (0 for absent) or is not given. Returns the new version; `conflict` otherwise.
   */
  export function set(key: string, value: Uint8Array, expected: bigint | undefined): bigint;
  export { _delete as delete };
  function _delete(key: string): void;
  /**
   * Keys with the prefix, in order, after `start`, at most 1,000.
   */
  export function keys(prefix: string, start: string | undefined, max: number): Array<string>;
  export type HostError = import('octi:types/common@1.0.0').HostError;
  export interface Item {
    key: string,
    value: Uint8Array,
    version: bigint,
  }
}
