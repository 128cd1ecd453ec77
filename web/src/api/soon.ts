// What the server is about to have and its description does not say yet. Each type goes when the generated one is there; the
// pages show what is to come, or nothing, while the server answers 404.
import { ApiFailure } from "./errors";

/** Whether the server does not have a part yet, as opposed to a part that failed. */
export const isMissing = (error: unknown): boolean => error instanceof ApiFailure && error.status === 404;
