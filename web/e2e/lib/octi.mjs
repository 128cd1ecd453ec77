// One octi in a home of its own, on loopback, with the built-in demo model. It can be stopped, killed and started again.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const NAME = "ada";
const PASSWORD = "correct horse battery";

export class Octi {
  #child = null;
  /** The folder of its data. */
  home = mkdtempSync(join(tmpdir(), "octi-e2e-"));
  /** Where it listens; the same after every start. */
  url = "";
  /** What opens the first account. */
  code = "";
  /** The account that the first story makes. */
  account = { name: NAME, password: PASSWORD };

  constructor(binary) {
    /** The program, for what else a story runs of it. */
    this.binary = resolve(binary);
  }

  /** Resolves when it listens. */
  async start() {
    assert(this.#child === null, "it runs already");
    const port = this.url === "" ? "0" : new URL(this.url).port;
    const child = spawn(this.binary, ["serve", "--json", "--port", port], {
      env: { ...process.env, OCTI_HOME: this.home, OLLAMA_HOST: "http://127.0.0.1:9" },
      stdio: ["ignore", "pipe", process.env.OCTI_E2E_LOG ? "inherit" : "ignore"],
    });
    this.#child = child;
    for await (const line of createInterface({ input: child.stdout })) {
      const said = JSON.parse(line);
      if (!said.listening) continue;
      this.url = said.listening;
      this.code = said.firstSignIn?.password ?? this.code;
      return;
    }
    throw new Error("octi ended before it listened; OCTI_E2E_LOG=1 shows its log");
  }

  /** Asks it to end, and waits until it has. */
  stop = () => this.#end("SIGTERM");

  /** As a power cut would: nothing is saved, nobody is told. */
  kill = () => this.#end("SIGKILL");

  async #end(signal) {
    const child = this.#child;
    if (child === null) return;
    this.#child = null;
    const ended = new Promise((done) => child.once("exit", done));
    child.kill(signal);
    await ended;
  }

  async remove() {
    await this.stop();
    rmSync(this.home, { recursive: true, force: true });
  }
}
