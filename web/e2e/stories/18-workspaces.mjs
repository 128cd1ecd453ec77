// Two workspaces of a person: made on their page, chosen for new conversations, and changed above a conversation.
import assert from "node:assert/strict";
import { composer, ready } from "../lib/stage.mjs";

const forNew = (page) => page.getByRole("combobox", { name: "Workspace for new conversations" }).first();
const ofThis = (page) => page.getByRole("combobox", { name: "Workspace of this conversation" });
const shown = (select) => select.evaluate((element) => element.selectedOptions[0].textContent);

export default async function story(stage) {
  const page = await stage.person();
  await stage.tools(page);

  await stage.step("a workspace is made and offered everywhere", async () => {
    await page.goto("/workspaces");
    await page.getByRole("button", { name: "New workspace" }).click();
    const dialog = page.getByRole("dialog", { name: "New workspace" });
    await dialog.getByLabel("Name", { exact: true }).fill("Tax & Co.");
    await dialog.getByRole("button", { name: "Keep" }).click();
    await page.getByRole("cell", { name: "tax-co", exact: true }).waitFor();
    await forNew(page).waitFor();
    await stage.shot(page, "workspaces");
    await stage.accessible(page, "the workspaces");
  });

  await stage.step("a conversation begins where was chosen, and says so", async () => {
    await page.goto("/chat");
    await ready(page);
    await forNew(page).selectOption({ label: "Tax & Co." });
    await composer(page).fill("list the files of the workspace");
    await composer(page).press("Enter");
    await page.waitForURL(/\/chat\/.+/);
    await ofThis(page).waitFor();
    assert.equal(await shown(ofThis(page)), "Tax & Co.");
    await page.getByRole("button", { name: "Copy the answer" }).waitFor({ state: "attached" });
    await stage.shot(page, "workspace-of-a-conversation");
    await stage.accessible(page, "a conversation with its workspace");
  });

  await stage.step("it goes on elsewhere, and what is removed is the default again", async () => {
    const id = new URL(page.url()).pathname.split("/").at(-1);
    const { items } = await stage.api(page, "GET", "/api/me/workspaces");
    const [first, tax] = [items.find((one) => one.isDefault), items.find((one) => one.slug === "tax-co")];
    await ofThis(page).selectOption(first.id);
    await page.waitForFunction(
      async ([id, workspace]) =>
        (await (await fetch(`/api/sessions/${id}`)).json()).workspaceId === workspace,
      [id, first.id],
    );
    await stage.api(page, "PATCH", `/api/sessions/${id}`, { workspaceId: tax.id });
    await stage.api(page, "DELETE", `/api/me/workspaces/${tax.id}`);
    await page.waitForFunction(
      async (id) => (await (await fetch(`/api/sessions/${id}`)).json()).workspaceId === undefined,
      id,
    );
  });
}
