// Tools, and the list of them that is a plugin.

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

/** The operations of this plugin: `export default plugin(count, list);`, once, in `src/plugin.js`. */
export function plugin(...tools) {
  if (tools.length === 0) refuse("a plugin has at least one tool");
  const known = new Set();
  for (const { name } of tools) {
    if (known.has(name)) refuse(`there are two tools named \`${name}\``);
    known.add(name);
  }
  return Object.freeze({ tools: Object.freeze([...tools]) });
}
