// Bundles `src/plugin.js` or `src/plugin.ts` and makes a component of it. `octi plugin build` runs it in the plugin's folder:
//
//   node node_modules/@octi/plugin/build.mjs --wit FOLDER --world NAME --out FILE
//
// The world has what plugin.toml asks for, and nothing else.

import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

/** Off: no input or output beside the host's clients. What is left, clocks and random, keeps two calls from being alike. */
const OFF = ["stdio", "http", "fetch-event"];

function fail(text) {
  process.stderr.write(`${text}\n`);
  process.exit(1);
}

const { values } = parseArgs({ options: { wit: { type: "string" }, world: { type: "string" }, out: { type: "string" } } });
const source = ["src/plugin.ts", "src/plugin.js", "src/plugin.mjs"].find((path) => existsSync(path));
if (source === undefined) fail("there is no `src/plugin.js` or `src/plugin.ts`");

const missing = (name) => () => fail(`\`${name}\` is not installed in this folder: run \`npm ci\``);
const { build } = await import("esbuild").catch(missing("esbuild"));
const { componentize } = await import("@bytecodealliance/componentize-js").catch(missing("@bytecodealliance/componentize-js"));

const wit = await readFile(join(values.wit, "world.wit"), "utf8");
const kinds = [...wit.matchAll(/export octi:plugin\/([a-z]+)@/g)].map(([, kind]) => kind);
const entry = `import plugin from ${JSON.stringify(`./${source}`)};
import * as made from "@octi/plugin/guest";
${kinds.map((kind) => `export const ${kind} = made.${kind}(plugin);`).join("\n")}
`;
const bundle = `${values.out}.js`;
const bundled = await build({
  stdin: { contents: entry, resolveDir: process.cwd(), sourcefile: "octi-entry.js" },
  outfile: bundle,
  bundle: true,
  format: "esm",
  target: "es2022",
  platform: "neutral",
  mainFields: ["module", "main"],
  conditions: ["import", "module", "default"],
  external: ["octi:*"],
  preserveSymlinks: true,
  keepNames: true,
  metafile: true,
}).catch(() => process.exit(1));

for (const [file, { imports }] of Object.entries(bundled.metafile.inputs)) {
  for (const { path } of imports.filter(({ path }) => path.startsWith("octi:") && !wit.includes(`import ${path};`))) {
    const key = path.slice("octi:".length).split("/")[0];
    const client = file.includes("@octi/plugin/src/") ? `\`@octi/plugin/${key}\`` : `\`${path}\` in \`${file}\``;
    fail(`the code uses ${client}, but plugin.toml does not ask for \`${key}\`: add it to \`[capabilities]\``);
  }
}

try {
  const { component } = await componentize({
    sourcePath: resolve(bundle),
    witPath: resolve(values.wit),
    worldName: values.world,
    disableFeatures: OFF,
  });
  await writeFile(values.out, component);
} catch (error) {
  fail(String(error?.message ?? error));
}
