/** A call that is about to be made. */
export interface ToolBefore {
  readonly name: "tool.before";
  readonly callId: string;
  readonly userId: string;
  /** None for a call by hand outside of a conversation. */
  readonly sessionId?: string | null;
  /** `chat`, or `unattended` where nobody can be asked. */
  readonly origin: string;
  /** Such as `shell.run`. */
  readonly tool: string;
  /** `publisher/name` of the tool's plugin. */
  readonly plugin: string;
  /** What the tool says that it does: `read`, `write`, `network`, `secret`, `process`, `money`. */
  readonly effects: readonly string[];
  /** As the hooks before this one left them, with the values of secrets blacked out. */
  readonly arguments: { readonly [name: string]: any };
}

/** A call that ended. */
export interface ToolAfter {
  readonly name: "tool.after";
  readonly callId: string;
  readonly userId: string;
  readonly sessionId?: string | null;
  /** Such as `shell.run`. */
  readonly tool: string;
  /** `ok`, or why it failed. */
  readonly code: string;
  readonly isError: boolean;
  /** JSON, or a sentence for an error; cut when it is long. */
  readonly content: string;
  readonly durationMs: number;
}

/** A conversation that began. */
export interface SessionStarted {
  readonly name: "session.started";
  readonly sessionId: string;
  readonly userId?: string | null;
}

/** What a person said. */
export interface Message {
  readonly name: "message";
  readonly sessionId: string;
  readonly userId?: string | null;
  readonly messageId: string;
  /** Cut when it is long. */
  readonly text: string;
  /** The names of the files with it. */
  readonly attachments: readonly string[];
}

/** A turn that ended. */
export interface TurnEnded {
  readonly name: "turn.ended";
  readonly sessionId: string;
  readonly userId: string;
  readonly runId: string;
  readonly status: "completed" | "failed" | "stopped" | "interrupted";
  readonly iterations: number;
  readonly tokens: number;
}

/** Something that happens; a later version may tell of more, and more of each. */
export type Event = ToolBefore | ToolAfter | SessionStarted | Message | TurnEnded;

/** What `block` and `rewrite` give. */
export interface Verdict {
  readonly __verdict: never;
}

/** What `hook` gives, for `plugin`. */
export interface Hook {
  readonly __hook: never;
}

type Said = Verdict | undefined | null | void;

/** Makes a hook of a function. Nothing lets things go on; before a call an error refuses it. */
export function hook(watch: (event: Event) => Said | Promise<Said>): Hook;
/** Refuses the call, with a sentence that says why and what to do instead: the model and the person read it. */
export function block(reason: string): Verdict;
/** Lets the call be made with these arguments, which the tool's schema must take. */
export function rewrite(values: { [name: string]: unknown }): Verdict;
