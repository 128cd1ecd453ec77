// Errors, typed by who can act on them.

/** Why a tool could not do what it was asked. Throw one of the classes below. */
export class ToolError extends Error {
  /** As the contract names it. */
  tag = "internal";

  constructor(message, options) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The model can mend this and try again: say what was wrong and what is valid. */
export class BadInput extends ToolError {
  tag = "bad-input";
}

/** The world said no: not found, conflict, refusal. Trying the same again is pointless. */
export class Failed extends ToolError {
  tag = "failed";
}

/** The person must do something: grant, sign in, choose. */
export class NeedsUser extends ToolError {
  tag = "needs-user";
}

/** May work later. */
export class Unavailable extends ToolError {
  tag = "unavailable";
}

/** The plugin's own bug. */
export class Internal extends ToolError {}

const FIXED = { timeout: "the host took too long", cancelled: "the call was cancelled" };

function hostText(tag, value) {
  if (tag !== "quota") return FIXED[tag] ?? String(value ?? tag);
  const later = value.retryAfterMs === undefined ? "" : `; try again in ${(value.retryAfterMs + 999n) / 1000n} s`;
  return `the limit \`${value.name}\` of ${value.limit} is reached${later}`;
}

/** Who can act on what the host said. */
function audience(tag, value) {
  switch (tag) {
    case "denied":
      return "needs-user";
    case "invalid":
      return "bad-input";
    case "timeout":
    case "unavailable":
      return "unavailable";
    case "quota":
      return value.retryAfterMs === undefined ? "failed" : "unavailable";
    default:
      return "failed";
  }
}

/** Why the host refused or failed. Where a tool does not catch it, it reaches whoever can act on it. */
export class HostError extends ToolError {
  constructor(payload) {
    super(hostText(payload.tag, payload.val));
    /** `denied`, `not-found`, `invalid`, `conflict`, `quota`, `timeout`, `cancelled`, `unavailable` or `other`. */
    this.code = payload.tag;
    this.tag = audience(payload.tag, payload.val);
    if (payload.tag === "quota") this.quota = payload.val;
  }

  /** Whether the thing named does not exist. */
  get isNotFound() {
    return this.code === "not-found";
  }

  /** Whether something is in the way: it exists already, or changed meanwhile. */
  get isConflict() {
    return this.code === "conflict";
  }
}

/** Calls the host; its refusal is thrown as a {@link HostError}. */
export function host(call) {
  try {
    return call();
  } catch (error) {
    // The bindings throw an object whose payload is the variant.
    const { payload } = Object(error);
    throw typeof payload?.tag === "string" ? new HostError(payload) : error;
  }
}
