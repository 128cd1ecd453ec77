// The exports of a component, made from a plugin. The build puts this around the author's module; nobody else needs it.

import { ToolError } from "./errors.js";
import { Output } from "./output.js";
import { Block, Channel, Hook, Rewrite, WebhookRequest } from "./parts.js";
import { BUG, bug, speak } from "./serve.js";

/** What the bindings take for the error of a `result`. */
function bindingsError(tag, val) {
  return { tag, val };
}

/** The interface `octi:plugin/tools`. */
export function tools(plugin) {
  const known = new Map((plugin?.tools ?? []).map((tool) => [tool.name, tool]));
  if (known.size === 0) {
    throw new TypeError("the default export of `src/plugin.js` has no tools: write `export default plugin(tool({…}));`");
  }
  return {
    describe() {
      return [...known.values()].map(({ name, description, input, output }) => ({
        name,
        description,
        inputSchema: JSON.stringify(input),
        outputSchema: output === undefined ? undefined : JSON.stringify(output),
      }));
    },

    async call(name, text) {
      speak();
      const tool = known.get(name);
      if (tool === undefined) throw bindingsError("bad-input", `there is no operation \`${name}\``);
      try {
        return reply(await tool.run(JSON.parse(text)));
      } catch (error) {
        if (error instanceof ToolError) throw bindingsError(error.tag, error.message);
        bug(name, error);
        throw bindingsError("internal", BUG);
      }
    },
  };
}

function reply(result) {
  const { content, summary } = result instanceof Output ? result : { content: result, summary: undefined };
  return { content: json(content ?? null, "the result"), summary: summary === undefined ? undefined : String(summary) };
}

function json(value, what) {
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`${what} has no JSON form`);
  return text;
}

/** The one part of a plugin that is of that class. */
function only(plugin, of, what, how) {
  const found = (plugin?.parts ?? []).filter((part) => part instanceof of);
  if (found.length === 1) return found[0];
  const count = found.length === 0 ? `no ${what}` : `${found.length} ${what}s`;
  throw new TypeError(`plugin.toml has \`[${what}]\`, but the default export of \`src/plugin.js\` has ${count}: write one, \`${how}\``);
}

/** The interface `octi:plugin/hook`. */
export function hook(plugin) {
  const { watch } = only(plugin, Hook, "hook", "export default plugin(hook((event) => …));");
  return {
    async onEvent({ name, details }) {
      speak();
      try {
        return verdict(await watch(eventOf(name, JSON.parse(details))));
      } catch (error) {
        if (error instanceof ToolError) throw error.message;
        bug(name, error);
        throw BUG;
      }
    },
  };
}

/** An event as an author reads it: `tool.before` has `callId`, `tool`, `arguments` and so on. */
function eventOf(name, details) {
  const fields = Object.entries(details).map(([key, value]) => [key.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase()), value]);
  return { ...Object.fromEntries(fields), name };
}

function verdict(said) {
  if (said === undefined || said === null) return { tag: "go-on" };
  if (said instanceof Block) return { tag: "block", val: said.reason };
  if (said instanceof Rewrite) return { tag: "rewrite", val: json(said.arguments, "what the hook rewrote the arguments to") };
  throw new TypeError("a hook gives nothing to let things go on, or what `block` or `rewrite` gives");
}

/** What the host does about an error of a channel. */
const OF_CHANNEL = { unavailable: "unavailable", "needs-user": "needs-user", failed: "rejected", "bad-input": "rejected" };

/** The interface `octi:plugin/channel`. */
export function channel(plugin) {
  const made = only(plugin, Channel, "channel", "export default plugin(channel({ send }));");
  const asked = async (what, work) => {
    speak();
    try {
      return await work();
    } catch (error) {
      if (error instanceof ToolError && error.tag in OF_CHANNEL) throw bindingsError(OF_CHANNEL[error.tag], error.message);
      bug(what, error);
      throw bindingsError("other", BUG);
    }
  };
  return {
    onPoll: (cursor) =>
      asked("poll", async () => {
        const { messages = [], cursor: next = cursor, more = false } = (await made.poll(cursor)) ?? {};
        return { messages: messages.map(incoming), cursor: next ?? undefined, more };
      }),
    onWebhook: (request) =>
      asked("webhook", async () => {
        const { messages = [], reply } = (await made.webhook(new WebhookRequest(request))) ?? {};
        const { status = 200, contentType, body = "" } = reply ?? {};
        return { messages: messages.map(incoming), reply: reply === undefined ? undefined : { status, contentType, body } };
      }),
    send: ({ id, conversation, text, replyTo }) =>
      asked("send", async () => {
        const sent = await made.send({ id, conversation, text, replyTo });
        return sent === undefined || sent === null ? undefined : String(sent);
      }),
  };
}

function incoming({ id, conversation, sender, senderName, text }) {
  const name = senderName === undefined || senderName === null ? undefined : String(senderName);
  return { id: String(id), conversation: String(conversation), sender: String(sender), senderName: name, text: String(text), extras: undefined };
}
