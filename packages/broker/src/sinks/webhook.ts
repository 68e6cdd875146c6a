/** A webhook as a sink: signed posts through the egress guard. */
import type { Agent as HttpAgent } from "node:http";
import {
  type DeliveryId,
  type LeasedDelivery,
  MAX_REQUEST_BYTES,
  MAX_WEBHOOK_TIMEOUT_MS,
  VERSION,
  type WebhookDialect,
  type WebhookEvent,
} from "@agentmesh/protocol";
import { taskPost } from "../a2a/posts.ts";
import { type Clock, timestamp } from "../mesh/clock.ts";
import { newId } from "../mesh/ids.ts";
import type { PostOutcome, PostTerms, WebhookSink, WebhookSinks } from "../mesh/webhook/sink.ts";
import { meaning } from "./answers.ts";
import { type Draft, draft, type LegacyMessage, messageEvent, namedMessage, testEvent } from "./dialects.ts";
import { type Egress, EgressError } from "./egress.ts";
import { egressAgent } from "./egress-agent.ts";
import { type Answer, codeOf, exchange, type ReadBounds } from "./exchange.ts";
import { followTask } from "./followed-task.ts";
import { signatureHeaders } from "./webhook-signature.ts";

/** What posts are made with. */
export interface PostParts {
  readonly egress: Egress;
  readonly timeoutMs: number;
  /** Longest body of a message. */
  readonly maxBodyBytes: number;
  readonly clock: Clock;
  /** For the dialect legacy; left out, agents are called by their names. */
  readonly legacyMessage?: LegacyMessage;
}

/** Webhooks over HTTP. */
export class HttpWebhookSinks implements WebhookSinks {
  readonly #parts: PostParts;

  constructor(parts: PostParts) {
    this.#parts = parts;
  }

  timeoutMs(dialect: WebhookDialect): number {
    return timeoutOf(dialect, this.#parts);
  }

  async vet(url: string): Promise<void> {
    const { egress } = this.#parts;
    await egress.addresses(egress.parse(url));
  }

  open(terms: PostTerms): WebhookSink {
    return new HttpWebhookSink(terms, this.#parts);
  }
}

class HttpWebhookSink implements WebhookSink {
  readonly #terms: PostTerms;
  readonly #parts: PostParts;
  readonly #underWay = new Set<AbortController>();
  readonly #closed = new AbortController();
  #agent: HttpAgent | undefined;

  constructor(terms: PostTerms, parts: PostParts) {
    this.#terms = terms;
    this.#parts = parts;
  }

  post(delivery: LeasedDelivery): Promise<PostOutcome> {
    return this.#send(delivery.id, messageEvent(delivery, this.#terms));
  }

  test(): Promise<PostOutcome> {
    return this.#send(newId("tst"), testEvent(timestamp(this.#parts.clock.now()), this.#terms));
  }

  follow(id: DeliveryId, task: string, forMs: number): Promise<string | undefined> {
    const url = new URL(this.#terms.url);
    const look = () =>
      this.#exchange(
        `${id}-task`,
        { url, ...taskPost(id, task, this.#terms.a2a?.()) },
        AbortSignal.any([this.#closed.signal, AbortSignal.timeout(LOOK_MS)]),
      );
    return followTask(look, { forMs, maxBytes: this.#parts.maxBodyBytes }, this.#closed.signal);
  }

  close(): void {
    this.#closed.abort();
    for (const post of this.#underWay) post.abort();
    this.#agent?.destroy();
  }

  async #send(id: string, event: WebhookEvent): Promise<PostOutcome> {
    const { clock, maxBodyBytes: maxBytes, legacyMessage = namedMessage } = this.#parts;
    const { dialect } = this.#terms;
    const timeoutMs = timeoutOf(dialect, this.#parts);
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), timeoutMs);
    this.#underWay.add(abort);
    try {
      const answer = await this.#exchange(id, draft(id, event, this.#terms, legacyMessage), abort.signal);
      const terms = { dialect, isTest: event.type === "agentmesh.test.v1", maxBytes, now: clock.now() };
      return meaning(answer, terms);
    } catch (error) {
      const isLate = abort.signal.aborted && !this.#closed.signal.aborted;
      return { kind: "failed", why: isLate ? `no answer within ${timeoutMs / 1_000} s` : failure(error) };
    } finally {
      clearTimeout(timer);
      this.#underWay.delete(abort);
    }
  }

  /** One signed POST, past the guard. `id` names it in every attempt. @throws EgressError, and what the connection throws */
  #exchange(id: string, { url, headers, body: content }: Draft, signal: AbortSignal): Promise<Answer> {
    const { egress, clock } = this.#parts;
    egress.parse(this.#terms.url);
    this.#agent ??= egressAgent(egress, url, this.#terms.maxInFlight);
    const body = JSON.stringify(content);
    const signed = signatureHeaders(id, body, this.#terms.secrets(), clock.now());
    const post = { url, headers: { ...headers, "user-agent": `agentmesh/${VERSION}`, ...signed }, body };
    return exchange(this.#agent, post, signal, readOf(this.#terms.dialect));
  }
}

/** How long one look at a task may take, in milliseconds. */
const LOOK_MS = 10_000;

/** An agent that speaks A2A may answer when it has done what it was asked: its answers are long in coming, and read. */
function timeoutOf(dialect: WebhookDialect, { timeoutMs }: Pick<PostParts, "timeoutMs">): number {
  return dialect === "a2a" ? MAX_WEBHOOK_TIMEOUT_MS : timeoutMs;
}

function readOf(dialect: WebhookDialect): ReadBounds | undefined {
  return dialect === "a2a" ? { bytes: MAX_REQUEST_BYTES, withinMs: 10_000 } : undefined;
}

const CODES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "the connection was reset",
  EPIPE: "the connection was reset",
  ETIMEDOUT: "no connection",
  EHOSTUNREACH: "the host cannot be reached",
  ENETUNREACH: "the network cannot be reached",
  HPE_HEADER_OVERFLOW: "the headers of its answer are too large",
};

/** An error in words that name no address: every sender may read them. */
function failure(error: unknown): string {
  if (error instanceof EgressError) return error.publicly;
  if (!(error instanceof Error)) return "it could not be posted";
  const code = codeOf(error);
  if (code === undefined) return error.message;
  return CODES[code] ?? (code.startsWith("HPE_") ? "its answer is not HTTP" : `it could not be posted (${code})`);
}
