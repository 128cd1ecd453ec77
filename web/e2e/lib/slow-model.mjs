// A server that speaks the OpenAI API and writes as slowly as a story wants: word by word, when it is told to go on.
import { createServer } from "node:http";

export class SlowModel {
  #server = createServer((request, response) => void this.#answer(request, response));
  #waiting = [];
  #words = [];
  #open = true;
  /** What was asked, newest last: the bodies. */
  asked = [];

  /** Resolves with the address that octi is given. */
  async start() {
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${this.#server.address().port}/v1`;
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** The words of the next answers, and whether they come at once. */
  says(text, open = true) {
    this.#words = text.split(/(?<= )/);
    this.#open = open;
  }

  /** Lets an answer that waits write its next words. */
  goOn(words = 1) {
    for (const next of this.#waiting.splice(0)) next(words);
  }

  /** How many answers wait for `goOn`. */
  get waiting() {
    return this.#waiting.length;
  }

  async #answer(request, response) {
    let text = "";
    for await (const piece of request) text += piece;
    if (!request.url.endsWith("/chat/completions")) {
      response.setHeader("content-type", "application/json");
      return response.end(JSON.stringify({ object: "list", data: [{ id: "slow", object: "model" }] }));
    }
    this.asked.push(JSON.parse(text));
    response.setHeader("content-type", "text/event-stream");
    const write = (delta, finish = null, usage = undefined) =>
      response.write(
        `data: ${JSON.stringify({ id: "c1", object: "chat.completion.chunk", created: 0, model: "slow", choices: [{ index: 0, delta, finish_reason: finish }], ...(usage && { usage }) })}\n\n`,
      );
    write({ role: "assistant", content: "" });
    let allowed = this.#open ? Number.POSITIVE_INFINITY : 0;
    for (const word of [...this.#words]) {
      while (allowed === 0 && !response.destroyed)
        allowed = await new Promise((resolve) => this.#waiting.push(resolve));
      if (response.destroyed) return;
      allowed -= 1;
      write({ content: word });
    }
    write({}, "stop", { prompt_tokens: 10, completion_tokens: this.#words.length, total_tokens: 20 });
    response.end("data: [DONE]\n\n");
  }
}
