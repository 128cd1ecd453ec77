// A person who does not administer this octi: nothing is offered that the server refuses, and each page says so in words.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { composer, ready } from "../lib/stage.mjs";

const NAME = "grace";
const PATHS = [
  "/",
  "/chat",
  "/agents",
  "/tools",
  "/workspaces",
  "/models",
  "/permissions",
  "/secrets",
  "/notifications",
  "/profile",
  "/tokens",
];

export default async function story(stage) {
  const admin = await stage.person();
  await stage.tools(admin);
  if (!becomeTwo(stage))
    return console.log(
      "skipped: the second person of this story is written by sqlite3, which is not installed",
    );
  const { id: foreign } = await stage.api(admin, "POST", "/api/sessions", { title: "of the administrator" });
  const page = await stage.visitor();

  await stage.step("an ordinary person signs in and sees nothing of anybody else", async () => {
    await page.goto("/login");
    await page.getByLabel("User name").fill(NAME);
    await page.getByLabel("Password", { exact: true }).fill(stage.octi.account.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Dashboard" }).waitFor();
    assert.equal(await page.getByText("of the administrator").count(), 0);
    await page.goto(`/chat/${foreign}`);
    await page.getByText("This conversation is not there").waitFor();
    await stage.accessible(page, "a conversation of somebody else");
  });

  await stage.step("no page of theirs fails", async () => {
    for (const path of PATHS) {
      await page.goto(path);
      await page.getByRole("heading").first().waitFor();
      await page.waitForLoadState("networkidle");
      const problems = await page.getByRole("alert").allTextContents();
      assert.deepEqual(problems, [], path);
      await stage.accessible(page, `${path} of an ordinary person`);
    }
  });

  await stage.step("what is for administrators says so", async () => {
    await page.goto("/settings");
    await page.getByRole("link", { name: "Audit log" }).waitFor();
    assert.equal(await page.getByRole("link", { name: "Configuration" }).count(), 0);
    await page.goto("/settings?tab=configuration");
    await page.getByText("Only for administrators").waitFor();
    await stage.looks(page, "only-for-administrators");
    for (const path of ["/plugins", "/plugins/octi/filesystem"]) {
      await page.goto(path);
      await page.getByText("Administrators change plugins; you may look.").waitFor();
      await page.getByText("octi/filesystem").first().waitFor();
      for (const name of ["Install a file", "Reload all", "Reload", "Roll back", "Remove"])
        assert.equal(await page.getByRole("button", { name, exact: true }).count(), 0, `${name} on ${path}`);
      await stage.looks(page, path === "/plugins" ? "plugins-to-look" : "plugin-to-look");
    }
  });

  await stage.step("the server refuses on its own what the pages do not offer", async () => {
    await page.goto("/chat");
    await ready(page);
    await composer(page).fill("/re");
    await page.getByRole("listbox", { name: "Commands" }).waitFor();
    assert.equal(await page.getByRole("option").getByText("/reload-extensions").count(), 0);
    await composer(page).fill("");
    const { csrfToken } = await (await page.request.get("/api/auth/session")).json();
    const refused = await page.request.post("/api/plugins/reload", { headers: { "X-Octi-Csrf": csrfToken } });
    assert.equal(refused.status(), 403);
  });
}

/** Writes a second person with the password of the first. There is no other way yet to have one. */
function becomeTwo(stage) {
  const sql = `INSERT INTO users (id, username, password_hash, is_admin, is_active, created_at)
    SELECT randomblob(16), '${NAME}', password_hash, 0, 1, created_at FROM users WHERE username = '${stage.octi.account.name}'`;
  try {
    execFileSync("sqlite3", ["--version"]);
  } catch {
    return false;
  }
  execFileSync("sqlite3", ["-cmd", ".timeout 5000", join(stage.octi.home, "octi.db"), sql]);
  return true;
}
