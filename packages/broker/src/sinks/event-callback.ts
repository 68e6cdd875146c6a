/** Where events are posted for MCP: a URL behind the egress guard, with the headers of an event webhook. */
import type { Agent as HttpAgent } from "node:http";
import { VERSION } from "@agentmesh/protocol";
import type { Clock } from "../mesh/clock.ts";
import { retryAfterMs } from "./answers.ts";
import { type Egress, EgressError } from "./egress.ts";
import { egressAgent } from "./egress-agent.ts";
import { codeOf, exchange } from "./exchange.ts";
import { signatureHeaders } from "./webhook-signature.ts";

/** Why a post came to nothing, in the words of the standard: nothing of the answer is told to whoever set the URL. */
export type PostFailure =
  | "connection_refused"
  | "timeout"
  | "tls_error"
  | "http_3xx"
  | "http_4xx"
  | "http_5xx"
  | "challenge_failed"
  | "url_refused";

/** What came of a post. */
export type CallbackOutcome =
  | { readonly kind: "taken"; readonly body: string }
  /** Nothing more is wanted there. */
  | { readonly kind: "gone" }
  /** This one is too large, and stays so. */
  | { readonly kind: "too_large" }
  | { readonly kind: "failed"; readonly why: PostFailure; readonly retryAfterMs?: number };

/** What posts are made with. */
export interface CallbackParts {
  readonly egress: Egress;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** What is posted. */
export interface CallbackPost {
  /** The same in each attempt. */
  readonly messageId: string;
  readonly subscriptionId: string;
  readonly body: string;
  /** What signs, the newest first. */
  readonly secrets: readonly string[];
}

/** One URL with a connection of its own. */
export class EventCallback {
  readonly #url: URL;
  readonly #parts: CallbackParts;
  readonly #closed = new AbortController();
  readonly #agent: HttpAgent;

  /** @throws EgressError for a URL that is never posted to */
  constructor(url: string, parts: CallbackParts) {
    this.#url = parts.egress.parse(url);
    this.#parts = parts;
    this.#agent = egressAgent(parts.egress, this.#url, 1);
  }

  /** Posts once, within the time for it. Never rejects. */
  async post({ messageId, subscriptionId, body, secrets }: CallbackPost): Promise<CallbackOutcome> {
    const { timeoutMs, clock } = this.#parts;
    const late = AbortSignal.timeout(timeoutMs);
    const headers = {
      ...{ "content-type": "application/json", "user-agent": `agentmesh/${VERSION}` },
      ...{ "x-mcp-subscription-id": subscriptionId, ...signatureHeaders(messageId, body, secrets, clock.now()) },
    };
    try {
      const signal = AbortSignal.any([late, this.#closed.signal]);
      const answer = await exchange(this.#agent, { url: this.#url, headers, body }, signal);
      return meaning(answer.status, answer.body, retryAfterMs(answer.headers["retry-after"], clock.now()));
    } catch (error) {
      return { kind: "failed", why: late.aborted ? "timeout" : failure(error) };
    }
  }

  /** Ends what is under way. */
  close(): void {
    this.#closed.abort();
    this.#agent.destroy();
  }
}

function meaning(status: number, body: string, asked: number | undefined): CallbackOutcome {
  if (status >= 200 && status < 300) return { kind: "taken", body };
  if (status === 410) return { kind: "gone" };
  if (status === 413) return { kind: "too_large" };
  const why = status < 400 ? "http_3xx" : status < 500 ? "http_4xx" : "http_5xx";
  return { kind: "failed", why, ...(asked !== undefined && { retryAfterMs: Math.min(MOST_ASKED_MS, asked) }) };
}

/** Longest time that is waited because a receiver asked for it, in milliseconds. */
const MOST_ASKED_MS = 300_000;

function failure(error: unknown): PostFailure {
  if (error instanceof EgressError) return "url_refused";
  const code = codeOf(error) ?? "";
  if (/CERT|TLS|SSL|SELF_SIGNED|VERIFY/.test(code)) return "tls_error";
  return /no connection within/.test(String(error)) || code === "ETIMEDOUT" ? "timeout" : "connection_refused";
}
