// One WebSocket to the server, opened again whenever it is lost.
import { call } from "@/api/client";
import { ApiFailure } from "@/api/errors";
import type { ClientFrame, ServerFrame, WsTicket } from "@/api/types";
import { backoffMs } from "./backoff";

export type LinkStatus = "idle" | "connecting" | "online" | "offline";

/** What a frame was sent for, to know what an answer to it is about. */
export type Purpose =
  | { kind: "message"; sessionId: string; itemId: string }
  | { kind: "aside"; sessionId: string; itemId: string }
  | { kind: "command"; sessionId: string }
  | { kind: "answer" }
  | { kind: "cost"; sessionId: string }
  | { kind: "help" }
  | { kind: "other" };

export interface Listener {
  onStatus(status: LinkStatus, detail: { retryAt: number | null; reason: string | null }): void;
  /** A frame, and what the frame was for that the server works on. */
  onFrame(frame: ServerFrame, purpose: Purpose | null): void;
}

const PING_EVERY_MS = 20_000;
/** Silence after which a connection counts as lost: two pings without an answer. */
const SILENCE_MAX_MS = 45_000;

export class Link {
  readonly #listener: Listener;
  #socket: WebSocket | null = null;
  #wanted = false;
  #attempt = 0;
  /** Counts the attempts: one that was overtaken changes nothing any more. */
  #turn = 0;
  #retry: number | undefined;
  #heartbeat: number | undefined;
  #heardAt = 0;
  /** What was sent and has not been worked on yet, the oldest first. */
  #sent: Purpose[] = [];

  constructor(listener: Listener) {
    this.#listener = listener;
  }

  start(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    window.addEventListener("online", this.#retryNow);
    document.addEventListener("visibilitychange", this.#retryNow);
    void this.#connect();
  }

  stop(): void {
    this.#wanted = false;
    this.#turn += 1;
    window.removeEventListener("online", this.#retryNow);
    document.removeEventListener("visibilitychange", this.#retryNow);
    window.clearTimeout(this.#retry);
    this.#drop();
    this.#listener.onStatus("idle", { retryAt: null, reason: null });
  }

  /**
   * Whether the frame could be handed over. The server works on frames in their order and answers an error without saying to
   * what; the pong of a ping right behind each frame tells that it is done with that one.
   */
  send(frame: ClientFrame, purpose: Purpose = { kind: "other" }): boolean {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return false;
    socket.send(JSON.stringify(frame));
    if (frame.type === "auth") return true;
    if (frame.type !== "ping") socket.send(JSON.stringify({ type: "ping" } satisfies ClientFrame));
    this.#sent.push(purpose);
    return true;
  }

  /** Does not wait any longer for the next attempt. */
  retryNow(): void {
    if (!this.#wanted || this.#socket !== null) return;
    window.clearTimeout(this.#retry);
    void this.#connect();
  }

  readonly #retryNow = (): void => {
    if (document.visibilityState === "visible") this.retryNow();
  };

  async #connect(): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    this.#listener.onStatus("connecting", { retryAt: null, reason: null });
    let ticket: string;
    try {
      ticket = (await call<WsTicket>("POST", "/api/auth/ws-ticket")).ticket;
    } catch (error) {
      if (turn !== this.#turn) return;
      // A browser that is not signed in any more is shown the sign-in page, and that starts a new link.
      if (error instanceof ApiFailure && error.status === 401) return;
      this.#lost(error instanceof Error ? error.message : null);
      return;
    }
    if (turn !== this.#turn || !this.#wanted || this.#socket !== null) return;
    const address = new URL("/gateway", window.location.origin);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    this.#open(new WebSocket(address), ticket);
  }

  #open(socket: WebSocket, ticket: string): void {
    this.#socket = socket;
    socket.onopen = () => {
      const clientVersion = __OCTI_WEB_VERSION__;
      this.send({
        type: "auth",
        method: "session_token",
        credentials: ticket,
        clientType: "webchat",
        clientVersion,
      });
    };
    socket.onmessage = (message: MessageEvent<string>) => this.#receive(message.data);
    socket.onclose = (event) => {
      if (this.#socket !== socket) return;
      this.#drop();
      this.#lost(event.reason || null);
    };
  }

  #receive(text: string): void {
    this.#heardAt = Date.now();
    const frame = JSON.parse(text) as ServerFrame;
    if (frame.type === "auth_ok") {
      this.#attempt = 0;
      this.#beat();
      this.#listener.onStatus("online", { retryAt: null, reason: null });
    }
    if (frame.type === "pong") this.#sent.shift();
    this.#listener.onFrame(frame, this.#sent[0] ?? null);
  }

  #beat(): void {
    window.clearInterval(this.#heartbeat);
    this.#heartbeat = window.setInterval(() => {
      if (Date.now() - this.#heardAt > SILENCE_MAX_MS) {
        this.#drop();
        this.#lost("the server stopped answering");
      } else {
        this.send({ type: "ping" });
      }
    }, PING_EVERY_MS);
  }

  #drop(): void {
    window.clearInterval(this.#heartbeat);
    const socket = this.#socket;
    this.#socket = null;
    this.#sent = [];
    socket?.close();
  }

  #lost(reason: string | null): void {
    if (!this.#wanted) return;
    const wait = backoffMs(this.#attempt, Math.random());
    this.#attempt += 1;
    this.#listener.onStatus("offline", { retryAt: Date.now() + wait, reason });
    window.clearTimeout(this.#retry);
    this.#retry = window.setTimeout(() => void this.#connect(), wait);
  }
}
