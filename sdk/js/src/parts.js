// What `plugin` is made of beside tools, as the exports of a component know it.

import { toText } from "./bytes.js";
import { Failed } from "./errors.js";

/** A function that watches. */
export class Hook {
  constructor(watch) {
    this.watch = watch;
  }
}

/** The call is refused. */
export class Block {
  constructor(reason) {
    this.reason = reason;
  }
}

/** The call is made with other arguments. */
export class Rewrite {
  constructor(values) {
    this.arguments = values;
  }
}

/** What brings messages and sends them. */
export class Channel {
  constructor({ poll, webhook, send }) {
    this.poll = poll;
    this.webhook = webhook;
    this.send = send;
    Object.freeze(this);
  }
}

/** A request to the channel's address, whose signature the host has checked. */
export class WebhookRequest {
  constructor({ method, path, headers, body }) {
    this.method = method;
    /** What follows the address: a path and a query, or nothing. */
    this.path = path;
    this.headers = headers;
    this.body = body;
  }

  /** The first header of that name, in lower case; undefined when there is none. */
  header(name) {
    return this.headers.find(([known]) => known === name)?.[1];
  }

  text() {
    return toText(this.body, "the request");
  }

  json() {
    const text = this.text();
    try {
      return JSON.parse(text);
    } catch {
      throw new Failed("the request is not JSON");
    }
  }
}
