// What a plugin is, in one word.
import type { Plugin } from "@/api/types";

export type State = Plugin["state"] | "revoked" | "not for you";

/** What a person has to know of a plugin first. */
export function stateOf(plugin: Pick<Plugin, "state" | "incident" | "mayUse">): State {
  if (plugin.incident?.kind === "revoked") return "revoked";
  return plugin.state === "running" && plugin.mayUse === false ? "not for you" : plugin.state;
}
