// What the stories of the SDK need: the host's clients, errors of every kind, and what must be contained.

import { BadInput, Failed, HostError, NeedsUser, output, plugin, schema, tool, Unavailable } from "@octi/plugin";
import * as http from "@octi/plugin/http";
import * as kv from "@octi/plugin/kv";
import * as log from "@octi/plugin/log";
import { workspace } from "@octi/plugin/fs";

const forecast = tool({
  name: "forecast",
  description: "The temperature of a city today; asked for once, remembered afterwards.",
  input: schema.object({ city: schema.string("The city.", { minLength: 1 }) }),
  output: schema.object({ celsius: schema.number(), is_remembered: schema.boolean() }),
  async run({ city }) {
    const known = kv.get(`city/${city}`);
    if (known !== undefined) return output({ celsius: known.value, is_remembered: true }, `${city}, as before`);
    log.progress(0.5, `asking for ${city}`);
    const answer = http.post("https://api.weather.example/today", {
      headers: { "x-api-key": "{{secret:weather_key}}" },
      json: { city },
    });
    if (!answer.ok) throw new Failed(`the service answered with ${answer.status}`);
    const { celsius } = await Promise.resolve(answer.json());
    kv.set(`city/${city}`, celsius, { expected: 0 });
    return output({ celsius, is_remembered: false }, `${celsius} °C in ${city}`);
  },
});

const diary = tool({
  name: "diary",
  description: "Adds a line to the diary and gives all of its lines.",
  input: schema.object({
    line: schema.string(),
    mood: schema.byDefault(schema.oneOf(["good", "bad"]), "good"),
    tags: schema.optional(schema.array(schema.string())),
  }),
  output: schema.array(schema.string()),
  run({ line, mood = "good", tags = [] }) {
    const files = workspace();
    let before = "";
    try {
      before = files.readText("diary/days.txt", 1 << 16);
    } catch (error) {
      if (!(error instanceof HostError && error.isNotFound)) throw error;
      files.makeDir("diary");
    }
    files.write("diary/days.txt", `${before}${mood}: ${[line, ...tags].join(" #")}\n`);
    return files.readText("diary/days.txt", 1 << 16).trimEnd().split("\n");
  },
});

const KINDS = { bad_input: BadInput, failed: Failed, needs_user: NeedsUser, unavailable: Unavailable };

const refuse = tool({
  name: "refuse",
  description: "Fails as it is told.",
  input: schema.object({ refusal: schema.object({ kind: schema.oneOf(Object.keys(KINDS)) }) }),
  run({ refusal: { kind } }) {
    throw new KINDS[kind](`refused as ${kind}`);
  },
});

const WAYS = {
  bug: () => null.of("the author's own"),
  memory: () => {
    const all = [];
    for (;;) all.push(new Uint8Array(1 << 20).fill(7));
  },
  cpu: () => {
    for (;;);
  },
  depth: function down() {
    return 1 + down();
  },
  promise: () => new Promise(() => {}),
  shape: () => ({ other: true }),
};

const breakDown = tool({
  name: "break_down",
  description: "Breaks down in one of the ways that must be contained.",
  input: schema.object({ by: schema.oneOf(Object.keys(WAYS)) }),
  output: schema.object({ never: schema.boolean() }),
  run: ({ by }) => WAYS[by](),
});

export default plugin(forecast, diary, refuse, breakDown);
