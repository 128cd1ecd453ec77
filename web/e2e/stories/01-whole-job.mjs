// The whole job: first run, chat, a tool call that is allowed, the server restarted, a conversation that goes on.
import assert from "node:assert/strict";
import { composer, ready } from "../lib/stage.mjs";

const GREETING = "Hello! This file was written by the octi demo model.";

export default async function story(stage) {
  const { octi } = stage;
  const page = await stage.visitor();

  await stage.step("the first run makes the administrator", async () => {
    await page.goto(`/setup#code=${octi.code}`);
    await page.getByLabel("User name").fill(octi.account.name);
    await page.getByLabel("Password", { exact: true }).fill(octi.account.password);
    await page.getByLabel("The same password again").fill(octi.account.password);
    await stage.looks(page, "setup");
    await page.getByRole("button", { name: "Make the account" }).click();
    await page.getByText(/demo/i).first().waitFor();
    await stage.looks(page, "setup-model");
  });

  await stage.step("who looks around first begins with the demo model", async () => {
    await page.getByRole("button", { name: "Look around first" }).click();
    await page.getByText("The built-in demo model answers").waitFor();
    assert.equal(new URL(page.url()).pathname, "/chat");
  });

  await stage.step("the plugins are compiled", () => stage.tools(page));

  await stage.step("a turn asks, is allowed, and shows its result", async () => {
    await page.goto("/chat");
    await ready(page);
    await composer(page).fill("write a file hello.md with a greeting and read it back");
    await composer(page).press("Enter");
    await page.getByRole("button", { name: /Once/ }).waitFor();
    await stage.shot(page, "asked");
    await page.getByRole("button", { name: /Once/ }).click();
    await page.getByText(GREETING).first().waitFor();
    await stage.shot(page, "answered");
  });

  await stage.step("a reload shows the same conversation", async () => {
    await page.reload();
    await page.getByText(GREETING).first().waitFor();
  });

  await stage.step("a lost server is told, and found again without signing in", async () => {
    await octi.stop();
    await page.getByText("The connection to the server is lost").waitFor();
    await stage.shot(page, "lost");
    await octi.start();
    await ready(page);
  });

  await stage.step("the conversation goes on, without loss or doubling", async () => {
    await composer(page).fill("read the file hello.md");
    await composer(page).press("Enter");
    await page.waitForFunction((text) => document.body.textContent.split(text).length > 2, GREETING);
    const asked = await page.getByText("read the file hello.md", { exact: true }).count();
    assert.equal(asked, 1, "what was said stands there once");
    await stage.shot(page, "again");
  });

  await stage.step("signing out leads to the sign-in page, and a password back", async () => {
    await page
      .getByRole("button", { name: /sign out/i })
      .first()
      .click();
    await page.getByLabel("Password", { exact: true }).waitFor();
    await stage.looks(page, "signed-out");
    await page.getByLabel("User name").fill(octi.account.name);
    await page.getByLabel("Password", { exact: true }).fill(octi.account.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await composer(page)
      .or(page.getByRole("link", { name: "Dashboard" }))
      .first()
      .waitFor();
  });
}
