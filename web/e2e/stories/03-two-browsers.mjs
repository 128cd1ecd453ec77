// One person, two browsers on one conversation: both show the same, and one answer is enough.
import assert from "node:assert/strict";
import { composer, PHONE, ready, settled, shown } from "../lib/stage.mjs";

export default async function story(stage) {
  const [desk, phone] = [await stage.person(), await stage.person({ viewport: PHONE })];
  await stage.tools(desk);
  const question = (page) => page.getByRole("button", { name: "Once" });

  await stage.step("both browsers open the same conversation", async () => {
    await desk.goto("/chat");
    await ready(desk);
    await composer(desk).fill("list the files of the workspace");
    await composer(desk).press("Enter");
    await desk.waitForURL(/\/chat\/.+/);
    await phone.goto(new URL(desk.url()).pathname);
    await ready(phone);
    await phone.getByRole("log").getByText("list the files of the workspace").waitFor();
  });

  await stage.step("a question is asked in both", async () => {
    await settled(desk);
    await composer(desk).fill("write a file twice.md with the text one and read it back");
    await composer(desk).press("Enter");
    await Promise.all([question(desk).waitFor(), question(phone).waitFor()]);
    await stage.shot(phone, "two-browsers-question");
  });

  await stage.step("one answer resolves both", async () => {
    await question(phone).click();
    await Promise.all([
      question(desk).waitFor({ state: "detached" }),
      question(phone).waitFor({ state: "detached" }),
    ]);
    await Promise.all([settled(desk), settled(phone)]);
  });

  await stage.step("what the other one says comes to the first", async () => {
    await composer(phone).fill("read the file twice.md");
    await phone.getByRole("button", { name: "Send" }).click();
    await desk.getByRole("log").getByText("read the file twice.md").waitFor();
    await Promise.all([settled(desk), settled(phone)]);
  });

  await stage.step("the rows stand in the same order, also after a reload", async () => {
    const rows = await shown(desk);
    assert.deepEqual(await shown(phone), rows);
    await phone.reload();
    await phone.getByRole("log").getByText("read the file twice.md").waitFor();
    await settled(phone);
    assert.deepEqual(await shown(phone), rows);
  });

  await stage.step("a message that the server refuses says so itself, and is not lost", async () => {
    const sessionId = new URL(desk.url()).pathname.split("/").at(-1);
    await stage.api(phone, "DELETE", `/api/sessions/${sessionId}`);
    await composer(desk).fill("is anybody there?");
    await composer(desk).press("Enter");
    await desk.getByRole("alert").getByRole("button", { name: "Send again" }).waitFor();
    await desk.getByRole("log").getByText("is anybody there?").waitFor();
    await stage.accessible(desk, "a refused message");
    await stage.shot(desk, "refused");
  });
}
