export interface Options {
  /** Relative to the granted root. */
  cwd?: string;
  env?: Record<string, string>;
  timeoutMs?: number;
}
export type Ending =
  | { kind: "exited"; code: number }
  | { kind: "signalled"; signal: number }
  | { kind: "timed-out" }
  | { kind: "output-limit" };
export interface Written {
  stdout: string;
  stderr: string;
  stdoutBytes: Uint8Array;
  stderrBytes: Uint8Array;
  /** Some of the output was dropped. */
  isTruncated: boolean;
}
/** Runs a program of a profile to the end. A program that fails is not an error: see `ending`. */
export function run(
  profile: string,
  argv: readonly string[],
  options?: Options & { stdin?: string | Uint8Array },
): Written & { ending: Ending };
/** Starts a program and leaves it running; {@link attach} finds it again. */
export function spawn(profile: string, argv: readonly string[], options?: Options): Child;
/** The running program of that id, if this plugin started it for this person. */
export function attach(id: string): Child;
/** Where a program is on the profile's search path. */
export function which(profile: string, program: string): string | undefined;
/** A program that outlives the call. */
export class Child {
  private constructor();
  /** Unguessable. */
  readonly id: string;
  /** The command line, as it was started. */
  readonly title: string;
  /** What it wrote since it was last asked, waiting at most `waitMs` for the first byte or the end. */
  read(max?: number, waitMs?: number): Written & { ending?: Ending };
  /** Waits for the end; undefined if it still runs. */
  wait(waitMs: number): Ending | undefined;
  write(content: string | Uint8Array): void;
  closeStdin(): void;
  /** Ends it and everything it started. */
  kill(): void;
}
