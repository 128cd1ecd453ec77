// What a person typed stays until it has left or they throw it away.
import assert from "node:assert/strict";
import { composer, ready } from "../lib/stage.mjs";

export default async function story(stage) {
  const page = await stage.person();
  await stage.step("a command and a message that cannot leave stay where they were written", () =>
    unsent(stage, page),
  );
  await stage.step("a form is not left by a wrong click, a wrong key or a reload", () => tried(stage, page));
  await stage.step("nor is a dialog", () => dialogs(page));
}

async function unsent(stage, page) {
  await page.goto("/chat");
  await ready(page);
  await composer(page).fill("/");
  await page.getByRole("listbox", { name: "Commands" }).waitFor();
  // The connection is lost in the moment between the key and the sending.
  await page.evaluate(() => {
    Object.defineProperty(WebSocket.prototype, "readyState", { configurable: true, get: () => 3 });
  });
  for (const [text, what] of [
    ["/status", "command"],
    ["is anybody there?", "message"],
  ]) {
    await composer(page).fill(`${text} `);
    await composer(page).press("Enter");
    await page.getByText(`The ${what} did not leave`).waitFor();
    assert.equal(await composer(page).inputValue(), `${text} `);
    assert.equal(new URL(page.url()).pathname, "/chat");
  }
  await stage.shot(page, "unsent");
  await page.reload();
  await ready(page);
  assert.equal(await composer(page).inputValue(), "is anybody there? ");
  await composer(page).fill("/");
  await page.getByRole("listbox", { name: "Commands" }).waitFor();
  await composer(page).fill("/status ");
  await composer(page).press("Enter");
  await page.waitForURL(/\/chat\/.+/);
  await page.getByRole("log").getByText("nothing is running").waitFor();
  assert.equal(await composer(page).inputValue(), "");
}

const question = (page) => page.getByRole("dialog", { name: "Throw away what you typed?" });

async function tried(stage, page) {
  await page.goto("/tools");
  await page.getByRole("button", { name: "read_file" }).click();
  const path = page.getByRole("textbox", { name: "path" });
  await path.fill("notes.txt");
  const stays = async (leave) => {
    await leave();
    await question(page).getByRole("button", { name: "Cancel" }).click();
    await question(page).waitFor({ state: "detached" });
    assert.equal(await path.inputValue(), "notes.txt");
    assert.equal(new URL(page.url()).pathname, "/tools");
  };
  await stays(() => page.getByRole("link", { name: "Dashboard", exact: true }).click());
  await stays(() => page.getByRole("button", { name: "list_directory" }).click());
  await stays(() => page.evaluate(() => window.history.back()));
  const asked = page.waitForEvent("dialog");
  const reloaded = page.reload({ timeout: 2_000 }).catch(() => "not loaded again");
  const dialog = await asked;
  assert.equal(dialog.type(), "beforeunload");
  await dialog.dismiss();
  await reloaded;
  assert.equal(await path.inputValue(), "notes.txt");
  await page.getByRole("link", { name: "Dashboard", exact: true }).click();
  await stage.accessible(page, "the question whether to leave");
  await stage.shot(page, "unsaved");
  await question(page).getByRole("button", { name: "Throw it away" }).click();
  await page.getByRole("heading", { name: "Dashboard" }).waitFor();
}

async function dialogs(page) {
  const cases = [
    ["/models", "Add a model", "Model", "my-model"],
    ["/secrets", "Add a secret", "Name", "weather"],
    ["/workspaces", "New workspace", "Name", "Site"],
    ["/tokens", "Make a token", "What it is for", "laptop"],
  ];
  for (const [path, open, label, text] of cases) {
    await page.goto(path);
    await page.getByRole("button", { name: open }).first().click();
    const dialog = page.getByRole("dialog", { name: open });
    const field = dialog.getByLabel(label, { exact: true });
    await field.fill(text);
    await page.keyboard.press("Escape");
    await question(page).waitFor();
    // The same key that was pressed too early answers the question with no.
    await page.keyboard.press("Escape");
    await question(page).waitFor({ state: "detached" });
    assert.equal(await field.inputValue(), text);
    await dialog.getByRole("button", { name: "Close" }).click();
    await question(page).getByRole("button", { name: "Throw it away" }).click();
    await dialog.waitFor({ state: "detached" });
    await page.getByRole("button", { name: open }).first().click();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
  }
}
