/** One HTTP call by its row of the endpoint table: address, token, timeout, retry, problem → error. */
import {
  type Endpoint,
  type EndpointInput,
  type EndpointReply,
  PROTOCOL_HEADER,
  PROTOCOL_VERSION,
} from "@agentmesh/protocol";
import { backoffMs, pause } from "./backoff.ts";
import { certificateRefusal } from "./certificate-refusals.ts";
import { problemOf, replyOf, waitMsOf, writtenCall } from "./connections/answers.ts";
import { type BrokerPlace, type BrokerUrl, Places } from "./connections/places.ts";
import type { DirectAnswer } from "./direct-answer.ts";
import { directFetch } from "./direct-fetch.ts";
import { MeshApiError, mayPass, UntrustedBrokerError } from "./errors.ts";
import { behindOthers, isUnsent, silent, unreachable } from "./unreachable.ts";

/** How a client reaches its broker. */
export interface ConnectionOptions {
  /**
   * Base URL of the broker, or of several brokers of one mesh, each tried when the one before it fails; or a function that finds
   * (and may start) it, called before the first call and again after a lost connection.
   */
  readonly url: BrokerUrl;
  /**
   * For a `url` that is no function: the certificate, as PEM, that is trusted there and no other authority, such as that of a broker
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
  readonly #places: Places;
  /** By which place an answer came. */
  readonly #cameBy = new WeakMap<DirectAnswer, BrokerPlace>();
  readonly #streams = new Set<() => void>();
  /** Those that were open when a call was not answered. */
  readonly #doubted = new Set<() => void>();

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#places = new Places(options.url, options.ca);
  }

  /** The address in use, found if it has to be. @throws BrokerUnreachableError */
  async url(): Promise<string> {
    return (await this.#places.place()).url;
  }

  /** Forgets the address after a lost connection, or the one that an answer came by, so that the next call finds the broker anew. */
  lost(answer?: DirectAnswer): void {
    this.#places.lost(answer && this.#cameBy.get(answer));
  }

  /** How often it was lost: what is known of the broker holds until the next time. */
  get life(): number {
    return this.#places.life;
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
    options: OpenOptions = {},
  ): Promise<DirectAnswer> {
    return this.#openAt(await this.#places.place(), row, input, signal, options);
  }

  async #openAt(
    used: BrokerPlace,
    row: Endpoint,
    input: Record<string, unknown>,
    signal: AbortSignal | undefined,
    { headers = {}, isAgain = false }: OpenOptions,
  ): Promise<DirectAnswer> {
    const { url: base, ca, at } = used;
    const { path, query, body } = writtenCall(row, input);
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
        at,
        // What is asked again is slow, if its first connection was not dead: it is given its time, as is what may not be asked again.
        waits: isAgain || !row.repeatable || row.stream !== undefined || (row.takesMs ?? waitMsOf(input)) > 0,
      });
    } catch (error) {
      this.#places.lost(used);
      throw certificateRefusal(base, error, { isPinned: ca !== undefined }) ?? unreachable(base, error);
    }
    const aheadMs = Date.parse(response.headers.get("date") ?? "") - Date.now();
    if (!Number.isNaN(aheadMs)) this.#options.onBrokerTime?.(aheadMs);
    this.#cameBy.set(response, used);
    if (response.ok) return response;
    // A broker that is stopping, or whose database is away from it alone.
    if (used.others && GOES_ON.has(response.status)) this.#places.lost(used);
    throw await problemOf(response, base);
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
    /** Addresses where it failed since it last waited. */
    let failedAt: readonly string[] = [];
    for (let attempt = 1; ; attempt++) {
      const limitMs = timeoutMs + (row.takesMs ?? waitMsOf(fields));
      const timeout = new AbortController();
      // Not AbortSignal.timeout: under Deno it would keep a program alive that has its answer.
      const timer = setTimeout(() => timeout.abort(), limitMs);
      let used: BrokerPlace | undefined;
      try {
        used = await this.#places.place(options.signal);
        const signal = options.signal ? AbortSignal.any([options.signal, timeout.signal]) : timeout.signal;
        const response = await this.#openAt(used, row, fields, signal, { isAgain: attempt > 1 });
        const reply = await replyOf(row, response, used.url);
        for (const stream of [...this.#doubted]) stream();
        return reply;
      } catch (failure) {
        options.signal?.throwIfAborted();
        if (!(failure instanceof MeshApiError)) {
          for (const stream of this.#streams) this.#doubted.add(stream);
          if (used?.others) this.#places.lost(used);
        }
        const error =
          timeout.signal.aborted && used && !(failure instanceof MeshApiError)
            ? silent(used.url, row, limitMs, failure)
            : failure;
        if (used?.others && failedAt.length < used.others && goesOn(row, error)) {
          failedAt = [...failedAt, used.url];
          continue;
        }
        // Somebody else is at the address, and was sent nothing: the broker may be at another one.
        if (attempt === 1 && used && this.#places.isSought && error instanceof UntrustedBrokerError) continue;
        const delay = Math.max(
          backoffMs(attempt),
          error instanceof MeshApiError ? (error.problem.retryAfterMs ?? 0) : 0,
        );
        if (!row.repeatable || !mayPass(error) || performance.now() + delay > deadline) {
          throw behindOthers(error, failedAt);
        }
        failedAt = [];
        await pause(delay, options.signal);
      } finally {
        clearTimeout(timer);
      }
    }
  }
}

/** What a broker answers that cannot be asked just now, or a proxy before one that is not there; another may be asked. */
const GOES_ON: ReadonlySet<number> = new Set([502, 503, 504]);

/** Whether a call that failed so at one address is made at another one at once. */
function goesOn(row: Endpoint, error: unknown): boolean {
  if (error instanceof MeshApiError) return error.code === "shutting_down";
  return error instanceof UntrustedBrokerError || isUnsent(error) || (row.repeatable && mayPass(error));
}
