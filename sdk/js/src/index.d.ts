import type { Channel } from "./channel.js";
import type { Hook } from "./hook.js";

export { channel } from "./channel.js";
export type * from "./channel.js";
export { block, hook, rewrite } from "./hook.js";
export type * from "./hook.js";

/** A JSON Schema (2020-12). */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** A schema that knows the type of the values that fit it. Plain JSON Schema fits where a schema is taken, and is of `unknown`. */
export type Schema<T = unknown> = JsonSchema & { readonly __type?: T };
/** A field of an object that may be left out. */
export type Optional<T> = Schema<T> & { readonly __optional: true };

type Fields = Record<string, Schema>;
type OptionalKeys<F extends Fields> = { [K in keyof F]: F[K] extends { readonly __optional: true } ? K : never }[keyof F];
type Of<S> = S extends { readonly __type?: infer T } ? T : unknown;
/** The type of an object with these fields. */
export type ObjectOf<F extends Fields> = { [K in Exclude<keyof F, OptionalKeys<F>>]: Of<F[K]> } & {
  [K in OptionalKeys<F>]?: Of<F[K]>;
};
/** The type of the values that fit a schema. */
export type Infer<S> = Of<S>;

export namespace schema {
  function string(description?: string, rules?: JsonSchema): Schema<string>;
  function integer(description?: string, rules?: JsonSchema): Schema<number>;
  function number(description?: string, rules?: JsonSchema): Schema<number>;
  function boolean(description?: string): Schema<boolean>;
  function oneOf<const V extends readonly string[]>(values: V, description?: string): Schema<V[number]>;
  function array<T>(items: Schema<T>, description?: string, rules?: JsonSchema): Schema<T[]>;
  function record<T>(values: Schema<T>, description?: string): Schema<Record<string, T>>;
  function nullable<T>(schema: Schema<T>): Schema<T | null>;
  function optional<T>(schema: Schema<T>): Optional<T>;
  function byDefault<T>(schema: Schema<T>, value: T): Optional<T>;
  function object<F extends Fields>(fields: F, description?: string): Schema<ObjectOf<F>>;
}

/** A result with a line for the person watching. */
export interface Output<T> {
  readonly content: T;
  readonly summary: string;
}
/** The structured result for the model, and one line for the person watching. */
export function output<T>(content: T, summary: string): Output<T>;

/** An operation that a model can call. */
export interface Tool {
  readonly name: string;
  readonly description: string;
}

/** Makes a function an operation that a model can call. The host checks the input before `run`, and what it gives afterwards. */
export function tool<I, O = unknown>(definition: {
  /** Lower case letters, digits and `_`. */
  name: string;
  /** For the model: what it does, when to use it, what it returns. */
  description: string;
  input: Schema<I>;
  /** Published, and what `run` gives is checked against it. */
  output?: Schema<O>;
  run(input: I): O | Output<O> | Promise<O | Output<O>>;
}): Tool;

/** The default export of `src/plugin.js`. */
export interface Plugin {
  readonly tools: readonly Tool[];
}
/** What this plugin is, once: `export default plugin(count, list);`. Beside tools it may have one hook and one channel. */
export function plugin(...parts: (Tool | Hook | Channel)[]): Plugin;

/** Why a tool could not do what it was asked; throw one of the classes below. Anything else that is thrown is a bug. */
export class ToolError extends Error {
  readonly tag: "bad-input" | "failed" | "needs-user" | "unavailable" | "internal";
}
/** The model can mend this and try again: say what was wrong and what is valid. */
export class BadInput extends ToolError {}
/** The world said no: not found, conflict, refusal. Trying the same again is pointless. */
export class Failed extends ToolError {}
/** The person must do something: grant, sign in, choose. */
export class NeedsUser extends ToolError {}
/** May work later. */
export class Unavailable extends ToolError {}
/** The plugin's own bug. */
export class Internal extends ToolError {}
/** Why the host refused or failed. Where a tool does not catch it, it reaches whoever can act on it. */
export class HostError extends ToolError {
  readonly code: "denied" | "not-found" | "invalid" | "conflict" | "quota" | "timeout" | "cancelled" | "unavailable" | "other";
  readonly quota?: { name: string; limit: bigint; retryAfterMs?: bigint };
  /** Whether the thing named does not exist. */
  readonly isNotFound: boolean;
  /** Whether something is in the way: it exists already, or changed meanwhile. */
  readonly isConflict: boolean;
}
