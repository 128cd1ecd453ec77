// Programs in the host's process sandbox. Needs `capabilities.shell` for each profile.

import * as raw from "octi:shell/process@1.0.0";
import { toBytes } from "./bytes.js";
import { host } from "./errors.js";

const LOSSY = new TextDecoder("utf-8");

/**
 * @param {string} profile
 * @param {readonly string[]} argv
 * @param {import("./shell.js").Options} options
 * @returns {import("octi:shell/process@1.0.0").Command}
 */
function command(profile, argv, { cwd, env = {}, timeoutMs } = {}) {
  return { profile, argv: [...argv], cwd, env: Object.entries(env), timeoutMs };
}

/** How a program ended: `{ kind: "exited", code }`, `{ kind: "signalled", signal }`, `{ kind: "timed-out" }` or `{ kind: "output-limit" }`. */
function ending({ tag, val }) {
  if (tag === "exited") return { kind: tag, code: val };
  return tag === "signalled" ? { kind: tag, signal: val } : { kind: tag };
}

/** What a program wrote, as text and as bytes. */
function written({ stdout, stderr, truncated }) {
  return {
    stdout: LOSSY.decode(stdout),
    stderr: LOSSY.decode(stderr),
    stdoutBytes: stdout,
    stderrBytes: stderr,
    isTruncated: truncated,
  };
}

/**
 * Runs a program of a profile to the end. A program that fails is not an error: see `ending`.
 *
 * @param {string} profile
 * @param {readonly string[]} argv
 * @param {import("./shell.js").Options & { stdin?: string | Uint8Array }} options
 */
export function run(profile, argv, { stdin, ...options } = {}) {
  const bytes = stdin === undefined ? undefined : toBytes(stdin);
  const result = host(() => raw.run(command(profile, argv, options), bytes));
  return { ...written(result), ending: ending(result.ending) };
}

/** Starts a program and leaves it running; {@link attach} finds it again. */
export function spawn(profile, argv, options) {
  return new Child(host(() => raw.spawn(command(profile, argv, options))));
}

/** The running program of that id, if this plugin started it for this person. */
export function attach(id) {
  return new Child(host(() => raw.attach(id)));
}

/** Where a program is on the profile's search path; undefined when it is not there. */
export function which(profile, program) {
  return host(() => raw.which(profile, program));
}

/** A program that outlives the call. */
export class Child {
  #raw;

  constructor(inner) {
    this.#raw = inner;
  }

  /** Unguessable. */
  get id() {
    return this.#raw.id();
  }

  /** The command line, as it was started. */
  get title() {
    return this.#raw.title();
  }

  /** What it wrote since it was last asked, waiting at most `waitMs` for the first byte or the end. */
  read(max = 65536, waitMs = 0) {
    const news = host(() => this.#raw.read(max, waitMs));
    return { ...written(news), ending: news.ending === undefined ? undefined : ending(news.ending) };
  }

  /** Waits for the end; undefined if it still runs. */
  wait(waitMs) {
    const ended = host(() => this.#raw.wait(waitMs));
    return ended === undefined ? undefined : ending(ended);
  }

  /** Writes to its standard input. */
  write(content) {
    host(() => this.#raw.writeStdin(toBytes(content)));
  }

  /** Tells it that no more input comes. */
  closeStdin() {
    this.#raw.closeStdin();
  }

  /** Ends it and everything it started. */
  kill() {
    this.#raw.kill();
  }
}
