/// <reference path="./octi-types-common.d.ts" />
declare module 'octi:llm/model@1.0.0' {
  export function complete(request: Request): Completion;
  export type HostError = import('octi:types/common@1.0.0').HostError;
  /**
   * # Variants
   * 
   * ## `"user"`
   * 
   * ## `"assistant"`
   */
  export type Role = 'user' | 'assistant';
  export interface Message {
    role: Role,
    text: string,
  }
  export interface Request {
    /**
     * What it is for: a topic of the manifest, such as `summarise`.
     */
    topic: string,
    /**
     * What the model is told before the messages.
     */
    system?: string,
    /**
     * In turns, the last one from `user`.
     */
    messages: Array<Message>,
    /**
     * Tokens of the answer. With those that are read, and with those of the call's other requests, at most `tokens_per_call_max` of
     * the topic.
     */
    maxTokens: number,
    /**
     * How freely it chooses its words, from 0 to 2.
     */
    temperature?: number,
  }
  export type StopReason =
    | {
      /**
       * It said all that it wanted to say.
       */
      tag: 'finished',
    }
    | {
      /**
       * It reached `max-tokens`; the text is its beginning.
       */
      tag: 'length',
    }
    | {
      /**
       * The provider held the rest back.
       */
      tag: 'filtered',
    }
    | {
      tag: 'other',
      val: string,
    };
  export interface Completion {
    text: string,
    /**
     * As the provider counted, or as the host estimates.
     */
    inputTokens: bigint,
    outputTokens: bigint,
    stopReason: StopReason,
  }
}
