// What a plugin is written with. Clients of the host are in modules of their own (`@octi/plugin/fs`, …): a component imports only
// what its code names, and that must be in its plugin.toml.

export { channel } from "./channel.js";
export { BadInput, Failed, HostError, Internal, NeedsUser, ToolError, Unavailable } from "./errors.js";
export { block, hook, rewrite } from "./hook.js";
export { output } from "./output.js";
export * as schema from "./schema.js";
export { plugin, tool } from "./tool.js";
