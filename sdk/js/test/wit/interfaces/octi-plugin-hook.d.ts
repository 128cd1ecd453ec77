/// <reference path="./octi-types-common.d.ts" />
declare module 'octi:plugin/hook@1.0.0' {
  /**
   * An error is no answer, and a call without an answer is refused.
   */
  export function onEvent(event: Event): Verdict;
  export type Json = import('octi:types/common@1.0.0').Json;
  /**
   * Something that happens. Its fields are free of secrets, and cut to a bound.
   */
  export interface Event {
    /**
     * One that the manifest asks for, such as `tool.before`. Later versions have more.
     */
    name: string,
    /**
     * The fields that the reference tells for the name. Later versions may have more fields.
     */
    details: Json,
  }
  /**
   * The answer. Anything but `go-on` means something before a call only; after the fact it is ignored.
   */
  export type Verdict =
    | {
      tag: 'go-on',
    }
    | {
      /**
       * The call is refused, for this reason: a sentence that the model and the person read.
       */
      tag: 'block',
      val: string,
    }
    | {
      /**
       * The call is made with these arguments, if the tool's schema takes them.
       */
      tag: 'rewrite',
      val: Json,
    }
    | {
      /**
       * An answer of a later version, by its name: the call is refused by a host that does not know it.
       */
      tag: 'other',
      val: string,
    };
}
