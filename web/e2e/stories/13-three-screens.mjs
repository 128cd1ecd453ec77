// One person, two browsers and a terminal on one conversation: all ask, one answer is enough, and all tell it in one order.
import assert from "node:assert/strict";
import { composer, PHONE, ready, settled, shown } from "../lib/stage.mjs";
import { hasTerminals, Terminal } from "../lib/terminal.mjs";

const FIRST = "list the files of the workspace";
const SECOND = "write a file thrice.md with the text one and read it back";
const THIRD = "read the file thrice.md";

export default async function story(stage) {
  if (!hasTerminals())
    return console.log("skipped: the terminal of this story is tmux, which is not installed");
  const [desk, phone] = [await stage.person(), await stage.person({ viewport: PHONE })];
  await stage.tools(desk);
  const terminal = new Terminal();
  try {
    await tell(stage, { desk, phone, terminal });
  } finally {
    await terminal.stop();
  }
}

async function tell(stage, { desk, phone, terminal }) {
  const events = [heard(desk), heard(phone)];
  const before = new Set();
  const questions = [desk, phone].map((page) => page.getByRole("region", { name: /^Permission for / }));

  await stage.step("two browsers and a terminal open the same conversation", async () => {
    await desk.goto("/chat");
    await ready(desk);
    await composer(desk).fill(FIRST);
    await composer(desk).press("Enter");
    await desk.waitForURL(/\/chat\/.+/);
    await settled(desk);
    const path = new URL(desk.url()).pathname;
    await phone.goto(path);
    await ready(phone);
    const { secret } = await stage.api(desk, "POST", "/api/auth/api-tokens", { name: "terminal" });
    const command = [stage.octi.binary, "tui", "--url", stage.octi.url, "--session", path.split("/").at(-1)];
    await terminal.start(command, { OCTI_TOKEN: secret, OCTI_HOME: stage.octi.home });
    await terminal.shows(FIRST);
    await phone.getByRole("log").getByText(FIRST).waitFor();
    // A replay leaves out the pieces of an answer that is whole.
    for (const list of events) for (const event of list()) before.add(event);
  });

  await stage.step("a question is asked on all three", async () => {
    await composer(desk).fill(SECOND);
    await composer(desk).press("Enter");
    await Promise.all([...questions.map((card) => card.waitFor()), terminal.shows("filesystem.write_file")]);
    await terminal.shows("1 once");
    await stage.shot(desk, "three-screens-desk");
    await stage.shot(phone, "three-screens-phone");
    if (process.env.OCTI_E2E_LOG) console.log(await terminal.screen());
  });

  await stage.step("the answer from the terminal takes it from all", async () => {
    // A key alone answers only a while after the question came: it may have been meant for the text.
    await terminal.press("M-1");
    await Promise.all([
      ...questions.map((card) => card.waitFor({ state: "detached" })),
      terminal.shows("1 once", false),
    ]);
    await Promise.all([settled(desk), settled(phone)]);
  });

  await stage.step(
    "what the terminal says comes to the browsers, and one of them answers for it",
    async () => {
      await terminal.type(THIRD);
      await terminal.press("Enter");
      for (const page of [desk, phone])
        await page.getByRole("log").getByText(THIRD, { exact: true }).waitFor();
      await Promise.all([settled(desk), settled(phone)]);
      await terminal.type("delete the file thrice.md");
      await terminal.press("Enter");
      await Promise.all([...questions.map((card) => card.waitFor()), terminal.shows("4 deny")]);
      await questions[1].getByRole("button", { name: "Deny" }).click();
      await Promise.all([questions[0].waitFor({ state: "detached" }), terminal.shows("4 deny", false)]);
      await Promise.all([settled(desk), settled(phone)]);
    },
  );

  await stage.step("all three tell it in the same order", async () => {
    const [atDesk, atPhone] = events.map((list) => list().filter((event) => !before.has(event)));
    assert(atDesk.length > 20, `many events were heard: ${atDesk.length}`);
    assert.deepEqual(atPhone, atDesk, "the events of both browsers");
    const rows = await shown(desk);
    assert.deepEqual(await shown(phone), rows, "the rows of both browsers");
    const screen = await terminal.screen();
    const places = [SECOND, "filesystem.write_file", "filesystem.read_file", THIRD, "delete the file"].map(
      (text) => [text, screen.indexOf(text)],
    );
    for (const [text, place] of places) assert(place >= 0, `the terminal shows “${text}”:\n${screen}`);
    const sorted = places.toSorted(([, one], [, other]) => one - other);
    assert.deepEqual(places, sorted, screen);
  });
}

/** The events of the newest conversation that a page hears, live or again, each once, in their order. */
function heard(page) {
  const all = [];
  page.on("websocket", (socket) =>
    socket.on("framereceived", ({ payload }) => {
      const frame = JSON.parse(payload);
      if (frame.type === "event") all.push(frame.event);
      if (frame.type === "replay") all.push(...frame.events);
    }),
  );
  return () => {
    const own = all.filter(({ sessionId }) => sessionId && page.url().endsWith(sessionId));
    return [...new Map(own.map(({ id, type }) => [id, `${type} ${id}`])).values()];
  };
}
