/** What the bindings throw for the error of a `result`. */
export function refusal(tag, val) {
  return { payload: { tag, val } };
}
