// Talks to octi with the official npm client. The answers of the model are scripted by `host/gateway/src/tests/openai/peers.rs`.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [, , peers, baseURL, apiKey] = process.argv;
const { default: OpenAI } = await import(pathToFileURL(createRequire(`${peers}/`).resolve("openai")));
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const model = "scripted";
const messages = [{ role: "user", content: "hi" }];
const parameters = { type: "object", properties: { at: { type: "string" } } };
const tools = [{ type: "function", function: { name: "weather", description: "Tells", parameters } }];

const models = [];
for await (const found of client.models.list()) models.push(found.id);
assert.deepEqual(models, [model]);
assert.equal((await client.models.retrieve(model)).owned_by, "openai");

const whole = await client.chat.completions.create({ model, messages });
assert.equal(whole.choices[0].message.content, "hello");
assert.equal(whole.usage.total_tokens, 15);

let text = "";
let usage = null;
const pieces = await client.chat.completions.create({ model, messages, stream: true, stream_options: { include_usage: true } });
for await (const chunk of pieces) {
    text += chunk.choices[0]?.delta.content ?? "";
    usage = chunk.usage ?? usage;
}
assert.equal(text, "hello");
assert.equal(usage.total_tokens, 15);

// The client's own loop: it runs the tool, sends the result, and asks again.
const asked = [];
const weather = { name: "weather", description: "Tells", parameters, parse: JSON.parse, function: ({ at }) => (asked.push(at), "sunny") };
const runner = client.chat.completions.runTools({ model, messages, stream: true, tools: [{ type: "function", function: weather }] });
assert.equal(await runner.finalContent(), "hello");
assert.deepEqual(asked, ["Rome"]);

const called = await client.chat.completions.create({ model, messages, tools, tool_choice: "required" });
assert.equal(called.choices[0].finish_reason, "tool_calls");
assert.deepEqual(JSON.parse(called.choices[0].message.tool_calls[0].function.arguments), { at: "Rome" });

const response = await client.responses.create({ model, input: "hi", instructions: "Be brief." });
assert.equal(response.output_text, "hello");
const streamed = await client.responses.stream({ model, input: "hi" }).finalResponse();
assert.equal(streamed.output_text, "hello");
const functions = [{ type: "function", name: "weather", parameters, strict: false }];
const wanted = await client.responses.stream({ model, input: "sunny?", tools: functions }).finalResponse();
assert.deepEqual([wanted.output[0].type, wanted.output[0].call_id], ["function_call", "c1"]);

const fails = async (request, kind, code) => {
    const error = await request.then(() => null, (error) => error);
    assert.ok(error instanceof kind, `${error}`);
    assert.equal(error.code, code);
};
// Without a format of its own, the client asks for Base64 and reads it.
const embedded = await client.embeddings.create({ model, input: ["the sun", "hi"], dimensions: 2 });
assert.deepEqual([embedded.data.map((found) => [...found.embedding]), embedded.usage.total_tokens], [[[7, 0.5], [2, 0.5]], 6]);
const floats = await client.embeddings.create({ model, input: "hi", encoding_format: "float" });
assert.deepEqual(floats.data[0].embedding, [2, 0.5]);
await fails(client.embeddings.create({ model: "talker", input: "hi" }), OpenAI.BadRequestError, "unsupported_value");
await fails(client.chat.completions.create({ model: "none", messages }), OpenAI.NotFoundError, "model_not_found");
await fails(client.chat.completions.create({ model, messages, n: 2 }), OpenAI.BadRequestError, "invalid_field");
const stranger = new OpenAI({ baseURL, apiKey: "octi_wrong", maxRetries: 0 });
await fails(stranger.models.list(), OpenAI.AuthenticationError, "invalid_api_key");
const broken = await client.chat.completions.create({ model, messages, stream: true });
await fails((async () => { for await (const _ of broken); })(), OpenAI.APIError, "unavailable");
