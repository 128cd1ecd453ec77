// The first run with a model of one's own, which is tested before it is kept; and the viewer of the API.
import assert from "node:assert/strict";
import { Octi } from "../lib/octi.mjs";
import { SlowModel } from "../lib/slow-model.mjs";
import { composer, ready } from "../lib/stage.mjs";

export default async function story(stage) {
  const [octi, model] = [new Octi(stage.octi.binary), new SlowModel()];
  const endpoint = await model.start();
  await octi.start();
  const own = stage.beside(octi);
  try {
    await tell(stage, own, model, endpoint);
    await own.clear();
  } finally {
    await own.close();
    model.stop();
    await octi.remove();
  }
}

async function tell(stage, own, model, endpoint) {
  const { octi } = own;
  const page = await own.visitor();

  await stage.step("a model that does not answer is not kept, and what was typed stays", async () => {
    await page.goto(`/setup#code=${octi.code}`);
    await page.getByLabel("User name").fill(octi.account.name);
    await page.getByLabel("Password", { exact: true }).fill(octi.account.password);
    await page.getByLabel("The same password again").fill(octi.account.password);
    await page.getByRole("button", { name: "Make the account" }).click();
    await page.getByRole("button", { name: "Add a model" }).click();
    await page.getByLabel("Provider").selectOption("openai-compatible");
    await page.getByLabel("Address").fill("http://127.0.0.1:9/v1");
    await page.getByLabel("Model", { exact: true }).fill("slow");
    await page.getByRole("button", { name: "Add and test" }).click();
    await page.getByText("The model did not answer, so it was not added").waitFor({ timeout: 60_000 });
    await own.looks(page, "setup-refused");
    assert.equal(await page.getByLabel("Model", { exact: true }).inputValue(), "slow");
    const { items } = await own.api(page, "GET", "/api/models");
    assert.deepEqual(
      items.map(({ name }) => name),
      ["demo"],
    );
  });

  await stage.step("one that answers is the model of the first conversation", async () => {
    model.says("Of the sea and the moon.");
    await page.getByLabel("Address").fill(endpoint);
    await page.getByRole("button", { name: "Add and test" }).click();
    await page.waitForURL("**/chat");
    await ready(page);
    await composer(page).fill("what of?");
    await composer(page).press("Enter");
    await page.getByRole("log").getByText("Of the sea and the moon.").waitFor();
    assert(model.asked.length >= 2, "the test and the message came to it");
  });

  await stage.step("the viewer of the API is there for every eye", async () => {
    await page.goto("/api/docs");
    const tags = page.locator(".opblock-tag");
    await tags.first().waitFor();
    await own.looks(page, "api-docs");
    // With everything open, the viewer keeps only what is near the screen.
    for (const tag of await tags.all()) await tag.click();
    await own.looks(page, "api-docs-listed");

    await page.reload();
    for (const tag of ["secrets", "sessions"]) await page.locator(`#operations-tag-${tag}`).click();
    for (const method of ["get", "post", "put", "patch", "delete"])
      await page.locator(`.opblock-${method} .opblock-summary-control`).first().click();
    await page.locator(".opblock-body .responses-table").nth(4).waitFor();
    await own.looks(page, "api-docs-open");
  });
}
