// A channel that is told: requests come in, and each is answered. The place asks once whether this is really its address.

import { channel, Failed, plugin, Unavailable } from "@octi/plugin";
import * as http from "@octi/plugin/http";

/** What is written by programs comes from this plugin too, and must not be answered for ever. */
function messagesOf(events) {
  return events
    .filter(({ type, author }) => type === "post" && !author.is_bot)
    .map(({ id, thread, author, text }) => ({ id, conversation: thread, sender: author.id, senderName: author.name, text }));
}

const board = channel({
  webhook(request) {
    const told = request.json();
    if (typeof told.challenge === "string") return { reply: { contentType: "text/plain", body: told.challenge } };
    if (!Array.isArray(told.events)) throw new Failed("the request has no `events`");
    return { messages: messagesOf(told.events) };
  },

  send({ id, conversation, text, replyTo }) {
    const answer = http.post(`https://board.example/threads/${encodeURIComponent(conversation)}`, {
      headers: { authorization: "{{secret:board_key}}" },
      // The same id in every attempt, by which the board knows what it has.
      json: { key: id, text, reply_to: replyTo },
    });
    if (answer.ok) return answer.json().id;
    const problem = `the board answered with ${answer.status}`;
    throw answer.status === 429 || answer.status >= 500 ? new Unavailable(problem) : new Failed(problem);
  },
});

export default plugin(board);
