// What the pages do with the parts of a server that is about to have them.
import assert from "node:assert/strict";
import { standIn } from "../lib/soon.mjs";
import { composer, ready } from "../lib/stage.mjs";

export default async function story(stage) {
  const page = await stage.person();
  await stage.tools(page);
  await standIn(page);
  await stage.step("a question beside the conversation is answered there", async () => {
    await page.goto("/chat");
    await ready(page);
    await composer(page).fill("list the files of the workspace");
    await composer(page).press("Enter");
    await page.waitForURL(/\/chat\/.+/);
    await page.getByRole("button", { name: "Copy the answer" }).waitFor({ state: "attached" });
    await page.getByRole("button", { name: /^Ask beside: / }).click();
    await composer(page).fill("what does it wait for?");
    await composer(page).press("Enter");
    const aside = page.getByRole("complementary", { name: "Activity" });
    await aside.getByText("It waits for you.").waitFor();
    assert.equal(
      await page.getByRole("log").getByText("what does it wait for?").count(),
      0,
      "not in the conversation",
    );
    await stage.shot(page, "soon-beside");
    await stage.accessible(page, "a side question");
  });
}
