/**
 * The adapter's end of the connection, in JSON-RPC 2.0 as MCP uses it: requests of the client are answered unless it
 * cancels them, those to the client are given up after a while.
 */
import * as z from "zod";
import type { Answer, Id, Message, Notification, Params, Request } from "./message.ts";
import { ERROR, RequestError } from "./request-error.ts";
import type { Transport } from "./transport.ts";

/** A request of the client that is being served. */
export interface Served {
  readonly id: Id;
  readonly params: Params;
  /** Aborts when the client cancels it: then nobody reads its answer, and none is sent. */
  readonly signal: AbortSignal;
}

/** What is served, and who is told of the rest. */
export interface Handlers {
  /** @throws RequestError */
  request(method: string, served: Served): Promise<Record<string, unknown>> | Record<string, unknown>;
  notification(method: string, params: Params): Promise<void>;
  /** Something failed that no request can be answered with. */
  failed(error: unknown): void;
}

interface Asked {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

const Cancelled = z.object({ requestId: z.union([z.string(), z.number()]) });

/** It; from `start` on it serves. */
export class Peer {
  readonly #transport: Transport;
  readonly #handlers: Handlers;
  readonly #served = new Map<Id, AbortController>();
  readonly #asked = new Map<Id, Asked>();
  #lastId = 0;

  constructor(transport: Transport, handlers: Handlers) {
    this.#transport = transport;
    this.#handlers = handlers;
  }

  start(): void {
    this.#transport.start({
      message: (message) => this.#take(message),
      failed: (error) => this.#handlers.failed(error),
    });
  }

  /** Resolves when stdout takes more. */
  notify(method: string, params: Params): Promise<void> {
    return this.#transport.send({ jsonrpc: "2.0", method, params });
  }

  /** Asks the client. @throws RequestError what it refuses with, or that it did not answer in time */
  async ask(method: string, { withinMs }: { readonly withinMs: number }): Promise<unknown> {
    const id = ++this.#lastId;
    const answer = new Promise<unknown>((resolve, reject) => this.#asked.set(id, { resolve, reject }));
    const late = setTimeout(() => {
      this.#answered(id, { error: { code: ERROR.late, message: `${method} was not answered in ${withinMs} ms` } });
      this.notify("notifications/cancelled", { requestId: id }).catch(this.#handlers.failed);
    }, withinMs);
    try {
      await this.#transport.send({ jsonrpc: "2.0", id, method });
      return await answer;
    } finally {
      clearTimeout(late);
    }
  }

  #take(message: Message): void {
    if (!("method" in message)) this.#answered(message.id, message);
    else if ("id" in message) void this.#serve(message);
    else if (message.method === "notifications/cancelled") {
      const { data: cancelled } = Cancelled.safeParse(message.params);
      if (cancelled) this.#served.get(cancelled.requestId)?.abort();
    } else void this.#hear(message);
  }

  async #hear({ method, params = {} }: Notification): Promise<void> {
    try {
      // Behind what came before it, as a request is.
      await Promise.resolve();
      await this.#handlers.notification(method, params);
    } catch (error) {
      this.#handlers.failed(error);
    }
  }

  async #serve({ id, method, params = {} }: Request): Promise<void> {
    const cancelled = new AbortController();
    this.#served.set(id, cancelled);
    const { signal } = cancelled;
    try {
      const answer = await this.#answerTo(method, { id, params, signal });
      if (!signal.aborted) await this.#transport.send({ jsonrpc: "2.0", id, ...answer });
    } catch (error) {
      this.#handlers.failed(error);
    } finally {
      // Another may have come by the same id.
      if (this.#served.get(id) === cancelled) this.#served.delete(id);
    }
  }

  async #answerTo(method: string, served: Served): Promise<Pick<Answer, "result" | "error">> {
    try {
      await Promise.resolve();
      return { result: await this.#handlers.request(method, served) };
    } catch (error) {
      const code = error instanceof RequestError ? error.code : ERROR.internal;
      return { error: { code, message: error instanceof Error ? error.message : String(error) } };
    }
  }

  #answered(id: Id | null | undefined, { result, error }: Pick<Answer, "result" | "error">): void {
    const asked = id === null || id === undefined ? undefined : this.#asked.get(id);
    if (!asked || id === null || id === undefined) return;
    this.#asked.delete(id);
    if (error) asked.reject(new RequestError(error.code, error.message));
    else asked.resolve(result);
  }
}
