// The official client of the Model Context Protocol, as a program that knows octi's address and nothing else.
//
//   node oauth-client.mjs SDK URL
//
// It prints the address that a browser is to open, reads the address that the browser was sent back to, and prints as JSON what came of
// it: with the first tokens, with those it got for the refresh token, and after it gave everything back.
import { createInterface } from "node:readline/promises";
import { pathToFileURL } from "node:url";

const [sdk, address] = process.argv.slice(2);
const part = (path) => import(pathToFileURL(`${sdk}/dist/esm/${path}`).href);
const { auth, discoverOAuthServerInfo } = await part("client/auth.js");
const { Client } = await part("client/index.js");
const { StreamableHTTPClientTransport } = await part("client/streamableHttp.js");
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const kept = {};
const provider = {
  redirectUrl: "http://127.0.0.1:49152/cb",
  clientMetadata: {
    client_name: "The official client",
    redirect_uris: ["http://127.0.0.1:49152/cb"],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
  },
  state: () => "0.10",
  clientInformation: () => kept.client,
  saveClientInformation: (client) => { kept.client = client; },
  tokens: () => kept.tokens,
  saveTokens: (tokens) => { kept.tokens = tokens; },
  redirectToAuthorization: (url) => { console.log(url.href); },
  saveCodeVerifier: (verifier) => { kept.verifier = verifier; },
  codeVerifier: () => kept.verifier,
};

async function used() {
  const transport = new StreamableHTTPClientTransport(new URL(address), { authProvider: provider });
  const client = new Client({ name: "test", version: "1" });
  await client.connect(transport);
  const result = await client.callTool({ name: "notes__read", arguments: { text: "milk" } });
  await client.close();
  return result.structuredContent;
}

let refusal = null;
try {
  await used();
} catch (error) {
  refusal = error.constructor.name;
}
const { value: back } = await lines.next();
const answer = new URL(back).searchParams;
const finished = await auth(provider, {
  serverUrl: address,
  authorizationCode: answer.get("code"),
});
const first = await used();
// A token that ran out: the client sees the 401 and renews it by itself.
kept.tokens = { ...kept.tokens, access_token: "octi_oat_ran-out" };
const second = await used();
const { authorizationServerMetadata: metadata } = await discoverOAuthServerInfo(address);
const given = new URLSearchParams({ token: kept.tokens.refresh_token, client_id: kept.client.client_id });
const revoked = await fetch(metadata.revocation_endpoint, { method: "POST", body: given });
console.log(JSON.stringify({ refusal, finished, state: answer.get("state"), first, second, revoked: revoked.status, scope: kept.tokens.scope }));
process.exit(0);
