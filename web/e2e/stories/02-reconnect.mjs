// The server dies while an answer is written, as in a power cut, and comes back.
import assert from "node:assert/strict";
import { SlowModel } from "../lib/slow-model.mjs";
import { composer, ready } from "../lib/stage.mjs";

const ANSWER = "The sea is wide and deep and blue and full of fish. ";
const DRAFT = "and what about the moon?";

export default async function story(stage) {
  const model = new SlowModel();
  const endpoint = await model.start();
  const page = await stage.person();
  const added = { name: "slow", provider: "openai-compatible", modelId: "slow", endpoint };
  await stage.api(page, "POST", "/api/models", added);
  try {
    await tell(stage, page, model);
  } finally {
    model.stop();
  }
  await stage.api(page, "DELETE", "/api/models/slow");
}

async function tell(stage, page, model) {
  const { octi } = stage;
  const count = (text) => page.getByRole("log").getByText(text, { exact: true }).count();

  await stage.step("an answer is being written", async () => {
    model.says(ANSWER, false);
    await page.goto("/chat");
    await ready(page);
    await page.getByRole("combobox", { name: "Model" }).selectOption("slow");
    await composer(page).fill("tell me of the sea");
    await composer(page).press("Enter");
    await page.waitForURL(/\/chat\/.+/);
    await write(page, model, 5);
    await page.getByText("The sea is wide and").waitFor();
  });

  await stage.step("the server is killed; the page says so and keeps what is there", async () => {
    await composer(page).fill(DRAFT);
    await octi.kill();
    await page.getByText("The connection to the server is lost").waitFor();
    assert.equal(await count("The sea is wide and"), 1, "what was written stays");
    assert.equal(await composer(page).inputValue(), DRAFT, "what is typed stays");
    await composer(page).press("Enter");
    assert.equal(await composer(page).inputValue(), DRAFT, "nothing is sent into nowhere");
    await stage.accessible(page, "a lost connection");
    await stage.shot(page, "killed");
  });

  await stage.step("it comes back; the turn is told to be interrupted", async () => {
    await octi.start();
    await page
      .getByText("The connection to the server is lost")
      .waitFor({ state: "detached", timeout: 60_000 });
    await page.getByText("The server went away during this turn").waitFor();
    await stage.shot(page, "interrupted");
    assert.equal(await count("tell me of the sea"), 1, "what was said stands there once");
    assert.equal(await count("The sea is wide and"), 1, "what was written stands there once");
    assert.equal(await composer(page).inputValue(), DRAFT, "what is typed stays");
  });

  await stage.step("the turn goes on to its end", async () => {
    model.says(ANSWER);
    await page.getByRole("button", { name: "Continue where it stopped" }).click();
    await page.getByText(ANSWER.trim()).waitFor();
    assert.equal(await count("tell me of the sea"), 1);
    assert.equal(await count(ANSWER.trim()), 1, "the answer stands there once");
    await composer(page).press("Enter");
    await page.getByRole("log").getByText(DRAFT).waitFor();
    await stage.shot(page, "continued");
  });

  await stage.step("a reload shows the same", async () => {
    const shown = () => page.getByRole("log").textContent();
    const answered = () => page.getByText(ANSWER.trim()).nth(1).waitFor();
    await answered();
    await page.getByRole("button", { name: "Send" }).waitFor();
    const before = await shown();
    await page.reload();
    await answered();
    assert.equal(await shown(), before);
  });
}

/** Lets the model write so many words, one by one. */
async function write(page, model, words) {
  for (let word = 0; word < words; word += 1) {
    while (model.waiting === 0) await page.waitForTimeout(20);
    model.goOn();
  }
}
