/** The rules' numbers, resolved from configuration. */
import type { KeepingStatus } from "@agentmesh/protocol";
import { timestamp } from "./clock.ts";
import type { KeepingQuota, Kept } from "./store/keeping.ts";
import type { InboxQuota } from "./store.ts";

/** Limits and durations the mesh applies; all times in milliseconds. */
export interface Policy {
  readonly maxBodyBytes: number;
  readonly inboxMaxMessages: number;
  readonly inboxMaxBytes: number;
  /** Most that is kept of one sender, and of all: messages and bytes; 0 for any number. */
  readonly agentKeptMessages: number;
  readonly agentKeptBytes: number;
  readonly meshKeptMessages: number;
  readonly meshKeptBytes: number;
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

/** Most that one inbox of this mesh holds open, and what may be kept. */
export function inboxQuota(policy: Policy): InboxQuota {
  const { inboxMaxMessages, inboxMaxBytes } = policy;
  return { maxMessages: inboxMaxMessages, maxBytes: inboxMaxBytes, keeping: keepingQuota(policy) };
}

/** Most that this mesh keeps, of one sender and of all. */
export function keepingQuota(policy: Policy): KeepingQuota {
  return {
    agentMessages: policy.agentKeptMessages,
    agentBytes: policy.agentKeptBytes,
    meshMessages: policy.meshKeptMessages,
    meshBytes: policy.meshKeptBytes,
  };
}

/** What is kept beside what may be. */
export function keepingStatus({ messages, bytes, letGo }: Kept, policy: Policy): KeepingStatus {
  return {
    messages,
    bytes,
    maxMessages: policy.meshKeptMessages,
    maxBytes: policy.meshKeptBytes,
    agentMaxMessages: policy.agentKeptMessages,
    agentMaxBytes: policy.agentKeptBytes,
    ...(letGo && { letGo: { messages: letGo.messages, until: timestamp(letGo.until) } }),
  };
}
