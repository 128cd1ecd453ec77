// A question beside the conversation, and a conversation that is summarised.
import assert from "node:assert/strict";
import { composer, ready } from "../lib/stage.mjs";

/** The activity shows what `/cost` says, of side questions too. */
async function agrees(page, field, activity) {
  await page.getByRole("button", { name: /^Ask beside: / }).click();
  await field.fill("/cost");
  await field.press("Enter");
  const said = await page
    .getByRole("log")
    .getByText(/model calls: /)
    .textContent();
  const [, calls, read] = /(\d+) model calls: (\d+) tokens read/.exec(said);
  assert.equal(calls, "3", "two of the turn and one beside it");
  const figure = (name) => activity.locator(`dt:text-is("${name}") + dd`).textContent();
  assert.equal(await figure("model calls"), calls);
  assert.equal((await figure("tokens in")).replaceAll(/\D/g, ""), read);
  await page.getByRole("button", { name: /^Ask beside: / }).click();
}

/** More messages than a summary leaves as they are. */
const TURNS = 14;

export default async function story(stage) {
  const page = await stage.person();
  await stage.tools(page);
  const done = (count) =>
    page
      .getByRole("button", { name: "Copy the answer" })
      .nth(count - 1)
      .waitFor({ state: "attached" });

  await stage.step("a question beside the conversation is answered there", async () => {
    await page.goto("/chat");
    await ready(page);
    await composer(page).fill("list the files of the workspace");
    await composer(page).press("Enter");
    await page.waitForURL(/\/chat\/.+/);
    await done(1);
    await page.getByRole("button", { name: /^Ask beside: / }).click();
    await composer(page).fill("what was asked for?");
    await composer(page).press("Enter");
    const activity = page.getByRole("complementary", { name: "Activity" });
    await activity.getByText("what was asked for?").waitFor();
    await activity.getByText("[demo model]").waitFor();
    const said = page.getByRole("log").getByText("what was asked for?");
    assert.equal(await said.count(), 0, "not in the conversation");
    await stage.shot(page, "beside");
    await agrees(page, composer(page), activity);
    await stage.accessible(page, "a side question");
  });

  await stage.step("what was said is summarised, and stays to be read", async () => {
    await page.getByRole("button", { name: /^Ask beside: / }).click();
    const sessionId = new URL(page.url()).pathname.split("/").at(-1);
    for (let turn = 1; turn < TURNS; turn++) {
      // Long enough for a summary to be worth its own length.
      const content = `list the files, number ${turn} ${"of very many ".repeat(100)}`;
      const { agentId } = await stage.api(page, "POST", `/api/sessions/${sessionId}/messages`, { content });
      const running = async () =>
        (await stage.api(page, "GET", `/api/agents/${agentId}`)).status === "running";
      while (await running()) await page.waitForTimeout(20);
    }
    // What is long and comes from elsewhere is followed, too.
    await page.getByText(`number ${TURNS - 1} `).waitFor();
    await page.getByRole("button", { name: /\d+ new$/ }).waitFor({ state: "detached" });
    await composer(page).fill("/compact");
    await composer(page).press("Enter");
    await page.getByRole("log").getByText("Summarised:").waitFor();
    await stage.shot(page, "compacted");
    await stage.accessible(page, "a summarised conversation");
    await page.reload();
    await page.getByRole("log").getByText("Summarised:").waitFor();
    const { items } = await stage.api(page, "GET", `/api/sessions/${sessionId}/messages`);
    assert(items.some(({ parts }) => parts.some(({ text }) => text === "list the files of the workspace")));
  });
}
