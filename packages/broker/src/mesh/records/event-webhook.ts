/** The records of event webhooks that go through the Store port. */
import type { AgentId } from "@agentmesh/protocol";

/** An event webhook as stored; `sealed` is opaque to the engine. */
export interface EventWebhookRecord {
  readonly id: string;
  readonly agentId: AgentId;
  readonly sealed: string;
  /** All before it was taken. */
  readonly cursor: string;
  readonly endsAt: number;
}

/** An event webhook that is set or renewed. */
export interface EventWebhookToPut {
  readonly id: string;
  readonly agentId: AgentId;
  readonly sealed: string;
  /** Where it begins; one that is there goes on from its own. */
  readonly cursor: string;
  readonly endsAt: number;
}

/** How many there may be. */
export interface EventWebhookQuota {
  readonly ofAgent: number;
  readonly ofAll: number;
}
