// Requests to the hosts of `capabilities.http`, through the host's egress policy.
//
// An address is `https://…` of a granted host, or `endpoint://<name>/<path>` for an address that the operator set under that name and
// the plugin never learns. A header may hold `{{secret:NAME}}`: the value joins on the way out.

import * as raw from "octi:http/client@1.0.0";
import { chunks, readAll, toBytes, toText, CHUNK_BYTES } from "./bytes.js";
import { Failed, host } from "./errors.js";

/** Bytes of a body that `text` and `json` read when they are not told otherwise. */
const BODY_BYTES_MAX = 1 << 20;

/**
 * Sends a request and waits for the head of the answer. An answer with an error status is an answer.
 *
 * @param {string | URL} url
 * @param {import("./http.js").RequestOptions} options
 */
export function request(url, { method = "GET", headers = {}, body, json, timeoutMs, redirects = "follow" } = {}) {
  /** @type {[string, string][]} */
  const all = Object.entries(headers).map(([name, value]) => [name, String(value)]);
  let bytes = body === undefined ? undefined : toBytes(body);
  if (json !== undefined) {
    all.push(["content-type", "application/json"]);
    bytes = toBytes(JSON.stringify(json));
  }
  /** @type {import("octi:http/client@1.0.0").Head} */
  const head = { method, url: String(url), headers: all, timeoutMs, redirects };
  if (bytes === undefined) return new Response(host(() => raw.send(head)));
  const started = host(() => raw.Request.start(head));
  for (const chunk of chunks(bytes)) host(() => started.write(chunk));
  return new Response(host(() => raw.Request.send(started)));
}

/** A `GET` request. */
export function get(url, options = {}) {
  return request(url, { ...options, method: "GET" });
}

/** A `POST` request. */
export function post(url, options = {}) {
  return request(url, { ...options, method: "POST" });
}

/** An answer: its head, and a body that is read in chunks. */
export class Response {
  #raw;

  constructor(inner) {
    this.#raw = inner;
  }

  get status() {
    return this.#raw.status;
  }

  /** Whether the status is one of success. */
  get ok() {
    return this.status >= 200 && this.status < 300;
  }

  /** Where the answer came from, after redirects. */
  get url() {
    return this.#raw.url;
  }

  /** The first header of that name, in lower case; undefined when there is none. */
  header(name) {
    return this.#raw.headers.find(([known]) => known === name)?.[1];
  }

  /** The next bytes of the body, at most 64 KiB; none at the end. */
  chunk() {
    return host(() => this.#raw.body.read(CHUNK_BYTES));
  }

  /** The body up to `bytesMax`, and whether there was more. */
  bytes(bytesMax = BODY_BYTES_MAX) {
    return readAll(() => this.chunk(), bytesMax);
  }

  /** The body as text; a longer one is an error. */
  text(bytesMax = BODY_BYTES_MAX) {
    const { bytes, isCut } = this.bytes(bytesMax);
    if (isCut) throw new Failed(`the answer of \`${this.url}\` has more than ${bytesMax} bytes`);
    return toText(bytes, `the answer of \`${this.url}\``);
  }

  /** The body, read from JSON. */
  json(bytesMax = BODY_BYTES_MAX) {
    const text = this.text(bytesMax);
    try {
      return JSON.parse(text);
    } catch {
      throw new Failed(`the answer of \`${this.url}\` is not JSON`);
    }
  }
}
