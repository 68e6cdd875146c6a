/** The records of webhooks that go through the Store port. */
import type { AgentId, DeliveryId, Message } from "@agentmesh/protocol";

/** An agent's webhook as stored; `sealed` is opaque to the engine. */
export interface WebhookRecord {
  readonly agentId: AgentId;
  readonly sealed: string;
  readonly setAt: number;
  /** Failed posts in a row. */
  readonly failures: number;
  readonly provenAt: number | undefined;
  readonly failedAt: number | undefined;
  /** Why the last post failed; undefined when it was taken. */
  readonly failedWhy: string | undefined;
  readonly restsUntil: number | undefined;
  readonly disabled: boolean;
}

/** What came of a post to a webhook. */
export type WebhookNote =
  | { readonly kind: "taken" }
  | { readonly kind: "failed"; readonly why: string; readonly failures: number; readonly restMs?: number }
  | { readonly kind: "disabled"; readonly why: string; readonly failures: number };

/** A task of an agent elsewhere, as which it is at work on what was posted to it. */
export interface TaskToFollow {
  readonly task: string;
  /** How long it is asked for. */
  readonly forMs: number;
  /** Which webhook of the agent posted: it may be another one by now. */
  readonly webhookSetAt: number;
}

/** A task that is followed, and what it is to answer. */
export interface FollowedTask {
  readonly agentId: AgentId;
  readonly delivery: { readonly id: DeliveryId; readonly message: Message };
  readonly task: string;
  readonly endsAt: number;
}
