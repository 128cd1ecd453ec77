// What a person is told of while they look elsewhere: the bell, the page, and what they choose. The octi is a real one.
import assert from "node:assert/strict";
import { PHONE, ready } from "../lib/stage.mjs";

const bell = (page, unread) =>
  page.getByRole("button", {
    name: unread ? `Notifications, ${unread} unread` : "Notifications",
    exact: true,
  });

export default async function story(stage) {
  const [desk, phone] = [await stage.person(), await stage.person({ viewport: PHONE })];
  await stage.tools(desk);
  await stage.api(desk, "POST", "/api/notifications/read-all");
  const { id } = await stage.api(desk, "POST", "/api/sessions", {});
  const say = (content) => stage.api(desk, "POST", `/api/sessions/${id}/messages`, { content });

  await stage.step("the end of a turn that no screen shows is told on every screen", async () => {
    await Promise.all([desk.goto("/models"), phone.goto("/models")]);
    await bell(desk).waitFor();
    await say("list the files beside the bell");
    await bell(desk, 1).waitFor();
    await bell(phone, 1).waitFor();
  });

  await stage.step("whoever opens it comes to the conversation, and has read it everywhere", async () => {
    await bell(desk, 1).click();
    await stage.accessible(desk, "the newest notifications");
    await stage.shot(desk, "notifications-bell");
    await desk.getByRole("button", { name: /Done: list the files beside the bell/ }).click();
    await desk.waitForURL(`**/chat/${id}`);
    await Promise.all([bell(desk).waitFor(), bell(phone).waitFor()]);
  });

  await stage.step("an answer that a screen shows is no news", async () => {
    await ready(desk);
    await say("list the files of the workspace again");
    await desk.getByRole("button", { name: "Copy the answer" }).nth(1).waitFor({ state: "attached" });
    await desk.waitForTimeout(1_000);
    const { unread } = await stage.api(desk, "GET", "/api/notifications");
    assert.equal(unread, 0);
  });

  await stage.step("a question is told until somebody answers it", async () => {
    await desk.goto("/models");
    await say("write a file told.md with the text one and read it back");
    await bell(desk, 1).click();
    await desk.getByRole("button", { name: /filesystem write_file waits for you.*told\.md/ }).waitFor();
    await phone.goto(`/chat/${id}`);
    await phone.getByRole("button", { name: "Once" }).click();
    await bell(desk).waitFor();
  });

  await stage.step("what was told is listed, and what is told can be chosen", async () => {
    await desk.goto("/notifications");
    await desk.getByText("Done: list the files beside the bell").waitFor();
    await stage.shot(desk, "notifications");
    await stage.accessible(desk, "the notifications");
    await desk.getByRole("link", { name: "Choose which" }).click();
    await choose(desk, false);
    await stage.shot(desk, "notifications-preferences");
    await stage.accessible(desk, "the choice of notifications");
    await desk.reload();
    await desk.locator("input[type=checkbox]:not(:checked)").waitFor();
    await choose(desk, true);
  });
}

/** Whether the end of a turn is told. The page shows a change before the server has answered. */
async function choose(page, wanted) {
  const stored = page.waitForResponse((answer) => answer.request().method() === "PUT" && answer.ok());
  await page.getByLabel("A turn is done").click();
  await page
    .locator(`input[type=checkbox]${wanted ? ":checked" : ":not(:checked)"}`)
    .first()
    .waitFor();
  await stored;
}
