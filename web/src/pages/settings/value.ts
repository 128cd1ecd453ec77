// A setting's value as text in a form, and back.
import type { Setting } from "@/api/types";

/** What is shown where the value is read. */
export function shownValue(setting: Setting, value: unknown = setting.value): string {
  if (setting.secret) return setting.isSet ? "is set" : "is not set";
  if (value === null || value === undefined || value === "") return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : value.join(", ");
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** What the form begins with. */
export function textOf({ kind, value, secret }: Setting): string {
  if (secret || value === null || value === undefined) return "";
  if (kind === "string_array" && Array.isArray(value)) return value.join("\n");
  if (kind === "json") return JSON.stringify(value, null, 2);
  return String(value);
}

export type Read = { ok: true; value: unknown } | { ok: false; problem: string };

/** The value that a text stands for; the server has the last word. */
export function readValue({ kind, minimum, maximum }: Setting, text: string): Read {
  switch (kind) {
    case "number": {
      const value = Number(text);
      if (text.trim() === "" || !Number.isInteger(value)) return { ok: false, problem: "A whole number." };
      if (minimum != null && value < minimum) return { ok: false, problem: `At least ${minimum}.` };
      if (maximum != null && value > maximum) return { ok: false, problem: `At most ${maximum}.` };
      return { ok: true, value };
    }
    case "boolean":
      return { ok: true, value: text === "true" };
    case "string_array": {
      const lines = text.split("\n").map((line) => line.trim());
      return { ok: true, value: lines.filter((line) => line !== "") };
    }
    case "json":
      try {
        return { ok: true, value: JSON.parse(text) };
      } catch (error) {
        return { ok: false, problem: `This is no JSON: ${error instanceof Error ? error.message : error}` };
      }
    default:
      return { ok: true, value: text };
  }
}
