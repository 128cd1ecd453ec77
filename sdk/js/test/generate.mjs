// Writes `wit/`, the types of the contract as the bindings have them, which the SDK's sources are checked against:
//
//   node test/generate.mjs PEERS CONTRACT OUT
//
// PEERS is where `tests/peers/componentize.sh` put its packages, CONTRACT the folder `wit` of the repository.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

const [peers, contract, out] = process.argv.slice(2);
// Not by its command, which finds no folder outside of its own.
const bindgen = join(resolve(peers), "node_modules/@bytecodealliance/jco-transpile/vendor/js-component-bindgen-component.js");
const { $init, generateTypes } = await import(bindgen);
await $init;

const packages = ["types", "log", "kv", "fs", "shell", "http", "artifacts", "ask", "llm", "plugin"];
const texts = await Promise.all(packages.map((name) => readFile(join(contract, name, `${name}.wit`), "utf8")));
// A glob in a comment would end it.
const nested = texts.map((text) => `${text.replaceAll("*/", "*\\/").replace(/^(package [^;]+);/m, "$1 {")}\n}\n`);
const kinds = ["tool", "hook", "channel"].map((kind) => `    include octi:plugin/${kind}-plugin@1.0.0;\n`);
const world = `package octi:build;\n\nworld component {\n${kinds.join("")}}\n`;
const source = [world, ...nested].join("\n");
const options = { world: "component", guest: true, features: { tag: "list", val: [] }, variantsInlineCases: true };
for (const [name, bytes] of generateTypes("component", { wit: { tag: "source", val: source }, tlaCompat: false, ...options })) {
  const path = join(out, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
}
