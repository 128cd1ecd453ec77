// Puts the fakes of this folder in the place of the host.

import { register } from "node:module";

const hooks = `
const fakes = ${JSON.stringify(new URL("./fakes/", import.meta.url).href)};

export function resolve(specifier, context, next) {
  const found = /^octi:([a-z]+)\\//.exec(specifier);
  return found === null ? next(specifier, context) : next(fakes + found[1] + ".mjs", context);
}
`;

register(`data:text/javascript,${encodeURIComponent(hooks)}`);
