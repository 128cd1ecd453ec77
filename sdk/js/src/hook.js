// Watching over calls: `export default plugin(hook((event) => …));`.
//
// Before a call an error, a crash and silence mean the same: the call is not made. After the fact none of them matters.

import { Block, Hook, Rewrite } from "./parts.js";

/** Makes a hook of a function that gives nothing to let things go on, or {@link block} or {@link rewrite}. */
export function hook(watch) {
  if (typeof watch !== "function") throw new TypeError("a hook is a function of an event: `hook((event) => …)`");
  return Object.freeze(new Hook(watch));
}

/** Refuses the call, with a sentence that says why and what to do instead: the model and the person read it. */
export function block(reason) {
  if (typeof reason !== "string" || reason.trim() === "") throw new TypeError("`block` wants a sentence that says why");
  return new Block(reason);
}

/** Lets the call be made with these arguments, which the tool's schema must take. */
export function rewrite(values) {
  return new Rewrite(values);
}
