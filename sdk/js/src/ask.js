// Questions to the person whose call it is, while the call waits. Needs `capabilities.ask`.

import * as raw from "octi:ask/person@1.0.0";
import { host } from "./errors.js";

/**
 * Asks for an object that fits the schema: flat, of texts, numbers, yes or no, and choices.
 *
 * @param {string} message
 * @param {object} schema
 * @param {{ timeoutMs?: number }} options
 */
export function ask(message, schema, { timeoutMs } = {}) {
  const answer = host(() => raw.ask({ message, schema: JSON.stringify(schema), timeoutMs }));
  return answer.tag === "given" ? { action: "given", value: JSON.parse(answer.val) } : { action: answer.tag };
}
