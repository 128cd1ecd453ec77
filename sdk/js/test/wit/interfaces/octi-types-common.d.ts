declare module 'octi:types/common@1.0.0' {
  /**
   * JSON text (RFC 8259).
   */
  export type Json = string;
  /**
   * Milliseconds since the Unix epoch, UTC.
   */
  export type TimestampMs = bigint;
  /**
   * A quota that was reached, and when trying again makes sense.
   */
  export interface Quota {
    /**
     * The limit's name as it stands in the manifest or the settings.
     */
    name: string,
    limit: bigint,
    retryAfterMs?: bigint,
  }
  /**
   * Why the host said no or failed. A refusal is a value, never a trap.
   */
  export type HostError =
    | {
      /**
       * Not granted. The text names the missing grant, safe to show.
       */
      tag: 'denied',
      val: string,
    }
    | {
      tag: 'not-found',
      val: string,
    }
    | {
      /**
       * The argument, and what is wrong with it.
       */
      tag: 'invalid',
      val: string,
    }
    | {
      tag: 'conflict',
      val: string,
    }
    | {
      tag: 'quota',
      val: Quota,
    }
    | {
      tag: 'timeout',
    }
    | {
      tag: 'cancelled',
    }
    | {
      /**
       * Try later: a peer or a resource is away.
       */
      tag: 'unavailable',
      val: string,
    }
    | {
      tag: 'other',
      val: string,
    };
}
