// For tests on the build machine, where there is no host: `node --import @octi/plugin/testing --test`.
//
// The clients of the host can be imported then, and what calls one fails with a sentence about it.

import { register } from "node:module";

const hooks = `
export function resolve(specifier, context, next) {
  if (!specifier.startsWith("octi:")) return next(specifier, context);
  return { url: specifier, format: "module", shortCircuit: true };
}

export function load(url, context, next) {
  if (!url.startsWith("octi:")) return next(url, context);
  const what = JSON.stringify("there is no host here that has " + url + ": keep logic in functions that take and return data");
  const names = {
    "octi:artifacts": ["create", "Writer"],
    "octi:ask": ["ask"],
    "octi:fs": ["root", "Writer"],
    "octi:http": ["send", "Request"],
    "octi:kv": ["get", "set", "delete", "keys"],
    "octi:llm": ["complete"],
    "octi:log": ["log", "progress", "cancelled"],
    "octi:shell": ["run", "spawn", "attach", "which"],
  }[url.split("/")[0]] ?? [];
  const absent = "const absent = () => { throw new Error(" + what + "); };";
  const source = absent + " export { " + names.map((name) => "absent as " + name).join(", ") + " };";
  return { format: "module", source, shortCircuit: true };
}
`;

register(`data:text/javascript,${encodeURIComponent(hooks)}`);
