// Every page, light and dark, wide and on a phone, with what opens over it: nothing in the way of a person who reads with
// other means than eyes, or with weak ones.
import { composer, PHONE, ready, WIDE } from "../lib/stage.mjs";

const SCREENS = [
  { name: "wide", viewport: WIDE },
  { name: "phone", viewport: PHONE, hasTouch: true, isMobile: true },
];
const SCHEMES = ["light", "dark"];

const PATHS = [
  "/",
  "/chat",
  "/agents",
  "/tools",
  "/tools?tool=filesystem__write_file",
  "/plugins",
  "/skills",
  "/plugins/octi/filesystem",
  "/workspaces",
  "/mcp-servers",
  "/models",
  "/permissions",
  "/secrets",
  "/settings",
  "/settings?tab=configuration",
  "/settings?tab=audit",
  "/notifications",
  "/profile",
  "/tokens",
  "/no-such-page",
];

export default async function story(stage) {
  const { page: first, sessionId, agentId } = await conversation(stage);
  await stage.api(first, "PUT", "/api/secrets/example", { value: "a secret" });
  const { id: example } = await stage.api(first, "POST", "/api/me/workspaces", { name: "Example" });
  await stage.api(first, "POST", "/api/auth/api-tokens", { name: "laptop", expiresInDays: 7 });
  await stage.api(first, "PUT", "/api/tools/permissions", { rule: "shell(git status:*)", level: "allow" });

  for (const { name, ...screen } of SCREENS) {
    const page = await stage.person({ ...screen, reducedMotion: "reduce" });
    const look = async (what) => {
      await page.waitForLoadState("networkidle");
      for (const colorScheme of SCHEMES) {
        await stage.lit(page, colorScheme);
        const where = `${name}-${colorScheme}`;
        const short = what.replaceAll(/[^a-z]+/gi, "-").replace(/^-|-$/g, "") || "dashboard";
        await stage.shot(page, `${where}-${short}`);
        await stage.accessible(page, `${what} (${where})`);
      }
    };
    await stage.step(`every page, ${name}`, async () => {
      for (const path of [...PATHS, `/agents/${agentId}`]) {
        await page.goto(path);
        await page.getByRole("heading").first().waitFor();
        await look(path === `/agents/${agentId}` ? "/agent" : path);
      }
      await page.goto(`/chat/${sessionId}`);
      await page.getByRole("button", { name: /Once/ }).waitFor();
      await look("permission card");
      const folded = page.getByRole("log").getByRole("button", { expanded: false });
      while ((await folded.count()) > 0) await folded.first().click();
      await look("tool calls unfolded");
    });
    await stage.step(`what opens over a page, ${name}`, () => overlays(page, look, name === "phone"));
    await page.context().close();
  }
  await first.goto(`/chat/${sessionId}`);
  await first.getByRole("button", { name: /Deny/ }).click();
  await stage.api(first, "DELETE", `/api/me/workspaces/${example}`);
}

/** A conversation with an answer, and a question that stays open. */
async function conversation(stage) {
  const page = await stage.person();
  await stage.tools(page);
  await page.goto("/chat");
  await ready(page);
  await composer(page).fill("list the files of the workspace");
  await composer(page).press("Enter");
  await page.waitForURL(/\/chat\/.+/);
  await page.getByRole("button", { name: "Copy the answer" }).waitFor({ state: "attached" });
  await composer(page).fill("delete the file hello.md");
  await composer(page).press("Enter");
  await page.getByRole("button", { name: /Once/ }).waitFor();
  const sessionId = new URL(page.url()).pathname.split("/").at(-1);
  const { items } = await stage.api(page, "GET", `/api/agents?sessionId=${sessionId}`);
  return { page, sessionId, agentId: items.at(-1).id };
}

const DIALOGS = [
  ["/secrets", "Add a secret"],
  ["/secrets", "Remove"],
  ["/workspaces", "New workspace"],
  ["/workspaces", "Remove"],
  ["/tokens", "Make a token"],
  ["/models", "Add a model"],
  ["/plugins", "Install a file"],
];

async function overlays(page, look, phone) {
  for (const [path, button] of DIALOGS) {
    await page.goto(path);
    await page.getByRole("button", { name: button }).first().click();
    await page.getByRole("dialog").waitFor();
    await look(`dialog ${button}`);
    await page.keyboard.press("Escape");
  }
  await page.goto("/agents");
  await page.getByRole("button", { name: "Columns" }).click();
  await look("columns");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+Shift+f");
  await page.getByRole("dialog").getByRole("combobox").fill("zebra");
  await look("search of messages");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").getByRole("combobox").fill("to");
  await look("palette");
  await page.keyboard.press("Escape");
  await page.goto("/chat");
  await ready(page);
  await page.getByRole("heading").first().click();
  await page.keyboard.press("?");
  await page.getByRole("dialog").waitFor();
  await look("keys");
  await page.keyboard.press("Escape");
  await composer(page).fill("/");
  await page.getByRole("listbox").waitFor();
  await look("commands");
  await composer(page).fill("");
  if (!phone) return;
  await page.getByRole("button", { name: "Open the menu" }).click();
  await look("menu");
}
