/** Every default and limit that both sides of the wire know, with its unit. */

/** The broker's default port. */
export const DEFAULT_PORT = 7899;

/** Largest message body in UTF-8 bytes; a larger one is refused with `body_too_large`. */
export const MAX_BODY_BYTES = 65_536;

/** Largest HTTP request body in bytes: a full message body, JSON-escaped, fits. */
export const MAX_REQUEST_BYTES = 524_288;

/** Longest summary of an agent, in characters. */
export const MAX_SUMMARY_CHARS = 200;

/** Most deliveries that one inbox page returns, and one lease that does not ask for more. */
export const MAX_DELIVERIES_PER_READ = 25;

/** Most bytes of message bodies that such a lease returns; the first delivery is returned whatever its size. */
export const MAX_BYTES_PER_READ = 16_384;

/** Most deliveries that one lease returns to who asks for more, and most bytes of their bodies. */
export const MAX_DELIVERIES_PER_LEASE = 256;
export const MAX_BYTES_PER_LEASE = 262_144;

/** Most deliveries that one call acks. */
export const MAX_ACKS_PER_CALL = 256;

/** Most messages that one page of history holds. */
export const MAX_MESSAGES_PER_PAGE = 100;

/** Most bytes of message bodies that one page of history holds; the first message is there whatever its size. */
export const MAX_BYTES_PER_PAGE = 262_144;

/** Most deliveries that one answer about a message tells of; more are asked for with its cursor. */
export const MAX_DELIVERIES_PER_TRACE = 50;

/** Most things that happened to one delivery which such an answer tells, the newest; the log has those that are kept. */
export const MAX_STEPS_PER_TRACE = 100;

/** Most events that are kept, those of deliveries left out, which are in the timeline; older ones are pruned. */
export const MAX_KEPT_EVENTS = 100_000;

/** Longest time a long poll waits, in milliseconds. */
export const MAX_WAIT_MS = 60_000;

/** Lease length when none is asked for, in milliseconds. */
export const DEFAULT_LEASE_MS = 60_000;

/** Shortest and longest lease, in milliseconds. */
export const MIN_LEASE_MS = 1_000;
export const MAX_LEASE_MS = 43_200_000;

/** Message life when the sender names none, in milliseconds: 7 days. */
export const DEFAULT_TTL_MS = 604_800_000;

/** Shortest and longest message life, in milliseconds: 1 second and 30 days. */
export const MIN_TTL_MS = 1_000;
export const MAX_TTL_MS = 2_592_000_000;

/** Most messages of one topic that a new subscriber can ask for. */
export const MAX_RETAINED = 100;

/** Most topics of a pattern, those published on last, of which a new subscriber gets earlier messages. */
export const MAX_TOPICS_PER_PATTERN = 1_000;

/** When the answer to an ask is overdue, in milliseconds, if the asker does not say: 10 minutes. */
export const DEFAULT_ANSWER_MS = 600_000;

/** Length of a focus, in milliseconds: 30 minutes when none is named, from 1 second to 8 hours. */
export const DEFAULT_FOCUS_MS = 1_800_000;
export const MIN_FOCUS_MS = 1_000;
export const MAX_FOCUS_MS = 28_800_000;

/** How long an idempotency key is remembered, in milliseconds: 24 hours. */
export const IDEMPOTENCY_WINDOW_MS = 86_400_000;

/** How long the secret before a rotation signs a webhook's posts as well, in milliseconds: 24 hours, at most 7 days. */
export const WEBHOOK_OVERLAP_MS = 86_400_000;
export const MAX_WEBHOOK_OVERLAP_MS = 604_800_000;

/** Longest time that a broker can be set to wait for a webhook's answer, in milliseconds. */
export const MAX_WEBHOOK_TIMEOUT_MS = 60_000;

/** How many of those who got a published message, and of those who did not, its publisher is told by name. */
export const MAX_NAMED_PER_PUBLISH = 50;

/** How far a post's timestamp may be from the receiver's clock, in milliseconds: 5 minutes. */
export const WEBHOOK_TOLERANCE_MS = 300_000;

/** How often a session renews itself, in milliseconds. */
export const HEARTBEAT_MS = 15_000;

/** Age of the last heartbeat at which an agent is `stale`, in milliseconds. */
export const STALE_AFTER_MS = 45_000;

/** Age of the last heartbeat at which a session is over and its agent `offline`, in milliseconds. */
export const OFFLINE_AFTER_MS = 120_000;
