import assert from "node:assert/strict";
import { test } from "node:test";
import { channel, Failed, NeedsUser, plugin, Unavailable } from "@octi/plugin";
import { channel as made } from "@octi/plugin/guest";

const MESSAGE = { id: 7, conversation: "r", sender: "ada", text: "hello" };
const RAW = { id: "7", conversation: "r", sender: "ada", senderName: undefined, text: "hello", extras: undefined };
const of = (work) => made(plugin(channel({ send: () => undefined, ...work })));

test("a poll goes on from its cursor, and stays there when nothing is said", async () => {
  const polled = await of({ poll: (cursor) => ({ messages: [MESSAGE], cursor: `${cursor}+1`, more: true }) }).onPoll("6");
  assert.deepEqual(polled, { messages: [RAW], cursor: "6+1", more: true });
  assert.deepEqual(await of({}).onPoll("6"), { messages: [], cursor: "6", more: false });
  assert.deepEqual(await of({ poll: async () => undefined }).onPoll(undefined), { messages: [], cursor: undefined, more: false });
});

test("a request is read and answered", async () => {
  const request = (body) => ({ method: "POST", path: "/in", headers: [["x-a", "b"]], body: new TextEncoder().encode(body) });
  const hears = of({ webhook: (asked) => ({ messages: [asked.json()], reply: { contentType: asked.header("x-a"), body: "ok" } }) });
  const heard = await hears.onWebhook(request(JSON.stringify(MESSAGE)));
  assert.deepEqual(heard, { messages: [RAW], reply: { status: 200, contentType: "b", body: "ok" } });
  assert.deepEqual(await hears.onWebhook(request("{")).catch((raw) => raw), { tag: "rejected", val: "the request is not JSON" });
  const deaf = await of({}).onWebhook(request("{}")).catch((raw) => raw);
  assert.deepEqual(deaf, { tag: "rejected", val: "this channel takes no requests" });
});

test("an error of sending says what the host does about it", async () => {
  const sent = { id: "1", conversation: "r", text: "hi", replyTo: undefined, extras: undefined };
  const sending = (send) => of({ send }).send(sent).catch((raw) => raw);
  assert.equal(await sending(({ id }) => `sent-${id}`), "sent-1");
  assert.equal(await sending(() => undefined), undefined);
  const thrown = (error) => sending(() => Promise.reject(error));
  assert.deepEqual(await thrown(new Unavailable("busy")), { tag: "unavailable", val: "busy" });
  assert.deepEqual(await thrown(new NeedsUser("sign in")), { tag: "needs-user", val: "sign in" });
  assert.deepEqual(await thrown(new Failed("no such room")), { tag: "rejected", val: "no such room" });
  assert.deepEqual(await thrown(new TypeError("inside")), { tag: "other", val: "the plugin failed unexpectedly; its log says where" });
});

test("a channel that cannot send is refused when the component is built", () => {
  assert.throws(() => channel({ poll: () => undefined }), /the channel's `send` is not a function/);
});
