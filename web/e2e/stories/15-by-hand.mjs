// What a hand does beside writing: stop, steer, complete, drop a file, try a tool, change a plugin.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SlowModel } from "../lib/slow-model.mjs";
import { composer, ready, settled } from "../lib/stage.mjs";

export default async function story(stage) {
  const page = await stage.person();
  await stage.tools(page);
  await turns(stage, page);
  await stage.step("a command is completed and sent by keys alone", () => complete(page));
  await stage.step("a file is dropped onto the page", () => drop(stage, page));
  await stage.step("a tool is tried by hand, and asks when it must", () => tried(stage, page));
  await plugins(stage, page);
}

const log = (page) => page.getByRole("log");

async function turns(stage, page) {
  const model = new SlowModel();
  const endpoint = await model.start();
  const added = { name: "slow", provider: "openai-compatible", modelId: "slow", endpoint };
  await stage.api(page, "POST", "/api/models", added);
  const write = async (words) => {
    for (let word = 0; word < words; word += 1) {
      while (model.waiting === 0) await page.waitForTimeout(20);
      model.goOn();
    }
  };
  try {
    await stage.step("a turn is steered: what is said goes to the model that works", async () => {
      await page.goto("/chat");
      await ready(page);
      await page.getByRole("combobox", { name: "Model" }).selectOption("slow");
      model.says("One and two. ", false);
      await composer(page).fill("count to two");
      await composer(page).press("Enter");
      await page.waitForURL(/\/chat\/.+/);
      await write(2);
      await log(page).getByText("One and").waitFor();
      await composer(page).fill("and then to three");
      await composer(page).press("Enter");
      await log(page).getByText("and then to three").waitFor();
      await stage.shot(page, "steered");
      model.says("Three. ");
      await write(1);
      await log(page).getByText("Three.").waitFor();
      const last = model.asked
        .at(-1)
        .messages.filter(({ role }) => role === "user")
        .at(-1);
      assert.match(JSON.stringify(last.content), /and then to three/);
      assert.equal(await log(page).getByText("and then to three").count(), 1, "it stands there once");
      await settled(page);
    });

    await stage.step("a turn is stopped, and what it wrote stays", async () => {
      model.says("A very long story that nobody wants to hear. ", false);
      await composer(page).fill("tell me a story");
      await composer(page).press("Enter");
      await write(3);
      await log(page).getByText("A very long").waitFor();
      await page.keyboard.press("Control+.");
      await page.getByText("You stopped this turn.").waitFor();
      await settled(page);
      assert.equal(await log(page).getByText("A very long").count(), 1);
      await page.reload();
      await page.getByText("You stopped this turn.").waitFor();
      await stage.shot(page, "stopped");
    });
  } finally {
    model.stop();
  }
  await stage.api(page, "DELETE", "/api/models/slow");
}

async function complete(page) {
  await page.goto("/chat");
  await ready(page);
  await composer(page).pressSequentially("/co");
  const options = page.getByRole("listbox", { name: "Commands" }).getByRole("option");
  await options.first().waitFor();
  const names = await options.locator("code").allTextContents();
  assert(names.includes("/cost") && names.includes("/compact"), names.join(" "));
  for (let step = names.indexOf("/cost"); step > 0; step -= 1) await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Tab");
  assert.equal(await composer(page).inputValue(), "/cost ");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/chat\/.+/);
  await log(page).getByText("0 model calls: 0 tokens read").waitFor();
  await composer(page).pressSequentially("/sta");
  await page.keyboard.press("Escape");
  await options.first().waitFor({ state: "detached" });
  assert.equal(await composer(page).inputValue(), "/sta", "Escape closes the list and keeps the text");
  await composer(page).fill("");
}

