// What a person typed stays until it has left or they throw it away.
import assert from "node:assert/strict";
import { composer, ready } from "../lib/stage.mjs";

export default async function story(stage) {
  const page = await stage.person();
  await stage.step("a command and a message that cannot leave stay where they were written", () =>
    unsent(stage, page),
  );
}

async function unsent(stage, page) {
  await page.goto("/chat");
  await ready(page);
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
  await composer(page).fill("/status ");
  await composer(page).press("Enter");
  await page.waitForURL(/\/chat\/.+/);
  await page.getByRole("log").getByText("nothing is running").waitFor();
  assert.equal(await composer(page).inputValue(), "");
}
