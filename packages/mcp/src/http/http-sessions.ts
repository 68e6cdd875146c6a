/**
 * MCP over Streamable HTTP (2025-11-25 and before): the adapter's tools for clients that cannot start a process. A session is what its
 * agent's token says; its id only keeps the calls of one client together. One that is not known is made anew, so that none is forgotten by
 * a restart, and none is refused.
 */
import { randomUUID } from "node:crypto";
import { MeshClient } from "@agentmesh/client";
import { createLog, type Log } from "../log.ts";
import { REVISIONS, Server } from "../server.ts";
import { type Id, type Message, readMessage } from "../wire/message.ts";
import { ERROR } from "../wire/request-error.ts";
import type { EventCallbacks } from "./event-callbacks.ts";
import { HttpSession } from "./http-session.ts";
import { type Era, eraOf, MODERN, modernAnswer } from "./modern.ts";
import { isOwn, modernCall } from "./modern-calls.ts";
import { PostTransport } from "./post-transport.ts";

/** A session in which nothing is called for so long is over, in milliseconds; so long its agent is online. */
const IDLE_MS = 120_000;
const SWEEP_MS = 15_000;
/** So many are there at a time; when one more comes, the one that is quiet for longest is over. */
const MOST = 256;

const CALL_LIMITS = { timeoutMs: 5_000, retryForMs: 1_500 };

/** What was posted, by whom. */
export interface Posted {
  /** Whose it is: an agent's, seen to be valid. */
  readonly token: string;
  /** As the client says it; undefined before there is one. */
  readonly sessionId: string | undefined;
  /** The revision that the client says it speaks. */
  readonly revision: string | undefined;
  /** What headers say of the method, and of what it names. */
  readonly method?: string | undefined;
  readonly name?: string | undefined;
  readonly text: string;
}

/** How a POST is answered. */
export interface Replying {
  /** Aborts when nobody is there any more. */
  readonly gone: AbortSignal;
  /** Before the answer, if the client takes an open one: signs of life, and events. */
  notify(message: object): void;
  /** Whether it does. */
  readonly takesEvents?: boolean;
  /** Resolves to whether the answer was written. `sessionId` is that of a new session. */
  answer(status: number, message: object | undefined, sessionId?: string): Promise<boolean>;
}

interface Known {
  readonly session: HttpSession;
  readonly running: Map<Id, PostTransport>;
  readonly token: string;
  /** As the client called itself at the handshake; undefined after a restart. */
  clientName: string | undefined;
  calledAt: number;
}

/** All of one broker. */
export class HttpSessions {
  readonly #known = new Map<string, Known>();
  readonly #url: string;
  readonly #log: Log;
  readonly #sweeper: NodeJS.Timeout;
  readonly #idleMs: number;
  /** MCP Events are served, and the revision that they are made for: with these webhooks. */
  readonly #events: EventCallbacks | undefined;
  readonly #closing = new AbortController();
  #isClosed = false;

  /** Calls the broker at `url`, as whoever posts. */
  constructor({
    url,
    onLog,
    idleMs = IDLE_MS,
    events,
  }: {
    url: string;
    onLog: (line: string) => void;
    idleMs?: number | undefined;
    events?: EventCallbacks | undefined;
  }) {
    this.#events = events;
    this.#url = url;
    this.#idleMs = idleMs;
    this.#log = createLog("info", onLog);
    this.#sweeper = setInterval(() => this.#sweep(), Math.min(SWEEP_MS, idleMs)).unref();
  }

