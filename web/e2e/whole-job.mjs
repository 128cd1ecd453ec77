// The whole job in a real browser against a real octi: first run, chat, a tool call that is allowed, the server restarted, a
// conversation that goes on. `npm run e2e -- <octi> [<folder for screenshots>]`
//
// It needs Chromium (`CHROMIUM`, or /usr/bin/chromium). octi runs in a home of its own, on loopback, with the built-in demo model.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const [octi, shots] = process.argv.slice(2);
assert(octi, "say which octi: npm run e2e -- ../target/release/octi");
const home = mkdtempSync(join(tmpdir(), "octi-e2e-"));
const PASSWORD = "correct horse battery";

/** Starts octi; resolves with what it says when it listens. */
async function serve(port) {
  const env = { ...process.env, OCTI_HOME: home, OLLAMA_HOST: "http://127.0.0.1:9" };
  const child = spawn(octi, ["serve", "--json", "--port", String(port)], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const said = JSON.parse(line);
    if (said.listening) return { child, ...said };
  }
  throw new Error("octi ended before it listened");
}

async function stop(child) {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}

const steps = [];
async function step(title, work) {
  const began = performance.now();
  await work();
  steps.push(title);
  console.log(`ok  ${title} (${Math.round(performance.now() - began)} ms)`);
}

let server = await serve(0);
const port = new URL(server.listening).port;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
const complaints = [];
page.on("pageerror", (error) => complaints.push(String(error)));
page.on("console", (message) => {
  if (/Content Security Policy/i.test(message.text())) complaints.push(message.text());
});
const shot = async (name) => shots && page.screenshot({ path: join(shots, `${name}.png`) });
const composer = () => page.getByRole("textbox", { name: "Message" });
const answers = (text) => page.getByText(text);

try {
  await step("the first run makes the administrator", async () => {
    await page.goto(`${server.listening}/setup#code=${server.firstSignIn.password}`);
    await page.getByLabel("User name").fill("ada");
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByLabel("The same password again").fill(PASSWORD);
    await shot("setup");
    await page.getByRole("button", { name: "Make the account" }).click();
    await page.getByText(/demo/i).first().waitFor();
    await shot("setup-model");
  });

  await step("a turn asks, is allowed, and shows its result", async () => {
    await page.goto(`${server.listening}/chat`);
    await composer().fill("write a file hello.md with a greeting and read it back");
    await composer().press("Enter");
    await page.getByRole("button", { name: /Once/ }).waitFor();
    await shot("asked");
    await page.getByRole("button", { name: /Once/ }).click();
    await answers("Hello! This file was written by the octi demo model.").first().waitFor();
    await shot("answered");
  });

  await step("a reload shows the same conversation", async () => {
    await page.reload();
    await answers("Hello! This file was written by the octi demo model.").first().waitFor();
  });

  await step("a lost server is told, and found again without signing in", async () => {
    await stop(server.child);
    await page.getByText("The connection to the server is lost").waitFor();
    await shot("lost");
    server = await serve(port);
    await page.getByText("Enter sends").waitFor({ timeout: 60_000 });
  });

  await step("the conversation goes on, without loss or doubling", async () => {
    await composer().fill("read the file hello.md");
    await composer().press("Enter");
    await page.waitForFunction(
      () =>
        document.body.textContent.split("Hello! This file was written by the octi demo model.").length - 1 >=
        2,
    );
    const asked = await page.getByText("read the file hello.md", { exact: true }).count();
    assert.equal(asked, 1, "what was said stands there once");
    await shot("again");
  });

  await step("signing out leads to the sign-in page, and a password back", async () => {
    await page
      .getByRole("button", { name: /sign out/i })
      .first()
      .click();
    await page.getByLabel("Password", { exact: true }).waitFor();
    await shot("signed-out");
    await page.getByLabel("User name").fill("ada");
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
    await composer()
      .or(page.getByRole("link", { name: "Dashboard" }))
      .first()
      .waitFor();
  });

  await step("every page is there, light and dark", async () => {
    for (const scheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: scheme });
      for (const path of [
        "",
        "chat",
        "agents",
        "tools",
        "plugins",
        "models",
        "permissions",
        "secrets",
        "settings",
        "profile",
        "tokens",
      ]) {
        await page.goto(`http://127.0.0.1:${port}/${path}`);
        await page.getByRole("heading").first().waitFor();
        await page.waitForLoadState("networkidle");
        await shot(`${scheme}-${path || "dashboard"}`);
      }
    }
  });

  assert.deepEqual(complaints, [], "nothing went wrong inside the pages");
  console.log(`all ${steps.length} steps passed`);
} catch (error) {
  await shot("failed");
  throw error;
} finally {
  await browser.close();
  await stop(server.child);
  rmSync(home, { recursive: true, force: true });
}
