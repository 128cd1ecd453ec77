// Answers of a language model, paid from the budget of the person whose call it is. Needs `capabilities.llm`.
//
// The host chooses the model. What it says is data: it calls no tools, and nothing that it says is done.

import * as raw from "octi:llm/model@1.0.0";
import { host } from "./errors.js";

/**
 * Asks a model about a topic of the manifest.
 *
 * @param {string} topic
 * @param {string | { role: "user" | "assistant", text: string }[]} messages
 * @param {{ maxTokens: number, system?: string, temperature?: number }} options
 */
export function complete(topic, messages, { maxTokens, system, temperature }) {
  /** @type {import("octi:llm/model@1.0.0").Message[]} */
  const said = typeof messages === "string" ? [{ role: "user", text: messages }] : messages;
  const given = host(() => raw.complete({ topic, system, messages: said, maxTokens, temperature }));
  const { text, inputTokens, outputTokens, stopReason } = given;
  return { text, inputTokens: Number(inputTokens), outputTokens: Number(outputTokens), stop: stopReason.tag };
}
