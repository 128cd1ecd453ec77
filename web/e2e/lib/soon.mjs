// Stands in for the parts of a server that does not have them yet: settings, side questions.
// Everything else goes to the real octi.

const ID = "00000000-0000-7000-8000-00000000000";

const SETTINGS = [
  {
    key: "agent.iterations_max",
    category: "agent",
    kind: "number",
    description: "how often a turn may ask the model",
    value: 50,
    default: 50,
    source: "default",
    secret: false,
    isSet: false,
    envVar: "OCTI_ITERATIONS_MAX",
    readOnly: false,
    effective: "at_once",
    minimum: 1,
    maximum: 1000,
  },
  {
    key: "network.private_targets",
    category: "network",
    kind: "string_array",
    description: "hosts and networks that are not public and that plugins whose grant names them may reach",
    value: ["wiki.corp:443", "10.1.0.0/16:443"],
    default: [],
    source: "file",
    secret: false,
    isSet: true,
    readOnly: false,
    effective: "at_once",
  },
  {
    key: "logging.filter",
    category: "logging",
    kind: "string",
    description: "what is written into the log",
    value: "info",
    default: "info",
    source: "database",
    secret: false,
    isSet: true,
    readOnly: false,
    effective: "at_next_start",
    allowed: ["error", "warn", "info", "debug", "trace"],
    problem: "`loud` is no level",
  },
  {
    key: "store.database_url",
    category: "store",
    kind: "string",
    description: "the database",
    value: null,
    default: null,
    source: "environment",
    secret: true,
    isSet: true,
    envVar: "DATABASE_URL",
    readOnly: true,
    readOnlyReason: "it is needed before anything stored can be read; set `DATABASE_URL`",
    effective: "at_next_start",
  },
];

/** Answers for the REST routes of this page; the returned object says what was asked for. */
export async function standIn(page) {
  const seen = { settings: structuredClone(SETTINGS) };
  const failure = (status, message, path) => ({
    status,
    json: { error: { code: "InvalidField", message, path, request_id: "r-1" } },
  });
  await page.route("**/api/settings", (route) => route.fulfill({ json: { items: seen.settings } }));
  await page.route("**/api/settings/*", (route) => {
    const key = decodeURIComponent(new URL(route.request().url()).pathname.split("/").at(-1));
    const setting = seen.settings.find((one) => one.key === key);
    if (route.request().method() === "DELETE")
      Object.assign(setting, { value: setting.default, source: "default", isSet: false, problem: null });
    else {
      const { value } = route.request().postDataJSON();
      if (value === 13) return route.fulfill(failure(400, "13 brings no luck; take another number", "value"));
      Object.assign(setting, { value, source: "database", isSet: true });
    }
    return route.fulfill({ json: setting });
  });
  await page.routeWebSocket("**/gateway", (ours) => besides(ours));
  return seen;
}

/** Lets the page think that side questions are known, and answers the questions. */
function besides(ours) {
  const server = ours.connectToServer();
  const said = (id, sessionId, payload) =>
    ours.send(
      JSON.stringify({
        type: "event",
        event: {
          type: "chat.message",
          id,
          sessionId,
          source: "agents",
          userId: ID,
          timestamp: new Date(),
          payload,
        },
      }),
    );
  server.onMessage((text) => {
    const frame = JSON.parse(text);
    if (frame.type === "auth_ok") frame.capabilities.push("chat.interject");
    ours.send(JSON.stringify(frame));
  });
  ours.onMessage((text) => {
    const frame = JSON.parse(text);
    if (frame.type === "chat.interject") {
      const side = { role: "user", text: frame.content, messageId: `${ID}7`, sideChannel: true };
      said(`${ID}8`, frame.sessionId, side);
      const answer = { role: "assistant", text: "It waits for **you**.", messageId: `${ID}9` };
      said(`${ID}9`, frame.sessionId, { ...answer, sideChannel: true, answers: `${ID}7` });
      return;
    }
    server.send(JSON.stringify(frame));
  });
}
