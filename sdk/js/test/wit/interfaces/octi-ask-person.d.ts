/// <reference path="./octi-types-common.d.ts" />
declare module 'octi:ask/person@1.0.0' {
  /**
   * `unavailable` at once when there is nobody to ask, `timeout` when nobody answered in time.
   */
  export function ask(question: Question): Answer;
  export type HostError = import('octi:types/common@1.0.0').HostError;
  export type Json = import('octi:types/common@1.0.0').Json;
  export interface Question {
    /**
     * What is asked, and what the answer is for.
     */
    message: string,
    /**
     * The form, as a JSON Schema: a flat object whose `properties` are of the type `string`, `number`, `integer` or `boolean`, a
     * `string` of choices (`enum`, with or without `enumNames`, or `oneOf` of `const` and `title`), or an `array` of such choices
     * (`items`, with `anyOf` for titles; `minItems`, `maxItems`). Each may have `title`, `description` and `default`; strings
     * `minLength`, `maxLength` and `format` (`email`, `uri`, `date` or `date-time`); numbers `minimum` and `maximum`. `required`
     * names those that must be given. It never asks for secrets: those are in the person's vault.
     */
    schema: Json,
    /**
     * How long the person has, at most as long as the host allows. The call's own time stands still meanwhile.
     */
    timeoutMs?: number,
  }
  export type Answer =
    | {
      /**
       * An object that fits the schema.
       */
      tag: 'given',
      val: Json,
    }
    | {
      /**
       * The person said no.
       */
      tag: 'declined',
    }
    | {
      /**
       * The person put the question away without an answer.
       */
      tag: 'cancelled',
    };
}
