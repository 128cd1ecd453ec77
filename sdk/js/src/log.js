// Lines for the operator, and how far long work is. Needs no grant.

import * as raw from "octi:log/log@1.0.0";

function line(level, message, fields) {
  raw.log(level, message, Object.entries(fields).map(([name, value]) => [name, String(value)]));
}

export const trace = (message, fields = {}) => line("trace", message, fields);
export const debug = (message, fields = {}) => line("debug", message, fields);
export const info = (message, fields = {}) => line("info", message, fields);
export const warn = (message, fields = {}) => line("warn", message, fields);
export const error = (message, fields = {}) => line("error", message, fields);

/** How far long work is, from 0 to 1, with a short text for the person waiting. Without a number, only the text. */
export function progress(fraction, message) {
  raw.progress(fraction ?? undefined, message);
}

/** True once the caller has given up; long work should stop. */
export function isCancelled() {
  return raw.cancelled();
}
