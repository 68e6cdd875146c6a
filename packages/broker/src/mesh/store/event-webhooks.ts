/** The part of the Store port that keeps event webhooks. */
import type { AgentId } from "@agentmesh/protocol";
import type { EventWebhookQuota, EventWebhookRecord, EventWebhookToPut } from "../records/index.ts";

/** Several of an agent, each for a time, with a cursor of its own. They end with their agent. */
export interface EventWebhookStore {
  /**
   * Sets one, or renews one that has not ended: that keeps its cursor. Those that have ended are forgotten. `full` when there are as
   * many as may be. @throws MeshError agent_not_found
   */
  putEventWebhook(webhook: EventWebhookToPut, quota: EventWebhookQuota): Promise<EventWebhookRecord | "full">;
  /** Those that have not ended. */
  listEventWebhooks(): Promise<EventWebhookRecord[]>;
  /** All before a cursor was taken; of one that is no more nothing is kept. */
  moveEventWebhook(agentId: AgentId, id: string, cursor: string): Promise<void>;
  /** Ends one; false when there is none. */
  endEventWebhook(agentId: AgentId, id: string): Promise<boolean>;
}
