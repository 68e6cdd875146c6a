/** One HTTP call by its row of the endpoint table: address, token, timeout, retry, problem → error. */
import {
  type Endpoint,
  type EndpointInput,
  type EndpointReply,
  inWords,
  PROTOCOL_HEADER,
  PROTOCOL_VERSION,
  Problem,
} from "@agentmesh/protocol";
import { backoffMs, pause } from "./backoff.ts";
import { certificateRefusal } from "./certificate-refusals.ts";
import type { DirectAnswer } from "./direct-answer.ts";
import { directFetch } from "./direct-fetch.ts";
import { BrokerUnreachableError, MeshApiError, mayPass, UntrustedBrokerError } from "./errors.ts";
import { silent, unreachable } from "./unreachable.ts";

/** Where a broker is, and which certificate is trusted there. */
export interface BrokerPlace {
  readonly url: string;
  /** The certificate, as PEM, that is trusted there and no other authority; without it those that the system knows. */
  readonly ca?: string | undefined;
}

/** How a client reaches its broker. */
export interface ConnectionOptions {
  /**
   * Base URL of the broker, or a function that finds (and may start) it.
   * The function is called before the first call and again after a lost connection.
   */
  readonly url: string | (() => Promise<string | BrokerPlace>);
  /**
   * For a `url` that is a text: the certificate, as PEM, that is trusted there and no other authority, such as that of a broker
   * with `--tls` (GET /v1/ca). Under Node, Bun and Deno; a browser trusts what its system does.
   */
  readonly ca?: string;
  /** Agent token, or the mesh key; or a function that says at each call which it is now, where it may be exchanged meanwhile. */
  readonly token?: string | (() => string);
  /** Longest wait for one answer, in milliseconds; the wait that a long poll or a test of a webhook has of its own is added. Default 10,000. */
  readonly timeoutMs?: number;
  /** How long a repeatable call is tried again, in milliseconds. Default 10,000. */
  readonly retryForMs?: number;
  /** Told with each answer how far the broker's clock is ahead of this one, in milliseconds; to a second, and the answer's way. */
  readonly onBrokerTime?: (aheadMs: number) => void;
  /** Told with a heartbeat over TLS at which addresses the broker can be reached now. */
  readonly onBrokerUrls?: (urls: readonly string[]) => void;
  /** Makes the calls instead of `directFetch`, which is the global `fetch` but never a proxy for this machine. */
  readonly fetch?: typeof fetch;
}

/** Per-call settings. */
export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** How an answer is opened. */
export interface OpenOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** The same call was made before and not answered. */
  readonly isAgain?: boolean;
}

/** A broker's address and the token to use there. */
export class Connection {
  readonly #options: ConnectionOptions;
  #base: Promise<BrokerPlace> | undefined;
  #life = 0;
  readonly #streams = new Set<() => void>();
  /** Those that were open when a call was not answered. */
  readonly #doubted = new Set<() => void>();

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** The address in use, found if it has to be. @throws BrokerUnreachableError */
  async url(): Promise<string> {
    return (await this.#place()).url;
  }

  async #place(): Promise<BrokerPlace> {
    const { url, ca } = this.#options;
    if (typeof url === "string") return { url: url.replace(/\/+$/, ""), ca };
    this.#base ??= url().then((found) => (typeof found === "string" ? { url: found, ca } : found));
    try {
      return await this.#base;
    } catch (error) {
      this.#base = undefined;
      throw error;
    }
  }

  /** Forgets the address after a lost connection, so that the next call finds the broker anew. */
  lost(): void {
    this.#life++;
    this.#base = undefined;
  }

  /** How often it was lost: what is known of the broker holds until the next time. */
  get life(): number {
    return this.#life;
  }

  /**
   * Has an open stream told that a call was answered after one was not: what the stream came by may be gone, and nobody says
   * so. Returns how to take that back.
   */
  onBack(stream: () => void): () => void {
    this.#streams.add(stream);
    return () => {
      this.#streams.delete(stream);
      this.#doubted.delete(stream);
    };
  }

