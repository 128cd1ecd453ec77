// What was said is found again, and files go with a message to every browser.
import assert from "node:assert/strict";
import { composer, PHONE, ready } from "../lib/stage.mjs";

export default async function story(stage) {
  const [desk, phone] = [await stage.person(), await stage.person({ viewport: PHONE })];
  await stage.tools(desk);
  await stage.step("a message is found and shown where it was said", () => find(stage, desk));
  await stage.step("files are attached, taken back and sent", () => send(stage, desk));
  await stage.step("another browser shows them too", async () => {
    await phone.goto(new URL(desk.url()).pathname);
    await ready(phone);
    await phone.getByRole("list", { name: "Files of this message" }).getByText("notes.txt").waitFor();
    await stage.shot(phone, "files-on-a-phone");
    await composer(desk).fill("list the files once more");
    await desk.locator("input[type=file]").setInputFiles([text("later.txt")]);
    await desk.getByText("Enter sends").waitFor();
    await composer(desk).press("Enter");
    await phone.getByRole("list", { name: "Files of this message" }).getByText("later.txt").waitFor();
  });
}

const text = (name, bytes = 20) => ({ name, mimeType: "text/plain", buffer: Buffer.alloc(bytes, "x") });

async function find(stage, page) {
  await page.goto("/chat");
  await ready(page);
  await composer(page).fill("list the files beside the lighthouse");
  await composer(page).press("Enter");
  await page.waitForURL(/\/chat\/.+/);
  await page.getByRole("button", { name: "Copy the answer" }).waitFor({ state: "attached" });
  const path = new URL(page.url()).pathname;
  await page.goto("/");
  await page.getByRole("heading", { name: "Dashboard" }).click();
  await page.keyboard.press("/");
  await page.getByRole("combobox").fill("lighthouse");
  await page.getByRole("option").getByText("the files beside").first().waitFor();
  await stage.accessible(page, "a search");
  await stage.shot(page, "search");
  await page.keyboard.press("Enter");
  await page.waitForURL(`**${path}?message=*`);
  await page.locator(".outline-accent").getByText("list the files beside the lighthouse").waitFor();
  await page.keyboard.press("Control+Shift+f");
  await page.getByRole("combobox", { name: "Search in all messages" }).fill("zeppelin");
  await page.getByText("No message has “zeppelin”.").waitFor();
  await page.keyboard.press("Escape");
}

async function send(stage, page) {
  await page.goto("/chat");
  await ready(page);
  const picker = page.locator("input[type=file]");
  await picker.setInputFiles([text("notes.txt"), text("other.txt"), text("too large.bin", 9 * 1024 * 1024)]);
  await page.getByText("is larger than 8.0 MiB").waitFor();
  await stage.accessible(page, "attached files");
  await stage.shot(page, "files");
  await page.getByRole("button", { name: "Remove other.txt" }).click();
  await composer(page).evaluate((area) => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array(64)], "pasted.png", { type: "image/png" }));
    area.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
  });
  await page.getByRole("button", { name: "Remove pasted.png" }).waitFor();
  await composer(page).fill("list the files of the workspace");
  await page.getByText("Enter sends").waitFor();
  await composer(page).press("Enter");
  await page.waitForURL(/\/chat\/.+/);
  await page.getByRole("list", { name: "Files of this message" }).getByText("notes.txt").waitFor();
  await page.getByRole("button", { name: "Copy the answer" }).waitFor({ state: "attached" });
  const sessionId = new URL(page.url()).pathname.split("/").at(-1);
  const { items } = await stage.api(page, "GET", `/api/sessions/${sessionId}/messages`);
  const files = items[0].parts.filter(({ type }) => type === "attachment");
  assert.deepEqual(
    files.map(({ name, mediaType, bytes }) => [name, mediaType, bytes]),
    [
      ["notes.txt", "text/plain", 20],
      ["pasted.png", "image/png", 64],
    ],
  );
  await stage.shot(page, "files-sent");
  await stage.accessible(page, "a message with files");
}
