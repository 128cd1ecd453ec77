// A conversation of thousands of messages: it opens fast, scrolls smoothly, and never moves what is being read. The story
// answers for the server when the stored messages are asked for; everything else is real.
import assert from "node:assert/strict";
import { composer, ready, settled } from "../lib/stage.mjs";

const MESSAGES = 2_000;
const PAGE = 200;
/** Generous for a busy machine; the measured times are printed. */
const OPEN_MS_MAX = 6_000;
const ROWS_MAX = 80;

export default async function story(stage) {
  const page = await stage.person();
  const session = await stage.api(page, "POST", "/api/sessions", { title: "a long one" });
  const stored = Array.from({ length: MESSAGES }, (_, index) => messageOf(session.id, index));
  await page.route(`**/api/sessions/${session.id}/messages*`, (route) => {
    const after = Number(new URL(route.request().url()).searchParams.get("after") ?? 0);
    const items = stored.slice(after, after + PAGE);
    return route.fulfill({ json: { items, next: after + PAGE < MESSAGES ? "more" : null } });
  });
  const log = page.getByRole("log");
  const rows = () => log.locator("[data-row]").count();

  await stage.step(`${MESSAGES} messages open at their end`, async () => {
    await page.goto("/");
    await page.getByRole("heading").first().waitFor();
    const began = Date.now();
    await page.getByRole("link", { name: /a long one/ }).click();
    await log.getByText(`Answer ${MESSAGES - 1}.`).waitFor();
    const took = Date.now() - began;
    assert(took < OPEN_MS_MAX, `it took ${took} ms`);
    const drawn = await rows();
    assert(drawn < ROWS_MAX, `${drawn} rows are drawn`);
    return `opened in ${took} ms, ${drawn} rows drawn`;
  });

  await stage.step("scrolling through it stays smooth and draws what is there", async () => {
    const { slowest, frames, empty } = await log.evaluate(scrollThrough);
    assert(empty === 0, `${empty} of ${frames} frames showed nothing`);
    return `${frames} frames, the slowest ${Math.round(slowest)} ms`;
  });

  await stage.step("new output does not move what is being read", async () => {
    await ready(page);
    await log.evaluate((box) => {
      box.scrollTop = box.scrollHeight / 2;
    });
    await page.waitForTimeout(500);
    const before = await topRow(log);
    await composer(page).fill("list the files of the workspace");
    await composer(page).press("Enter");
    await page.getByRole("button", { name: /new$/ }).waitFor();
    await settled(page);
    await page.waitForTimeout(500);
    assert.deepEqual(await topRow(log), before);
    await stage.shot(page, "long-conversation");
  });

  await stage.step("one key leads to the newest", async () => {
    await log.focus();
    await page.keyboard.press("End");
    await log.getByText("list the files of the workspace").waitFor();
  });
}

function messageOf(sessionId, index) {
  const asks = index % 2 === 0;
  const text = asks
    ? `Question ${index}: what is in the file number ${index}?`
    : `Answer ${index}. ${"It has some words, ".repeat(index % 23)}and an end.${index % 5 === 0 ? "\n\n```rust\nfn main() {}\n```" : ""}`;
  return {
    id: `00000000-0000-7000-8000-${String(index).padStart(12, "0")}`,
    sessionId,
    agentId: null,
    seq: index + 1,
    role: asks ? "user" : "assistant",
    parts: [{ type: "text", text }],
    createdAt: "2026-11-29T00:00:00Z",
  };
}

/** The first row that reaches into the screen, and how far it is from the top of it. */
const topRow = (log) =>
  log.evaluate((box) => {
    const top = box.getBoundingClientRect().top;
    const row = [...box.querySelectorAll("[data-row]")].find(
      (one) => one.getBoundingClientRect().bottom > top,
    );
    return [row?.textContent?.slice(0, 40), Math.round(row.getBoundingClientRect().top - top)];
  });

/** Scrolls from the end upwards, a page a frame; says how long the slowest frame took and whether any was blank. */
async function scrollThrough(box) {
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  let [slowest, frames, empty] = [0, 0, 0];
  let last = performance.now();
  for (let step = 0; step < 150; step += 1) {
    box.scrollTop -= 400;
    await frame();
    await frame();
    const now = performance.now();
    slowest = Math.max(slowest, (now - last) / 2);
    last = now;
    frames += 2;
    const middle = box.getBoundingClientRect();
    const there = document.elementFromPoint(middle.x + middle.width / 2, middle.y + middle.height / 2);
    const rows = [...box.querySelectorAll("[data-row]")].map((row) => row.getBoundingClientRect());
    if (!there || !rows.some(({ top, bottom }) => top < middle.bottom && bottom > middle.top)) empty += 1;
  }
  return { slowest, frames, empty };
}
