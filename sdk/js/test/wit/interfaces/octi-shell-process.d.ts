/// <reference path="./octi-types-common.d.ts" />
declare module 'octi:shell/process@1.0.0' {
  /**
   * Where a program is, on the search path that the profile's programs see; none when it is not there.
   */
  export function which(profile: string, program: string): string | undefined;
  /**
   * Runs to the end, at most as long as the profile allows.
   */
  export function run(command: Command, stdin: Uint8Array | undefined): Output;
  /**
   * A child that outlives this call, bounded by its profile; found again by `attach`.
   */
  export function spawn(command: Command): Child;
  export function attach(id: string): Child;
  export type HostError = import('octi:types/common@1.0.0').HostError;
  export interface Command {
    profile: string,
    /**
     * Arguments after the program; never a shell line unless the profile is one.
     */
    argv: Array<string>,
    /**
     * Relative to the granted root.
     */
    cwd?: string,
    env: Array<[string, string]>,
    timeoutMs?: number,
  }
  export type Ending =
    | {
      tag: 'exited',
      val: number,
    }
    | {
      tag: 'signalled',
      val: number,
    }
    | {
      tag: 'timed-out',
    }
    | {
      tag: 'output-limit',
    };
  export interface Output {
    ending: Ending,
    stdout: Uint8Array,
    stderr: Uint8Array,
    truncated: boolean,
  }
  /**
   * What a running child wrote since it was last asked; `ending` once it is over and all of it was read.
   */
  export interface News {
    stdout: Uint8Array,
    stderr: Uint8Array,
    truncated: boolean,
    ending?: Ending,
  }
  
  export class Child implements Disposable {
    /**
     * This type does not have a public constructor.
     */
    private constructor();
    /**
    * Unguessable; only this plugin and person can attach to it.
    */
    id(): string;
    /**
    * The command line, as it was started.
    */
    title(): string;
    writeStdin(bytes: Uint8Array): void;
    closeStdin(): void;
    /**
    * What has arrived since the last read, waiting at most `wait-ms` for the first byte or the end.
    */
    read(max: number, waitMs: number): News;
    wait(waitMs: number): Ending | undefined;
    /**
    * Ends the whole process group.
    */
    kill(): void;
    [Symbol.dispose](): void;
  }
}
