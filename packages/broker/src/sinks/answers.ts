/** What the answer to a post means, by its status and by the dialect: a program may say 200 and have taken nothing. */
import type { WebhookDialect } from "@agentmesh/protocol";
import { type A2aAnswered, answered } from "../a2a/answers.ts";
import type { PostOutcome } from "../mesh/webhook/sink.ts";
import type { Answer } from "./exchange.ts";

/** What is rested when a receiver says "too many" and not how long, in milliseconds. */
const BUSY_MS = 30_000;
/** Bounds of what a receiver may ask for, in milliseconds. */
const MIN_REST_MS = 1_000;
const MAX_REST_MS = 3_600_000;

/** Says why a 2xx of this dialect is no ack; undefined when it is one. */
type Refusal = (body: string) => string | undefined;

/** `duplicate` is an ack: Hermes has had that delivery. `ignored` means that it let the event go by. */
const hermes: Refusal = (body) => {
  const answer = jsonOf(body);
  const ignored = typeof answer === "object" && answer !== null && "status" in answer && answer.status === "ignored";
  return ignored
    ? 'answered "ignored": its route takes no event of this kind; let `events` of the route have agentmesh.message.v1 and agentmesh.test.v1'
    : undefined;
};

/** The others mean their status: no documented answer of theirs takes a 2xx back. */
const refusals: Partial<Record<WebhookDialect, Refusal>> = { hermes };

/** By what an answer is read; `maxBytes` is the longest body of a message, `now` is in milliseconds. */
export interface MeaningTerms {
  readonly dialect: WebhookDialect;
  readonly isTest: boolean;
  readonly maxBytes: number;
  readonly now: number;
}

/** What an answer means to who posted. A redirect is a failure: it would lead past the guard. */
export function meaning({ status, headers, body, isCut }: Answer, terms: MeaningTerms): PostOutcome {
  const { dialect, now } = terms;
  if (status >= 200 && status < 300) {
    if (dialect === "a2a") return meaningOfA2a(status, answered({ body, isCut, type: headers["content-type"] }, terms));
    const refused = refusals[dialect]?.(body);
    return refused === undefined ? { kind: "taken", status } : { kind: "failed", why: refused, status };
  }
  if (status >= 300 && status < 400) {
    return { kind: "failed", why: `answered ${status}, a redirect, which is not followed`, status };
  }
  const why = `answered ${status}`;
  if (status === 410) return { kind: "gone", why: "answered 410 Gone", status };
  const asked = retryAfterMs(headers["retry-after"], now);
  if (status === 429 || (status === 503 && asked !== undefined)) {
    return { kind: "busy", why, status, restMs: Math.min(MAX_REST_MS, Math.max(MIN_REST_MS, asked ?? BUSY_MS)) };
  }
  return { kind: "failed", why, status };
}

function meaningOfA2a(status: number, said: A2aAnswered): PostOutcome {
  if (said.kind === "refused") return { kind: "failed", why: said.why, status };
  const { text, task } = said;
  return { kind: "taken", status, ...(text !== undefined && { answer: text }), ...(task !== undefined && { task }) };
}

/** How long a Retry-After (RFC 9110 §10.2.3) asks for, by seconds or a date; undefined where it says neither. */
export function retryAfterMs(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1_000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : at - now;
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
