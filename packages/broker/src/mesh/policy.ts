/** The rules' numbers, resolved from configuration. */
import type { InboxQuota } from "./store.ts";

/** Limits and durations the mesh applies; all times in milliseconds. */
export interface Policy {
  readonly maxBodyBytes: number;
  readonly inboxMaxMessages: number;
  readonly inboxMaxBytes: number;
  readonly maxAttempts: number;
  /** Most answers in a row by agents, without a person between. */
  readonly maxHops: number;
  /** Messages a minute of one sender, and of one sender to one recipient; 0 for no limit. */
  readonly senderPerMinute: number;
  readonly pairPerMinute: number;
  /** How often the same text may go to the same recipient within a minute; 0 for no limit. */
  readonly repeatsPerMinute: number;
  readonly heartbeatMs: number;
  readonly staleAfterMs: number;
  readonly offlineAfterMs: number;
  /** How long a closed stream's leases wait for its session to come back. */
  readonly streamGraceMs: number;
  readonly retentionMs: number;
  /** How long an agent may give no sign of life before it is archived. */
  readonly archiveAfterMs: number;
  /** First rest of a webhook that failed too often. */
  readonly webhookRestMs: number;
  /** Life of a message whose sender names none. */
  readonly messageTtlMs: number;
}

/** Most that one inbox of this mesh holds open. */
export function inboxQuota({ inboxMaxMessages, inboxMaxBytes }: Policy): InboxQuota {
  return { maxMessages: inboxMaxMessages, maxBytes: inboxMaxBytes };
}
