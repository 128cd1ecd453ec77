// The network of one browser goes away and comes back while the server runs on: what was missed is replayed, once.
import assert from "node:assert/strict";
import { composer, ready, shown as rowsOf, settled } from "../lib/stage.mjs";

const LOST = "The connection to the server is lost";

export default async function story(stage) {
  const [desk, other] = [await stage.person(), await stage.person()];
  await stage.tools(desk);
  const frames = replays(desk);
  await desk.addInitScript(keepSockets);
  const card = (page) => page.getByRole("region", { name: /^Permission for / });
  const say = async (page, text) => {
    await composer(page).fill(text);
    await composer(page).press("Enter");
  };

  await stage.step("two browsers are on one conversation", async () => {
    await desk.goto("/chat");
    await ready(desk);
    await say(desk, "list the files of the workspace");
    await desk.waitForURL(/\/chat\/.+/);
    await settled(desk);
    await other.goto(new URL(desk.url()).pathname);
    await ready(other);
  });

  await stage.step("one loses its network, says so, and keeps what is typed", async () => {
    await offline(desk);
    await desk.getByText(LOST).waitFor();
    await composer(desk).fill("typed without a network");
  });

  await stage.step("meanwhile a turn ends in the other one, and a question is asked there", async () => {
    await say(other, "list the files once more");
    await other.getByRole("button", { name: "Copy the answer" }).nth(1).waitFor({ state: "attached" });
    await settled(other);
    await say(other, "write a file missed.md with the text one");
    await card(other).waitFor();
  });

  await stage.step("what was missed comes by itself, the question too, and nothing twice", async () => {
    frames.length = 0;
    await online(desk);
    await desk.getByText(LOST).waitFor({ state: "detached" });
    await card(desk).waitFor();
    const sessionId = new URL(desk.url()).pathname.split("/").at(-1);
    const find = () => frames.find((frame) => frame.sessionId === sessionId);
    // The question may come before it: it is also among those that are open.
    for (let looks = 0; looks < 200 && !find(); looks++) await desk.waitForTimeout(50);
    const replay = find();
    assert(replay, "the server sent a replay");
    assert.equal(replay.gap, false, "nothing is missing in it");
    assert(
      replay.events.some(({ type }) => type === "permission.request"),
      "the question is in it",
    );
    for (const text of [
      "list the files of the workspace",
      "list the files once more",
      "write a file missed.md",
    ])
      assert.equal(await desk.getByRole("log").getByText(text).count(), 1, `“${text}” stands there once`);
    assert.deepEqual(await shown(desk), await shown(other), "as in the browser that heard it all");
    assert.equal(await composer(desk).inputValue(), "typed without a network");
    await stage.shot(desk, "online-again");
  });

  await stage.step("a question that is answered elsewhere in the meantime is gone afterwards", async () => {
    await offline(desk);
    await desk.getByText(LOST).waitFor();
    await card(other).getByRole("button", { name: "Once" }).click();
    await settled(other);
    await online(desk);
    await desk.getByText(LOST).waitFor({ state: "detached" });
    await card(desk).waitFor({ state: "detached" });
    await settled(desk);
    assert.deepEqual(await shown(desk), await shown(other));
    await desk.reload();
    await settled(desk);
    await desk.getByRole("log").getByText("write a file missed.md").waitFor();
    assert.deepEqual(await shown(desk), await shown(other), "and after a reload");
    await composer(desk).fill("");
  });
}

/** Runs in the page: the emulation of a lost network leaves open sockets alone, so they are closed by hand. */
function keepSockets() {
  const all = [];
  window.WebSocket = class extends window.WebSocket {
    constructor(...given) {
      super(...given);
      all.push(this);
    }
  };
  window.loseSockets = () => {
    for (const socket of all.splice(0)) socket.close();
  };
}

async function offline(page) {
  await page.context().setOffline(true);
  await page.evaluate(() => window.loseSockets());
}

const online = (page) => page.context().setOffline(false);

/** The replays that a page is sent. */
function replays(page) {
  const all = [];
  page.on("websocket", (socket) =>
    socket.on("framereceived", ({ payload }) => {
      const frame = JSON.parse(payload);
      if (frame.type === "replay") all.push(frame);
    }),
  );
  return all;
}

/** The rows without durations and what is left of the time to answer. */
const shown = (page) => rowsOf(page, /\d+(\.\d+)? (m?s|min)\b/g);
