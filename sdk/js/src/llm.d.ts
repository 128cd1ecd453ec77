export interface Message {
  role: "user" | "assistant";
  text: string;
}
export interface CompletionOptions {
  /** Tokens of the answer. */
  maxTokens: number;
  /** What the model is told before the messages. */
  system?: string;
  /** How freely it chooses its words, from 0 to 2. */
  temperature?: number;
}
export interface Completion {
  text: string;
  inputTokens: number;
  outputTokens: number;
  /** Why it ends: `length` when it reached `maxTokens`. */
  stop: "finished" | "length" | "filtered" | "other";
}
/** Asks a model about a topic of the manifest. */
export function complete(topic: string, messages: string | Message[], options: CompletionOptions): Completion;
