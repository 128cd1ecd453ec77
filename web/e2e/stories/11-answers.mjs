// What a question says, and what each of its answers means for the next call.
import assert from "node:assert/strict";
import { composer, ready } from "../lib/stage.mjs";

export default async function story(stage) {
  const page = await stage.person({ reducedMotion: "reduce" });
  await stage.tools(page);
  const card = page.getByRole("region", { name: /^Permission for / });
  const say = async (text) => {
    await composer(page).fill(text);
    await composer(page).press("Enter");
  };
  const answered = (count) =>
    page
      .getByRole("button", { name: "Copy the answer" })
      .nth(count - 1)
      .waitFor({ state: "attached" });
  const rules = async () => (await stage.api(page, "GET", "/api/tools/permissions")).items;
  const before = (await rules()).length;

  await stage.step("a question says who asks, and “This session” is for the session", async () => {
    await page.goto("/chat");
    await ready(page);
    await say("write a file answers.md with a greeting");
    await card.getByText("The role general asks").waitFor();
    await card.getByText("octi/filesystem").waitFor();
    await page.getByRole("heading").first().click();
    await page.keyboard.press("2");
    await answered(1);
    await say("write a file answers.md with the text Hello again");
    await answered(2);
    assert.equal(await card.count(), 0, "nobody was asked again");
    assert.equal((await rules()).length, before, "and no rule was kept");
  });

  await stage.step("a change is shown line by line, and allowed for ever by “Always”", async () => {
    await say('replace "Hello" with "Good day" in answers.md');
    await card.getByText("1 added").waitFor();
    assert.equal(await card.getByText("removed: ").count(), 1, "the signs are words to who hears them");
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await stage.accessible(page, `a change (${colorScheme})`);
      await stage.shot(page, `change-${colorScheme}`);
    }
    await page.setViewportSize({ width: 390, height: 844 });
    await card.getByText("1 added").scrollIntoViewIfNeeded();
    await stage.shot(page, "change-phone");
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.getByRole("heading").first().click();
    await page.keyboard.press("3");
    await answered(3);
    const kept = await rules();
    assert.equal(kept.length, before + 1, "a rule was kept");
    await page.goto("/chat");
    await ready(page);
    await say('replace "Good day" with "Hello" in answers.md');
    await page.waitForURL(/\/chat\/.+/);
    await answered(1);
    assert.equal(await card.count(), 0, "another conversation does not ask either");
  });
}
