// Errors as people read them: what happened, and what to do.

export class ApiFailure extends Error {
  readonly status: number;
  readonly code: string;
  readonly path: string | null;
  readonly requestId: string | null;

  constructor(status: number, code: string, message: string, path: string | null, requestId: string | null) {
    super(message);
    this.name = "ApiFailure";
    this.status = status;
    this.code = code.toLowerCase();
    this.path = path;
    this.requestId = requestId;
  }
}

/** What an error says of one field of a form, if it is about that field. */
export function fieldError(error: unknown, path: string): string | null {
  return error instanceof ApiFailure && error.path === path ? error.message : null;
}

/** Reads the envelope of an error; an answer that is none, such as a proxy's page, is explained. */
export function failureOf(status: number, body: unknown): ApiFailure {
  const detail = (body as { error?: Record<string, unknown> } | null | undefined)?.error;
  if (detail && typeof detail.message === "string") {
    const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : null);
    return new ApiFailure(
      status,
      text(detail.code) ?? "unknown",
      detail.message,
      text(detail.path),
      text(detail.request_id),
    );
  }
  const message =
    status >= 500
      ? "The server could not answer. Try again in a moment; if it stays so, look at the server's log."
      : `The server refused this (${status}) and did not say why. Reload the page and try again.`;
  return new ApiFailure(status, "unknown", message, null, null);
}

/** A request that never reached the server. */
export function unreachable(): ApiFailure {
  return new ApiFailure(
    0,
    "offline",
    "The server cannot be reached. Check that octi is running and that this device is connected; then try again.",
    null,
    null,
  );
}

export function asFailure(error: unknown): ApiFailure {
  if (error instanceof ApiFailure) return error;
  if (error instanceof TypeError) return unreachable();
  return new ApiFailure(0, "unknown", error instanceof Error ? error.message : String(error), null, null);
}
