// What the pages do with the parts of a server that is about to have them; and what they say to one that has not.
import assert from "node:assert/strict";
import { standIn } from "../lib/soon.mjs";
import { composer, PHONE, ready } from "../lib/stage.mjs";

export default async function story(stage) {
  const page = await stage.person();
  const { sessionId } = await conversation(stage, page);
  await stage.step("a server without them is explained", () => without(stage, page));
  const seen = await standIn(page);
  await stage.step("settings are changed, refused at their field, and reset", () =>
    settings(stage, page, seen),
  );
  await stage.step("a question beside the conversation is answered there", () =>
    beside(stage, page, sessionId),
  );
  await stage.step("the same on a phone, in the dark", async () => {
    await page.setViewportSize(PHONE);
    await page.emulateMedia({ colorScheme: "dark" });
    for (const path of ["/settings?tab=configuration"]) {
      await page.goto(path);
      await page.getByRole("heading").nth(1).or(page.getByRole("listitem").first()).first().waitFor();
      await page.waitForLoadState("networkidle");
      await stage.shot(page, `soon-phone-${path.replaceAll(/[^a-z]+/g, "-")}`);
      await stage.accessible(page, `${path} on a phone`);
    }
  });
}

async function conversation(stage, page) {
  await stage.tools(page);
  await page.goto("/chat");
  await ready(page);
  await composer(page).fill("list the files of the workspace");
  await composer(page).press("Enter");
  await page.waitForURL(/\/chat\/.+/);
  await page.getByRole("button", { name: "Copy the answer" }).waitFor({ state: "attached" });
  const sessionId = new URL(page.url()).pathname.split("/").at(-1);
  const { items } = await stage.api(page, "GET", `/api/sessions/${sessionId}/messages`);
  return { sessionId, messageId: items[0].id };
}

async function without(stage, page) {
  await page.route(/\/api\/settings([/?]|$)/, (route) =>
    route.fulfill({
      status: 404,
      json: { error: { code: "RouteNotFound", message: "no such route", request_id: "r" } },
    }),
  );
  await page.goto("/settings?tab=configuration");
  await page.getByText("takes its configuration from its files").waitFor();
  await stage.accessible(page, "no configuration");
  await page.unrouteAll();
}

async function settings(stage, page, seen) {
  await page.goto("/settings?tab=configuration");
  const row = page.getByRole("listitem").filter({ hasText: "agent.iterations_max" });
  await row.waitFor();
  await stage.shot(page, "soon-settings");
  await stage.accessible(page, "the configuration");
  await row.getByRole("button", { name: "Change" }).click();
  const field = page.getByRole("dialog").getByLabel("Value");
  await field.fill("2000");
  await page.keyboard.press("Control+Enter");
  await page.getByRole("dialog").getByText("At most 1000.").waitFor();
  await field.fill("13");
  await page.keyboard.press("Control+Enter");
  await page.getByRole("dialog").getByText("13 brings no luck").waitFor();
  await stage.accessible(page, "a refused setting");
  await stage.shot(page, "soon-setting-refused");
  await field.fill("80");
  await page.keyboard.press("Control+Enter");
  await row.getByText("set here").waitFor();
  assert.equal(seen.settings[0].value, 80);
  await row.getByRole("button", { name: "Reset" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Reset" }).click();
  await row.getByText("default", { exact: true }).waitFor();
}

async function beside(stage, page, sessionId) {
  await page.goto(`/chat/${sessionId}`);
  await ready(page);
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
}
