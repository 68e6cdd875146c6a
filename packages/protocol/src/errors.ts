/** The one table of error codes: HTTP status, title, and whether the same call may succeed later. */
import * as z from "zod";
import { object } from "./shapes/lazy-object.ts";

interface ErrorRow {
  readonly status: number;
  readonly title: string;
  readonly retryable: boolean;
}

/** Every error a broker answers with. Order as in docs/errors.md. */
export const errorTable = {
  invalid_request: { status: 400, title: "The request does not have the right form", retryable: false },
  unauthenticated: { status: 401, title: "No valid token", retryable: false },
  token_revoked: { status: 401, title: "The token was revoked", retryable: false },
  forbidden: { status: 403, title: "This token may not do that", retryable: false },
  sender_mismatch: { status: 403, title: "The token belongs to another sender", retryable: false },
  refused_by_policy: { status: 403, title: "The recipient takes no messages of this sender", retryable: false },
  forbidden_origin: { status: 403, title: "Requests from web pages are refused", retryable: false },
  forbidden_host: { status: 421, title: "The Host header does not name this broker", retryable: false },
  agent_not_found: { status: 404, title: "No such agent", retryable: false },
  session_not_found: { status: 404, title: "No such session", retryable: false },
  message_not_found: { status: 404, title: "No such message", retryable: false },
  delivery_not_found: { status: 404, title: "No such delivery", retryable: false },
  webhook_not_found: { status: 404, title: "The agent has no webhook", retryable: false },
  card_not_found: { status: 404, title: "The agent shows no card", retryable: false },
  machine_not_found: { status: 404, title: "No such machine", retryable: false },
  no_page: { status: 404, title: "This broker serves no page", retryable: false },
  route_not_found: { status: 404, title: "No such route", retryable: false },
  method_not_allowed: { status: 405, title: "The route does not know this method", retryable: false },
  agent_name_taken: { status: 409, title: "Another agent has this name", retryable: false },
  lease_lost: { status: 409, title: "The lease is over", retryable: false },
  already_leased: { status: 409, title: "The message is out already", retryable: false },
  not_dead: { status: 409, title: "The delivery is not a dead letter", retryable: false },
  not_owed: { status: 409, title: "Nobody owes this answer", retryable: false },
  not_held: { status: 409, title: "The delivery is not held", retryable: false },
  body_damaged: { status: 409, title: "The text of the message is damaged", retryable: false },
  delivery_settled: { status: 409, title: "The delivery has ended", retryable: false },
  other_life: { status: 410, title: "The number or id is of another life of the database", retryable: false },
  invite_over: { status: 410, title: "The invite is used, past its time or taken back", retryable: false },
  cursor_invalid: { status: 410, title: "The cursor belongs to another database", retryable: false },
  cursor_gone: { status: 410, title: "What follows the cursor was pruned", retryable: false },
  body_too_large: { status: 413, title: "The message is too large", retryable: false },
  unsupported_media_type: { status: 415, title: "Only application/json is read", retryable: false },
  idempotency_mismatch: { status: 422, title: "The idempotency key was used for other content", retryable: false },
  post_not_readable: { status: 422, title: "The post is none of the kind that its hook URL is for", retryable: false },
  webhook_url_forbidden: { status: 422, title: "The broker may not post to this URL", retryable: false },
  unsupported_protocol: { status: 426, title: "Client and broker speak different protocol versions", retryable: false },
  would_deadlock: { status: 409, title: "The agent asked is waiting for the asker", retryable: false },
  loop_limit: { status: 409, title: "Agents have answered each other too often in a row", retryable: false },
  too_much_at_once: { status: 429, title: "Too much of one caller is under way", retryable: true },
  rate_limited: { status: 429, title: "Too many messages in a minute", retryable: true },
  duplicate_storm: { status: 429, title: "The same text was sent too often", retryable: false },
  inbox_full: { status: 429, title: "The recipient's inbox is full", retryable: true },
  quota_full: { status: 429, title: "As much is kept as may be", retryable: true },
  internal: { status: 500, title: "The broker failed", retryable: true },
  shutting_down: { status: 503, title: "The broker is stopping", retryable: true },
  store_unavailable: { status: 503, title: "The database is busy", retryable: true },
  storage_full: { status: 507, title: "The disk is full", retryable: true },
} as const satisfies Record<string, ErrorRow>;

/** Code of an error, stable across versions. */
export type ErrorCode = keyof typeof errorTable;

/** Whether a code is one this version knows. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorTable, code);
}

/** Body of every error answer: problem details of RFC 9457, media type `application/problem+json`. */
export const Problem = object(() => ({
  type: z.string().meta({ description: "urn:agentmesh:problem:CODE; docs/errors.md explains each" }),
  title: z.string(),
  status: z.int(),
  detail: z.string().meta({ description: "what happened, to which id, and what to do" }),
  instance: z.string().meta({ description: "request id, as in the broker's log" }),
  code: z.string().meta({ description: "a code of docs/errors.md; later versions may know more" }),
  retryable: z.boolean(),
  retryAfterMs: z.int().nonnegative().optional().meta({ description: "when to try again, in milliseconds" }),
  issues: z
    .array(z.object({ path: z.string(), message: z.string() }))
    .optional()
    .meta({ description: "for invalid_request: what is wrong where" }),
  nearNames: z.array(z.string()).optional().meta({ description: "for agent_not_found: names that are close" }),
}));
export type Problem = z.infer<typeof Problem>;

/** Media type of {@link Problem}. */
export const PROBLEM_MEDIA_TYPE = "application/problem+json";
