// Tools, and the list of them that is a plugin.

import { Channel, Hook } from "./parts.js";

const NAME = /^[a-z][a-z0-9_]*$/;

function refuse(what) {
  // Thrown while the component is built, so its author reads it.
  throw new TypeError(what);
}

/** Makes a function an operation that a model can call. */
export function tool({ name, description, input, output, run }) {
  if (typeof name !== "string" || !NAME.test(name)) {
    refuse(`the tool name \`${name}\` is not made of lower case letters, digits and \`_\``);
  }
  if (typeof description !== "string" || description.trim() === "") {
    refuse(`the tool \`${name}\` has no description; models choose tools by it`);
  }
  if (input?.type !== "object") refuse(`the input of the tool \`${name}\` is not the schema of an object; use \`schema.object({…})\``);
  if (output !== undefined && typeof output !== "object") refuse(`the output of the tool \`${name}\` is not a schema`);
  if (typeof run !== "function") refuse(`the tool \`${name}\` has no function \`run\``);
  return Object.freeze({ name, description: description.trim(), input, output, run });
}

/**
 * What this plugin is, once, in `src/plugin.js`: `export default plugin(count, list);` for tools; a hook and a channel go in here
 * as well.
 */
export function plugin(...parts) {
  if (parts.length === 0) refuse("a plugin has at least one tool, hook or channel");
  const known = new Set();
  const tools = parts.filter((part) => !(part instanceof Hook || part instanceof Channel));
  for (const { name } of tools) {
    if (known.has(name)) refuse(`there are two tools named \`${name}\``);
    known.add(name);
  }
  return Object.freeze({ tools: Object.freeze(tools), parts: Object.freeze([...parts]) });
}
