// What every story is given: the octi, people in browsers, steps, screenshots, and the accessibility check.
import assert from "node:assert/strict";
import { join } from "node:path";
import { findings } from "./axe.mjs";
import { servePages } from "./pages.mjs";

export const WIDE = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** How long a story waits for one thing. */
const STEP_MS_MAX = 15_000;

/** How many times slower pages run, to find what only a busy machine shows: `OCTI_E2E_SLOWER=8`. */
const SLOWER = Number(process.env.OCTI_E2E_SLOWER ?? "1");

export class Stage {
  #browser;
  #contexts = [];
  #complaints = [];
  steps = 0;

  constructor({ octi, browser, pages, shots }) {
    this.octi = octi;
    this.#browser = browser;
    this.pages = pages;
    this.shots = shots;
  }

  async step(title, work) {
    const began = performance.now();
    const note = await work();
    this.steps += 1;
    console.log(`ok  ${title} (${Math.round(performance.now() - began)} ms${note ? `; ${note}` : ""})`);
  }

  /** A browser that nobody has used before, with one page. */
  async visitor(options = {}) {
    const context = await this.#browser.newContext({ viewport: WIDE, baseURL: this.octi.url, ...options });
    context.setDefaultTimeout(STEP_MS_MAX);
    this.#contexts.push(context);
    await this.servePages(context);
    const page = await context.newPage();
    if (SLOWER > 1) {
      const session = await context.newCDPSession(page);
      await session.send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
    }
    page.on("pageerror", (error) => this.#complaints.push(String(error)));
    page.on("console", (message) => {
      if (/Content Security Policy|Maximum update depth|same key/i.test(message.text()))
        this.#complaints.push(message.text());
    });
    return page;
  }

  /** The pages that are tried, when they are not those of the octi. */
  async servePages(context) {
    if (this.pages) await servePages(context, this.pages, this.octi.url);
  }

  /** A browser in which the administrator is signed in; the account is made when there is none yet. */
  async person(options = {}) {
    const page = await this.visitor(options);
    const { name: username, password } = this.octi.account;
    const { needed } = await (await page.request.get("/api/setup")).json();
    const answer = needed
      ? await page.request.post("/api/setup", { data: { username, password, code: this.octi.code } })
      : await page.request.post("/api/auth/session", { data: { username, password } });
    assert(answer.ok(), await answer.text());
    return page;
  }

  /** Asks the API as the person of a page; throws unless the answer is a good one. */
  async api(page, method, path, data) {
    const { csrfToken } = await (await page.request.get("/api/auth/session")).json();
    const answer = await page.request.fetch(path, { method, data, headers: { "X-Octi-Csrf": csrfToken } });
    assert(answer.ok(), `${method} ${path}: ${answer.status()} ${await answer.text()}`);
    return answer.status() === 204 ? null : answer.json();
  }

  /** Waits until the tools are there: a new home compiles its plugins first, which takes a debug build a while. */
  async tools(page) {
    for (const began = Date.now(); Date.now() - began < 300_000; ) {
      const { items } = await this.api(page, "GET", "/api/tools");
      if (items.some(({ name }) => name === "filesystem__write_file")) return;
      await page.waitForTimeout(500);
    }
    throw new Error("the tools did not come within five minutes");
  }

  async shot(page, name) {
    if (this.shots) await page.screenshot({ path: join(this.shots, `${name}.png`) });
  }

  /** Fails when what is shown has a serious or critical finding. */
  async accessible(page, where) {
    const found = await findings(page);
    assert.deepEqual(found, [], `accessibility of ${where}:\n${JSON.stringify(found, null, 2)}`);
  }

  /** Shows a page in light or dark, and waits until it is drawn so. */
  async lit(page, colorScheme) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.evaluate(
      () =>
        new Promise((drawn) =>
          requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(drawn, 20))),
        ),
    );
  }

  /** What is shown, light and dark, wide and on a phone: accessible, and a picture of each. */
  async looks(page, where) {
    for (const [name, size] of Object.entries({ wide: WIDE, phone: PHONE }))
      for (const colorScheme of ["light", "dark"]) {
        await page.setViewportSize(size);
        await this.lit(page, colorScheme);
        await this.shot(page, `${where}-${name}-${colorScheme}`);
        await this.accessible(page, `${where} (${name}, ${colorScheme})`);
      }
    await page.setViewportSize(WIDE);
    await page.emulateMedia({ colorScheme: "light" });
  }

  /** The stage of another octi, with browsers of its own. */
  beside(octi) {
    return new Stage({ octi, browser: this.#browser, pages: this.pages, shots: this.shots });
  }

  /** The end of a story: nothing went wrong inside the pages, and no browser stays. */
  async clear() {
    const complaints = this.#complaints.splice(0);
    await this.close();
    assert.deepEqual(complaints, [], "nothing went wrong inside the pages");
  }

  async close() {
    for (const context of this.#contexts.splice(0)) await context.close();
  }

  /** Pictures of all that is open, when a story failed. */
  async failed(story) {
    const pages = this.#contexts.flatMap((context) => context.pages());
    for (const [index, page] of pages.entries())
      await this.shot(page, `failed-${story}-${index}`).catch(() => {});
  }
}

export const composer = (page) => page.getByRole("textbox", { name: "Message" });

/** Waits until the page may be typed into. */
export const ready = (page) => page.getByText("Enter sends").waitFor({ state: "attached", timeout: 60_000 });

/** Until nothing is written or done in this conversation. */
export const settled = (page) => page.getByRole("button", { name: "Send", exact: true }).waitFor();

/** What stands in the conversation, row by row, without what each screen tells at another time: durations, unless it says more. */
export const shown = async (page, passing = /\d+(\.\d+)? m?s/g) => {
  const rows = await page.getByRole("log").locator("[data-row]").allTextContents();
  return rows.map((row) => row.replaceAll(passing, ""));
};
