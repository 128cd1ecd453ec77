/// <reference path="./octi-types-common.d.ts" />
declare module 'octi:artifacts/artifacts@1.0.0' {
  /**
   * Begins a file. The media type is `type/subtype`; what follows it is left out.
   */
  export function create(name: string, mediaType: string): Writer;
  export type HostError = import('octi:types/common@1.0.0').HostError;
  /**
   * A file that goes with the call's result, if the call succeeds.
   */
  export interface Artifact {
    id: string,
    /**
     * Without folders and without what would not be seen.
     */
    name: string,
    /**
     * Such as `image/png`, in lower case.
     */
    mediaType: string,
    /**
     * In bytes.
     */
    size: bigint,
  }
  
  export class Writer implements Disposable {
    /**
     * This type does not have a public constructor.
     */
    private constructor();
    /**
    * At most 65,536 bytes a call.
    */
    write(chunk: Uint8Array): void;
    static finish(this_: Writer): Artifact;
    [Symbol.dispose](): void;
  }
}