async function drop(stage, page) {
  await page.goto("/chat");
  await ready(page);
  const fire = (names) =>
    page.evaluate((types) => {
      window.dropped ??= (() => {
        const data = new DataTransfer();
        data.items.add(new File(["of the sea"], "sea.txt", { type: "text/plain" }));
        return data;
      })();
      for (const type of types)
        document.body.dispatchEvent(
          new DragEvent(type, { dataTransfer: window.dropped, bubbles: true, cancelable: true }),
        );
    }, names);
  await fire(["dragenter", "dragover"]);
  await page.getByText("Let go to attach the files").waitFor();
  await stage.accessible(page, "a file over the page");
  await stage.shot(page, "drop");
  await fire(["drop"]);
  await page.getByText("Let go to attach the files").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Remove sea.txt" }).waitFor();
  await composer(page).fill("list the files of the workspace");
  await page.getByText("Enter sends").waitFor();
  await composer(page).press("Enter");
  await page.waitForURL(/\/chat\/.+/);
  await page.getByRole("list", { name: "Files of this message" }).getByText("sea.txt").waitFor();
}

async function tried(stage, page) {
  await page.goto("/tools?tool=filesystem__write_file");
  await page.getByRole("textbox", { name: "path" }).fill("by-hand.md");
  await page.getByRole("textbox", { name: "content" }).fill("written by hand");
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await page.getByRole("button", { name: "Allow it once and run" }).waitFor();
  await stage.accessible(page, "a tool that asks");
  await page.getByRole("button", { name: "Allow it once and run" }).click();
  await page.getByRole("heading", { name: "Result" }).waitFor();
  // What was tried is no loss any more.
  await page.getByRole("button", { name: "read_file" }).click();
  await page.getByRole("textbox", { name: "path" }).fill("by-hand.md");
  await page.keyboard.press("Control+Enter");
  await page.getByRole("heading", { name: "Result" }).waitFor();
  await page.getByText("written by hand").first().waitFor();
  await stage.accessible(page, "the result of a tool");
  await stage.shot(page, "tool-result");
}

async function plugins(stage, page) {
  const folder = mkdtempSync(join(tmpdir(), "octi-e2e-role-"));
  const [old, next] = ["0.1.0", "0.2.0"].map((version) => role(stage.octi.binary, folder, version));
  const state = (text) => page.getByText(text, { exact: true }).first().waitFor();
  const install = async (file) => {
    await page.goto("/plugins");
    await page.getByRole("button", { name: "Install a file" }).click();
    await page.getByRole("dialog").locator("input[type=file]").setInputFiles(file);
    await page.getByRole("button", { name: "Install", exact: true }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
  };
  try {
    await stage.step("a plugin is installed, and a newer one takes its place", async () => {
      await install(old);
      await install(next);
      await page.goto("/plugins/stories/teller");
      await state("0.2.0");
    });
    await stage.step("it is loaded again, and rolled back", async () => {
      await page.getByRole("button", { name: "Reload" }).click();
      await page.getByText("is loaded again.").waitFor();
      await page.getByRole("button", { name: "Roll back" }).click();
      await page.getByRole("dialog", { name: "Go back to 0.1.0?" }).waitFor();
      await stage.shot(page, "rollback");
      await page.getByRole("dialog").getByRole("button", { name: "Roll back" }).click();
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await state("0.1.0");
      await stage.accessible(page, "a plugin that was rolled back");
      await stage.shot(page, "rolled-back");
    });
    await stage.step("all are loaded again, and it is removed", async () => {
      await page.goto("/plugins");
      await page.getByRole("button", { name: "Reload all" }).click();
      await page.getByText("plugins are loaded.").waitFor();
      await page.goto("/plugins/stories/teller");
      await page.getByRole("button", { name: "Remove" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
      await page.waitForURL("**/plugins");
      await page.getByRole("link", { name: "stories/teller" }).waitFor({ state: "detached" });
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A role of its own version, packed by the octi under test. */
function role(binary, folder, version) {
  writeFileSync(
    join(folder, "plugin.toml"),
    `id = "stories/teller"
version = "${version}"
wit = "1.0"
description = "Tells stories."
license = "MIT"
kinds = ["role"]

[role]
name = "teller"
purpose = "Tell stories."
tools = []
core_tools = []
topic = "chat"
read_only = true
`,
  );
  writeFileSync(join(folder, "prompt.md"), `Tell a story. This is version ${version}.\n`);
  const file = join(folder, `teller-${version}.wasm`);
  execFileSync(binary, ["plugin", "pack", folder, "--output", file], { stdio: "pipe" });
  return file;
}
