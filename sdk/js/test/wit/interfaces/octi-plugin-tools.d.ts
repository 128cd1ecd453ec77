/// <reference path="./octi-types-common.d.ts" />
declare module 'octi:plugin/tools@1.0.0' {
  /**
   * Asked once when the plugin is built, in an instance that is denied everything; never while it serves.
   */
  export function describe(): Array<Tool>;
  export function call(name: string, arguments: Json): Output;
  export type Json = import('octi:types/common@1.0.0').Json;
  export interface Tool {
    /**
     * Lower case letters, digits and `_`; the model sees `<plugin>__<name>`.
     */
    name: string,
    /**
     * For the model: what it does, when to use it, what it returns.
     */
    description: string,
    /**
     * JSON Schema 2020-12.
     */
    inputSchema: Json,
    outputSchema?: Json,
  }
  export interface Output {
    /**
     * The structured result, checked against the output schema.
     */
    content: Json,
    /**
     * One line for the person watching.
     */
    summary?: string,
  }
  /**
   * Typed by who can act on it.
   */
  export type ToolError =
    | {
      /**
       * The model can mend this and try again: what was wrong, what is valid.
       */
      tag: 'bad-input',
      val: string,
    }
    | {
      /**
       * The world said no: not found, conflict, refusal. Trying the same again is pointless.
       */
      tag: 'failed',
      val: string,
    }
    | {
      /**
       * The person must do something: grant, sign in, choose.
       */
      tag: 'needs-user',
      val: string,
    }
    | {
      /**
       * May work later.
       */
      tag: 'unavailable',
      val: string,
    }
    | {
      /**
       * The plugin's own bug.
       */
      tag: 'internal',
      val: string,
    };
}
