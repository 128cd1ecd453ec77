/** A message that came in. */
export interface Incoming {
  /** The channel's own id of it: what was taken once is not taken again. */
  readonly id: string;
  /** Where it was written, and where an answer goes. */
  readonly conversation: string;
  /** Who wrote it, by an id that nobody else can take. */
  readonly sender: string;
  /** What the sender is called, for people. */
  readonly senderName?: string | null;
  readonly text: string;
}

/** A message that goes out. */
export interface Outgoing {
  /** The same in every attempt, so that a channel that can sends it once. */
  readonly id: string;
  readonly conversation: string;
  /** No longer than the manifest says that the channel takes. */
  readonly text: string;
  /** The id of the message that it answers. */
  readonly replyTo?: string;
}

/** What a poll brought. */
export interface Polled {
  readonly messages?: readonly Incoming[];
  /** Where the next poll goes on; where this one began, when it is left away. */
  readonly cursor?: string;
  /** Whether there is more already. */
  readonly more?: boolean;
}

/** A request to the channel's address, whose signature the host has checked. */
export interface WebhookRequest {
  readonly method: string;
  /** What follows the address: a path and a query, or nothing. */
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
  /** The first header of that name, in lower case. */
  header(name: string): string | undefined;
  text(): string;
  json(): any;
}

/** What a request brought. */
export interface Heard {
  readonly messages?: readonly Incoming[];
  /** What is answered; that it was accepted, when it is left away. */
  readonly reply?: { readonly status?: number; readonly contentType?: string; readonly body?: string };
}

/** What `channel` gives, for `plugin`. */
export interface Channel {
  readonly __channel: never;
}

type Now<T> = T | Promise<T>;

/**
 * Makes a channel. Of what is thrown, `Unavailable` is tried again later, `NeedsUser` is for whoever connected the channel, and
 * `Failed` is final.
 */
export function channel(work: {
  /** Asks for what is new since the cursor; called when the manifest has `poll_ms`. */
  poll?(cursor: string | undefined): Now<Polled | undefined>;
  /** Takes a request; called when the manifest has a table `webhook`. */
  webhook?(request: WebhookRequest): Now<Heard | undefined>;
  /** Sends a message; the channel's own id of it, if it has one. */
  send(message: Outgoing): Now<string | undefined | void>;
}): Channel;
