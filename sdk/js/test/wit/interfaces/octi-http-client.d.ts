/// <reference path="./octi-types-common.d.ts" />
declare module 'octi:http/client@1.0.0' {
  /**
   * Sends a request without a body.
   */
  export function send(head: Head): Response;
  export type HostError = import('octi:types/common@1.0.0').HostError;
  /**
   * `follow` leads to granted hosts only, and what may be a credential stays at its origin.
   * # Variants
   * 
   * ## `"follow"`
   * 
   * ## `"refuse"`
   */
  export type Redirects = 'follow' | 'refuse';
  export interface Head {
    method: string,
    url: string,
    /**
     * Not those of the connection, nor `host` and `accept-encoding`: the host sets them.
     */
    headers: Array<[string, string]>,
    /**
     * For the whole request, its answer's body included; the call's own time is the limit anyway.
     */
    timeoutMs?: number,
    redirects: Redirects,
  }
  export interface Response {
    status: number,
    /**
     * After redirects.
     */
    url: string,
    /**
     * Names in lower case.
     */
    headers: Array<[string, string]>,
    /**
     * Decompressed.
     */
    body: Body,
  }
  
  export class Body implements Disposable {
    /**
     * This type does not have a public constructor.
     */
    private constructor();
    /**
    * An empty list is the end. At most 65,536 bytes a call.
    */
    read(max: number): Uint8Array;
    [Symbol.dispose](): void;
  }
  
  export class Request implements Disposable {
    /**
     * This type does not have a public constructor.
     */
    private constructor();
    static start(head: Head): Request;
    /**
    * At most 65,536 bytes a call.
    */
    write(chunk: Uint8Array): void;
    static send(this_: Request): Response;
    [Symbol.dispose](): void;
  }
}