  /** Serves what was posted. Never throws for what a client did. */
  async take(posted: Posted, replying: Replying): Promise<void> {
    const { token, sessionId, revision, text } = posted;
    const read = readMessage({ kind: "line", text });
    if (read?.kind === "refused") return void (await replying.answer(400, read.answer));
    if (read?.kind !== "message")
      return void (await replying.answer(400, badRequest(read?.why ?? "the body is empty")));
    const { message } = read;
    const era: Era = this.#events
      ? eraOf(message, { revision, method: posted.method, name: posted.name })
      : { kind: "legacy" };
    if (era.kind === "refused") return void (await replying.answer(era.status, era.answer));
    if (era.kind === "legacy" && revision !== undefined && !this.#isSpoken(revision)) {
      return void (await replying.answer(400, badRequest(`revision ${REVISIONS.join(", ")} are spoken here`)));
    }
    if (era.kind === "modern" && this.#events && isOwn(era.request)) {
      const gone = AbortSignal.any([replying.gone, this.#closing.signal]);
      const tell = replying.takesEvents ? (told: object) => replying.notify(told) : undefined;
      // Of no session: whoever looks for events takes no place from those that call tools.
      const call = { request: era.request, client: this.#clientOf(token), callbacks: this.#events, gone, tell };
      return void (await replying.answer(200, await modernCall(call)));
    }
    const begins = "method" in message && message.method === "initialize";
    const id = begins ? randomUUID() : (sessionId ?? "");
    const known = this.#of(token, id);
    known.calledAt = performance.now();
    if (!("method" in message && "id" in message)) {
      // Clients that name no session are told apart by nothing: what one of them has asked, another does not take back.
      if (sessionId !== undefined) this.#heard(known, message);
      return void (await replying.answer(202, undefined));
    }
    const transport = new PostTransport((notification) => replying.notify(notification));
    const { session, clientName } = known;
    const server = new Server({ session, transport, log: this.#log, over: "http", clientName });
    server.start();
    known.running.set(message.id, transport);
    const leave = () => this.#giveUp(known, message.id, transport);
    if (replying.gone.aborted) leave();
    else replying.gone.addEventListener("abort", leave, { once: true });
    transport.take(message);
    const answer = await transport.answer;
    known.clientName = server.clientName;
    if (known.running.get(message.id) === transport) known.running.delete(message.id);
    known.calledAt = performance.now();
    const said = answer && era.kind === "modern" ? modernAnswer(answer, era.request.method) : answer;
    const isWritten = await replying.answer(answer ? 200 : 202, said, begins ? id : undefined);
    replying.gone.removeEventListener("abort", leave);
    await transport.written(isWritten && answer !== undefined);
    if (this.#isClosed && known.running.size === 0) await this.#forget(keyOf(token, id));
  }

  /** A client says that its session is over. */
  async end(token: string, sessionId: string): Promise<void> {
    await this.#forget(keyOf(token, sessionId));
  }

  /** Ends all; those in which something is called when it is answered. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#closing.abort();
    clearInterval(this.#sweeper);
    await Promise.all(
      [...this.#known].map(([key, { running }]) => (running.size === 0 ? this.#forget(key) : undefined)),
    );
  }

  #isSpoken(revision: string): boolean {
    return REVISIONS.some((each) => each === revision) || (this.#events !== undefined && revision === MODERN);
  }

  #heard(known: Known, message: Message): void {
    if (!("method" in message) || message.method !== "notifications/cancelled") return;
    const { requestId } = message.params ?? {};
    if (typeof requestId !== "string" && typeof requestId !== "number") return;
    const transport = known.running.get(requestId);
    if (transport) this.#giveUp(known, requestId, transport);
  }

  /** Nobody waits for the answer any more. Another client may have a call of the same id. */
  #giveUp({ running }: Known, id: Id, transport: PostTransport): void {
    this.#log.info("mcp.call_given_up", { id });
    if (running.get(id) === transport) running.delete(id);
    transport.cancel(id);
  }

  #of(token: string, sessionId: string): Known {
    const key = keyOf(token, sessionId);
    const found = this.#known.get(key);
    if (found) return found;
    if (this.#known.size >= MOST) {
      // One of the caller's own first: who begins many puts nobody else out.
      const all = [...this.#known].toSorted(([, a], [, b]) => a.calledAt - b.calledAt);
      const quiet = all.filter(([, { running }]) => running.size === 0);
      const [oldest] = quiet.find(([, each]) => each.token === token) ?? quiet[0] ?? all[0] ?? [];
      if (oldest !== undefined) void this.#forget(oldest);
    }
    const known = {
      ...{ session: new HttpSession(this.#clientOf(token), this.#log), running: new Map(), token },
      ...{ calledAt: 0, clientName: undefined },
    };
    this.#known.set(key, known);
    return known;
  }

  #clientOf(token: string): MeshClient {
    return new MeshClient({ url: this.#url, token, ...CALL_LIMITS });
  }

  #sweep(): void {
    const now = performance.now();
    for (const [key, { running, calledAt }] of this.#known) {
      if (running.size === 0 && now - calledAt >= this.#idleMs) void this.#forget(key);
    }
  }

  async #forget(key: string): Promise<void> {
    const known = this.#known.get(key);
    this.#known.delete(key);
    for (const [id, transport] of known?.running ?? []) transport.cancel(id);
    await known?.session.leave();
  }
}

/** By the token, not the agent: with a new one its calls go on, with that one. */
function keyOf(token: string, sessionId: string): string {
  return `${token} ${sessionId}`;
}

function badRequest(why: string) {
  return {
    jsonrpc: "2.0",
    id: null,
    error: { code: ERROR.invalidRequest, message: `agentmesh cannot read this: ${why}.` },
  };
}
