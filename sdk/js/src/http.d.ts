export interface RequestOptions {
  method?: string;
  /** A value may hold `{{secret:NAME}}`: what it stands for joins on the way out. */
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** A body in JSON. */
  json?: unknown;
  /** For the whole request, its answer's body included. */
  timeoutMs?: number;
  redirects?: "follow" | "refuse";
}
/** An answer: its head, and a body that is read in chunks. */
export class Response {
  private constructor();
  readonly status: number;
  /** Whether the status is one of success. */
  readonly ok: boolean;
  /** Where the answer came from, after redirects. */
  readonly url: string;
  /** The first header of that name, in lower case. */
  header(name: string): string | undefined;
  /** The next bytes of the body, at most 64 KiB; none at the end. */
  chunk(): Uint8Array;
  /** The body up to `bytesMax` (1 MiB), and whether there was more. */
  bytes(bytesMax?: number): { bytes: Uint8Array; isCut: boolean };
  /** The body as text; a longer one is an error. */
  text(bytesMax?: number): string;
  /** The body, read from JSON. */
  json<T = any>(bytesMax?: number): T;
}
/** Sends a request and waits for the head of the answer. An answer with an error status is an answer. */
export function request(url: string | URL, options?: RequestOptions): Response;
export function get(url: string | URL, options?: Omit<RequestOptions, "method">): Response;
export function post(url: string | URL, options?: Omit<RequestOptions, "method">): Response;
