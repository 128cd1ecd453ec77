// A program that knows octi's address and nothing else asks a person, gets in, and is let out again.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";

/** The program: it registers, listens where it is sent back to, and takes its tokens. */
class Program {
  back = [];
  #server = createServer((request, response) => {
    if (request.url.startsWith("/cb")) this.back.push(new URL(request.url, this.at).searchParams);
    response.end("<title>Editor</title>You may close this page.");
  });

  async start(octi) {
    this.octi = octi;
    await new Promise((listens) => this.#server.listen(0, "127.0.0.1", listens));
    this.at = `http://127.0.0.1:${this.#server.address().port}`;
    const said = { client_name: "Editor", redirect_uris: ["http://127.0.0.1/cb"] };
    const answer = await fetch(`${octi}/oauth/register`, { method: "POST", body: JSON.stringify(said) });
    this.id = (await answer.json()).client_id;
  }

  asks(changes = {}) {
    this.verifier = randomBytes(32).toString("base64url");
    const query = new URLSearchParams({
      client_id: this.id,
      response_type: "code",
      redirect_uri: `${this.at}/cb`,
      state: "0.10",
      code_challenge: createHash("sha256").update(this.verifier).digest("base64url"),
      code_challenge_method: "S256",
      resource: `${this.octi}/mcp`,
      ...changes,
    });
    return `/oauth/authorize?${query}`;
  }

  async tokens(code) {
    const form = { grant_type: "authorization_code", client_id: this.id, code, code_verifier: this.verifier };
    const answer = await fetch(`${this.octi}/oauth/token`, {
      method: "POST",
      body: new URLSearchParams(form),
    });
    return answer.json();
  }

  stop = () => this.#server.close();
}

export default async function story(stage) {
  const program = new Program();
  await program.start(stage.octi.url);
  try {
    await letIn(stage, program);
  } finally {
    program.stop();
  }
}

async function letIn(stage, program) {
  const page = await stage.visitor();
  await (await stage.person()).close();
  const { name, password } = stage.octi.account;

  await stage.step("who is not signed in signs in first and comes back to the question", async () => {
    await page.goto(program.asks());
    await page.getByLabel("User name").fill(name);
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Let Editor in?" }).waitFor();
    await page.getByText("a program on the machine of this browser").waitFor();
    await stage.looks(page, "let-in");
  });

  await stage.step("a yes leads back with a code and the program's own words", async () => {
    await page.getByRole("radio", { name: /Read, and no more/ }).check();
    await page.getByRole("button", { name: "Let it in" }).click();
    await page.waitForURL(/\/cb\?/);
    const [told] = program.back.splice(0);
    assert.equal(told.get("state"), "0.10", "letter for letter");
    assert.equal(told.get("iss"), stage.octi.url);
    const given = await program.tokens(told.get("code"));
    assert.equal(given.scope, "mcp:read", JSON.stringify(given));
  });

  await stage.step("the page of tokens has it, and ends it", async () => {
    await page.goto(`${stage.octi.url}/tokens`);
    await page.getByText("Editor", { exact: true }).waitFor();
    await page.getByText("reads only").waitFor();
    await stage.looks(page, "let-in-tokens");
    const card = page.locator("section", { hasText: "Programs that were let in" });
    await card.getByRole("button", { name: "Revoke" }).click();
    await page
      .getByRole("dialog", { name: "Let Editor out?" })
      .getByRole("button", { name: "Revoke" })
      .click();
    await page.getByText("None. A program that speaks MCP").waitFor();
  });

  await stage.step("a no, and what is wrong, are told to the program", async () => {
    await page.goto(program.asks());
    await page.getByRole("button", { name: "No", exact: true }).click();
    await page.waitForURL(/\/cb\?/);
    assert.equal(program.back.splice(0)[0].get("error"), "access_denied");
    await page.goto(`${stage.octi.url}${program.asks({ code_challenge_method: "plain" })}`);
    await page.getByRole("heading", { name: "This program cannot be let in" }).waitFor();
    await stage.looks(page, "let-in-wrong");
    await page.getByRole("button", { name: "Back to 127.0.0.1" }).click();
    await page.waitForURL(/\/cb\?/);
    assert.equal(program.back.splice(0)[0].get("error"), "invalid_request");
  });

  await stage.step("nobody is led to an address that the program did not name", async () => {
    await page.goto(`${stage.octi.url}${program.asks({ redirect_uri: "https://evil.example/cb" })}`);
    await page.getByText("did not register").waitFor();
    assert.equal(await page.getByRole("button", { name: /Back to/ }).count(), 0);
    await stage.looks(page, "let-in-unknown");
  });
}