  /** Sends one request and returns the open response. @throws BrokerUnreachableError, MeshApiError */
  async open(
    row: Endpoint,
    input: Record<string, unknown>,
    signal?: AbortSignal,
    { headers = {}, isAgain = false }: OpenOptions = {},
  ): Promise<DirectAnswer> {
    const { url: base, ca } = await this.#place();
    const { path, query, body } = place(row, input);
    const { token: given } = this.#options;
    const token = typeof given === "function" ? given() : given;
    let response: DirectAnswer;
    try {
      response = await (this.#options.fetch ?? directFetch)(base + path + query, {
        method: row.method,
        headers: {
          [PROTOCOL_HEADER]: String(PROTOCOL_VERSION),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { "content-type": "application/json" }),
          ...headers,
        },
        redirect: "error",
        ...(body !== undefined && { body }),
        ...(signal && { signal }),
        ca,
        // What is asked again is slow, if its first connection was not dead: it is given its time, as is what may not be asked again.
        waits: isAgain || !row.repeatable || row.stream !== undefined || (row.takesMs ?? waitMsOf(input)) > 0,
      });
    } catch (error) {
      this.lost();
      throw certificateRefusal(base, error, { isPinned: ca !== undefined }) ?? unreachable(base, error);
    }
    const aheadMs = Date.parse(response.headers.get("date") ?? "") - Date.now();
    if (!Number.isNaN(aheadMs)) this.#options.onBrokerTime?.(aheadMs);
    if (!response.ok) throw await problemOf(response, base);
    return response;
  }

  /** Makes one call; a repeatable one again after a lost connection or a retryable code. */
  async call<E extends Endpoint>(
    row: E,
    input: EndpointInput<E>,
    options: CallOptions = {},
  ): Promise<EndpointReply<E>> {
    const { timeoutMs = 10_000, retryForMs = 10_000 } = this.#options;
    const fields = input as Record<string, unknown>;
    const deadline = performance.now() + retryForMs;
    for (let attempt = 1; ; attempt++) {
      const limitMs = timeoutMs + (row.takesMs ?? waitMsOf(fields));
      const timeout = new AbortController();
      // Not AbortSignal.timeout: under Deno it would keep a program alive that has its answer.
      const timer = setTimeout(() => timeout.abort(), limitMs);
      let base = "";
      try {
        base = await this.url();
        const signal = options.signal ? AbortSignal.any([options.signal, timeout.signal]) : timeout.signal;
        const response = await this.open(row, fields, signal, { isAgain: attempt > 1 });
        const reply = await replyOf(row, response, base);
        for (const stream of [...this.#doubted]) stream();
        return reply;
      } catch (failure) {
        options.signal?.throwIfAborted();
        if (!(failure instanceof MeshApiError)) for (const stream of this.#streams) this.#doubted.add(stream);
        const error =
          timeout.signal.aborted && base !== "" && !(failure instanceof MeshApiError)
            ? silent(base, row, limitMs, failure)
            : failure;
        // Somebody else is at the address, and was sent nothing: the broker may be at another one.
        const isSought = base !== "" && typeof this.#options.url === "function";
        if (attempt === 1 && isSought && error instanceof UntrustedBrokerError) continue;
        const delay = Math.max(
          backoffMs(attempt),
          error instanceof MeshApiError ? (error.problem.retryAfterMs ?? 0) : 0,
        );
        if (!row.repeatable || !mayPass(error) || performance.now() + delay > deadline) throw error;
        await pause(delay, options.signal);
      } finally {
        clearTimeout(timer);
      }
    }
  }
}

async function replyOf<E extends Endpoint>(row: E, response: DirectAnswer, base: string): Promise<EndpointReply<E>> {
  let json: unknown;
  try {
    json = await response.json();
  } catch (error) {
    throw unreachable(base, error);
  }
  const reply = row.reply.safeParse(json, inWords);
  if (!reply.success) {
    throw new BrokerUnreachableError(
      `${row.method} ${row.path}: the answer is not of this protocol version (${reply.error.issues[0]?.path.join(".")}: ${reply.error.issues[0]?.message}). Update both sides to one version.`,
    );
  }
  return reply.data as EndpointReply<E>;
}

function place(row: Endpoint, input: Record<string, unknown>): { path: string; query: string; body?: string } {
  const rest = { ...input };
  const take = (name: string) => {
    const value = rest[name];
    delete rest[name];
    return value;
  };
  const path = row.path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(take(name))));
  const search = new URLSearchParams();
  for (const name of Object.keys(row.query?.shape ?? {})) {
    const value = take(name);
    if (value !== undefined) search.set(name, String(value));
  }
  const query = search.size > 0 ? `?${search}` : "";
  return row.body ? { path, query, body: JSON.stringify(rest) } : { path, query };
}

function waitMsOf(input: Record<string, unknown>): number {
  return typeof input.waitMs === "number" ? input.waitMs : 0;
}

async function problemOf(response: DirectAnswer, base: string): Promise<Error> {
  const text = await response.text().catch(() => "");
  try {
    return new MeshApiError(Problem.parse(JSON.parse(text)));
  } catch {
    return new BrokerUnreachableError(
      `${base} answered ${response.status}, but not as an agentmesh broker of this version. Is another program on that port?`,
      // A proxy in front of a broker that starts says so for a moment.
      { passes: response.status >= 500 },
    );
  }
}
