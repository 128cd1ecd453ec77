// A registry of plugins in a folder, kept and filled with the program under test, as its owner and a publisher would.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where the first-party plugins are that a build packs; a story that needs a component takes one of them. */
const BUNDLE =
  process.env.OCTI_PLUGIN_BUNDLE ?? new URL("../../../target/octi-plugins", import.meta.url).pathname;

/** The component of a first-party plugin, without what its own publisher says of it. */
export function component(name) {
  const file = join(BUNDLE, `${name}.wasm`);
  return existsSync(file) ? withoutManifest(readFileSync(file)) : null;
}

/** Leaves out the custom section `octi:manifest`, so that another publisher can add theirs. */
function withoutManifest(bytes) {
  const kept = [bytes.subarray(0, 8)];
  for (let at = 8; at < bytes.length; ) {
    const [size, begin] = leb(bytes, at + 1);
    const end = begin + size;
    const isManifest = bytes[at] === 0 && bytes.subarray(begin, end).includes("octi:manifest");
    if (!isManifest) kept.push(bytes.subarray(at, end));
    at = end;
  }
  return Buffer.concat(kept);
}

function leb(bytes, at) {
  for (let value = 0, shift = 0; ; shift += 7, at += 1) {
    value |= (bytes[at] & 0x7f) << shift;
    if (bytes[at] < 0x80) return [value, at + 1];
  }
}

export class Registry {
  #folder = mkdtempSync(join(tmpdir(), "octi-e2e-registry-"));
  #binary;
  /** What a host names in its `config.toml`. */
  location = join(this.#folder, "plugins");
  key = "";

  constructor(binary) {
    this.#binary = binary;
    this.#run("plugin", "key", "new");
    const said = this.#run("registry", "init", this.location);
    this.key = /ed25519:\S+/.exec(said)?.[0] ?? "";
    if (this.key === "") throw new Error(`the registry's key was not told: ${said}`);
  }

  /** Puts a version into the registry. `parts` are the files beside `plugin.toml`; without a component it is made of texts. */
  publish(id, version, toml, { component, files = {} } = {}) {
    const folder = join(this.#folder, `${id.replace("/", "-")}-${version}`);
    mkdirSync(folder);
    for (const [name, text] of Object.entries({ "plugin.toml": toml, ...files }))
      writeFileSync(join(folder, name), text);
    const packed = join(folder, "plugin.wasm");
    const from = component ? ["--component", this.#write(folder, component)] : [];
    this.#run("plugin", "pack", folder, ...from, "-o", packed);
    this.#run("plugin", "sign", packed);
    this.#run("plugin", "publish", packed, "--registry", this.location);
    const publisher = /ed25519:\S+/.exec(this.#run("plugin", "key", "show"))?.[0];
    this.#run("registry", "add", this.location, id, version, "--publisher-key", publisher);
  }

  revoke(id, version, reason) {
    this.#run("registry", "revoke", this.location, "--version", `${id}@${version}`, "--reason", reason);
  }

  remove() {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #write(folder, bytes) {
    const file = join(folder, "component.wasm");
    writeFileSync(file, bytes);
    return file;
  }

  /** Both what it says to people and what it says to programs. */
  #run(...given) {
    const env = { ...process.env, OCTI_HOME: join(this.#folder, "home") };
    return execFileSync("sh", ["-c", '"$0" "$@" 2>&1', this.#binary, ...given], { env, encoding: "utf8" });
  }
}
