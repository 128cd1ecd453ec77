/// <reference path="./octi-types-common.d.ts" />
declare module 'octi:plugin/channel@1.0.0' {
  export function onPoll(cursor: string | undefined): Polled;
  export function onWebhook(request: Request): Heard;
  /**
   * Returns the channel's own id of what was sent, if it has one.
   */
  export function send(message: Outgoing): string | undefined;
  export type Json = import('octi:types/common@1.0.0').Json;
  /**
   * A message that came in.
   */
  export interface Incoming {
    /**
     * The channel's own id of it: what was taken once is not taken again.
     */
    id: string,
    /**
     * Where it was written, and where an answer goes.
     */
    conversation: string,
    /**
     * Who wrote it, by an id that nobody else can take.
     */
    sender: string,
    /**
     * What the sender is called, for people.
     */
    senderName?: string,
    text: string,
    /**
     * What a later version adds.
     */
    extras?: Json,
  }
  /**
   * A message that goes out.
   */
  export interface Outgoing {
    /**
     * The same in every attempt, so that a channel that can sends it once.
     */
    id: string,
    conversation: string,
    /**
     * No longer than the manifest says that the channel takes.
     */
    text: string,
    /**
     * The id of the message that it answers.
     */
    replyTo?: string,
    extras?: Json,
  }
  export interface Polled {
    messages: Array<Incoming>,
    /**
     * Where the next poll goes on. The host keeps it in one step with the messages.
     */
    cursor?: string,
    /**
     * Whether there is more already.
     */
    more: boolean,
  }
  /**
   * A request to the channel's address, after the host has checked its signature.
   */
  export interface Request {
    method: string,
    /**
     * What follows the address: a path and a query, or nothing.
     */
    path: string,
    headers: Array<[string, string]>,
    /**
     * At most 64 KiB.
     */
    body: Uint8Array,
  }
  export interface Reply {
    status: number,
    contentType?: string,
    body: string,
  }
  export interface Heard {
    messages: Array<Incoming>,
    /**
     * What is answered; the host says that it was accepted otherwise.
     */
    reply?: Reply,
  }
  /**
   * Typed by what the host does about it.
   */
  export type ChannelError =
    | {
      /**
       * Try again later.
       */
      tag: 'unavailable',
      val: string,
    }
    | {
      /**
       * Trying the same again is pointless.
       */
      tag: 'rejected',
      val: string,
    }
    | {
      /**
       * Whoever connected it must do something.
       */
      tag: 'needs-user',
      val: string,
    }
    | {
      tag: 'other',
      val: string,
    };
}
