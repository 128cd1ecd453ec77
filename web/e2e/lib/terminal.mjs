// A program in a terminal of its own, whose keys a story presses and whose screen it reads. It needs tmux.
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const LOOK_EVERY_MS = 100;

/** Whether there is a tmux on this machine. */
export function hasTerminals() {
  try {
    execFileSync("tmux", ["-V"]);
    return true;
  } catch {
    return false;
  }
}

export class Terminal {
  #folder = mkdtempSync(join(tmpdir(), "octi-e2e-tmux-"));

  /** `env` is what the program is told beside what this process was told. */
  async start(command, env, { columns = 100, rows = 40 } = {}) {
    const size = ["-x", String(columns), "-y", String(rows)];
    const told = Object.entries(env).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
    await this.#tmux("-f", "/dev/null", "new-session", "-d", "-s", "octi", ...size, ...told, ...command);
  }

  /** Presses keys by their names, such as `Enter`. */
  press = (...keys) => this.#tmux("send-keys", "-t", "octi", ...keys);

  type = (text) => this.#tmux("send-keys", "-t", "octi", "-l", text);

  /** What stands on the screen. */
  screen = () => this.#tmux("capture-pane", "-p", "-t", "octi");

  /** Waits until the screen shows a text, or shows it no more. */
  async shows(text, wanted = true, wait = 15_000) {
    for (const began = Date.now(); Date.now() - began < wait; ) {
      if ((await this.screen()).includes(text) === wanted) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    throw new Error(
      `the terminal ${wanted ? "does not show" : "still shows"} “${text}”:\n${await this.screen()}`,
    );
  }

  async stop() {
    await this.#tmux("kill-server").catch(() => {});
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #tmux(...given) {
    const { stdout } = await run("tmux", ["-S", join(this.#folder, "socket"), ...given]);
    return stdout;
  }
}
