// The pages in a real browser against a real octi, story by story:
//
//   npm run e2e -- <octi> [--shots <folder>] [--pages <folder>] [--only <part of a name>]
//
// `--pages dist` tries the pages that `npm run build` wrote instead of those built into that octi. It needs Chromium
// (`CHROMIUM`, or /usr/bin/chromium) and no network.

import assert from "node:assert/strict";
import { mkdirSync, readdirSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { Octi } from "./lib/octi.mjs";
import { Stage } from "./lib/stage.mjs";

const text = { type: "string" };
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { shots: text, pages: text, only: text },
});
const binary = positionals[0];
assert(binary, "say which octi: npm run e2e -- ../target/release/octi");
const folder = new URL("./stories/", import.meta.url);
const stories = readdirSync(folder)
  .filter((name) => name.endsWith(".mjs") && name.includes(values.only ?? ""))
  .sort();
assert(stories.length > 0, `no story is called like ${values.only}`);
if (values.shots) mkdirSync(values.shots, { recursive: true });

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    // A page from a folder has no address, and would not be let to this machine's WebSocket.
    ...(values.pages
      ? ["--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets"]
      : []),
  ],
});
const pages = values.pages && resolve(values.pages);

/** A stage with an octi that nobody has used. */
async function opened() {
  const octi = new Octi(binary);
  await octi.start();
  return new Stage({ octi, browser, pages, shots: values.shots });
}

async function play(stage, name) {
  const { default: story } = await import(new URL(name, folder));
  try {
    await story(stage);
  } catch (error) {
    await stage.failed(name.replace(".mjs", ""));
    throw error;
  }
  await stage.clear();
}

/** A browser on a busy machine can miss a moment; what is really wrong is wrong again, alone and from the beginning. */
async function playAgain(name, error) {
  console.log(
    `\n${error.stack ?? error}\n\n${name.replace(".mjs", "")} failed, and is tried once more by itself`,
  );
  const stage = await opened();
  try {
    await play(stage, name);
    return stage.steps;
  } finally {
    await stage.octi.remove();
  }
}

const again = [];
let steps = 0;
let stage = await opened();
try {
  for (const name of stories) {
    console.log(`\n${name.replace(".mjs", "")}`);
    try {
      await play(stage, name);
    } catch (error) {
      again.push(name.replace(".mjs", ""));
      steps += await playAgain(name, error);
      // What the failed one left half done is nobody's to find.
      await stage.close();
      await stage.octi.remove();
      steps += stage.steps;
      stage = await opened();
    }
  }
  if (again.length > 0) console.log(`\nonly the second time: ${again.join(", ")}`);
  console.log(`\nall ${steps + stage.steps} steps of ${stories.length} stories passed`);
} finally {
  await browser.close();
  await stage.octi.remove();
}
