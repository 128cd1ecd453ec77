// The only door to the server's REST API.
import createClient from "openapi-fetch";
import { ApiFailure, failureOf, unreachable } from "./errors";
import type { paths } from "./schema";
import type { BrowserSession } from "./types";

const CSRF_HEADER = "X-Octi-Csrf";

let csrfToken = "";
let onSignedOut: () => void = () => {};

/** Remembers the token that changes need; it lives as long as the page. */
export function keepCsrfToken(token: string): void {
  csrfToken = token;
}

/** Hears of the first answer that says nobody is signed in any more. */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

async function guardedFetch(input: Request): Promise<Response> {
  const changes = input.method !== "GET" && input.method !== "HEAD";
  const again = changes ? input.clone() : null;
  if (changes) input.headers.set(CSRF_HEADER, csrfToken);
  let response = await reach(input);
  if (
    again !== null &&
    response.status === 403 &&
    (await codeOf(response)) === "csrf" &&
    (await renewCsrfToken())
  ) {
    again.headers.set(CSRF_HEADER, csrfToken);
    response = await reach(again);
  }
  if (response.status === 401 && !new URL(input.url).pathname.startsWith("/api/auth/session")) onSignedOut();
  return response;
}

async function reach(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw unreachable();
  }
}

async function codeOf(response: Response): Promise<string> {
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => null);
  return failureOf(response.status, body).code;
}

async function renewCsrfToken(): Promise<boolean> {
  const response = await reach(new Request(url("/api/auth/session")));
  if (!response.ok) return false;
  keepCsrfToken(((await response.json()) as BrowserSession).csrfToken);
  return true;
}

function url(path: string): string {
  return new URL(path, window.location.origin).toString();
}

export const api = createClient<paths>({ baseUrl: window.location.origin, fetch: guardedFetch });

/** The data of an answer; anything else is thrown as an `ApiFailure`. */
export async function ask<T>(answer: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await answer;
  if (!response.ok) throw failureOf(response.status, error);
  return data as T;
}

/** For routes that the generated types do not know yet. */
export async function call<T>(
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  body?: unknown,
): Promise<T> {
  const init: RequestInit = { method };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { "Content-Type": "application/json" };
  }
  const response = await guardedFetch(new Request(url(path), init));
  const text = await response.text();
  const parsed: unknown = text === "" ? undefined : safeJson(text);
  if (!response.ok) throw failureOf(response.status, parsed);
  return parsed as T;
}

/** Sends a file as it is. */
export async function upload<T>(path: string, file: Blob): Promise<T> {
  const headers = { "Content-Type": "application/wasm" };
  const response = await guardedFetch(new Request(url(path), { method: "POST", body: file, headers }));
  const body: unknown = safeJson(await response.text());
  if (!response.ok) throw failureOf(response.status, body);
  return body as T;
}

/** Sends a file and says how much of it has left. The browser's `fetch` cannot tell that. */
export async function uploadFile<T>(
  path: string,
  file: File,
  onProgress: (fraction: number) => void,
  signal: AbortSignal,
): Promise<T> {
  try {
    return await send<T>(path, file, onProgress, signal);
  } catch (error) {
    const again = error instanceof ApiFailure && error.code === "csrf" && (await renewCsrfToken());
    if (again) return send<T>(path, file, onProgress, signal);
    throw error;
  }
}

function send<T>(
  path: string,
  file: File,
  onProgress: (fraction: number) => void,
  signal: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url(path));
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    request.setRequestHeader(CSRF_HEADER, csrfToken);
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(new DOMException("taken back", "AbortError"));
    request.onload = () => {
      const body = safeJson(request.responseText);
      if (request.status === 401) onSignedOut();
      if (request.status >= 200 && request.status < 300) resolve(body as T);
      else reject(failureOf(request.status, body));
    };
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export { ApiFailure };
