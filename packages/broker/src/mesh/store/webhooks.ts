/** The part of the Store port that keeps webhooks. */
import type { AgentId, DeliveryId } from "@agentmesh/protocol";
import type { AckVerdict, FollowedTask, TaskToFollow, WebhookNote, WebhookRecord } from "../records/index.ts";
import type { EventWebhookStore } from "./event-webhooks.ts";

/** One webhook of an agent at most, and how it does; beside it those that are told events. */
export interface WebhookStore extends EventWebhookStore {
  /** Sets an agent's webhook in place of the one it had, as one that was never tried. @throws MeshError agent_not_found */
  putWebhook(agentId: AgentId, sealed: string): Promise<void>;
  /** Replaces what is sealed of a webhook and keeps how it does. */
  resealWebhook(agentId: AgentId, sealed: string): Promise<void>;
  webhookOf(agentId: AgentId): Promise<WebhookRecord | undefined>;
  listWebhooks(): Promise<WebhookRecord[]>;
  /** Notes what came of a post. */
  noteWebhook(agentId: AgentId, note: WebhookNote): Promise<void>;
  /** Removes an agent's webhook; false when it has none. */
  removeWebhook(agentId: AgentId): Promise<boolean>;

  /** Acks what a receiver is at work on, and keeps by which task, in one act; of a webhook that is another one by now it keeps none. */
  ackFollowed(agentId: AgentId, delivery: DeliveryId, task: TaskToFollow): Promise<AckVerdict>;
  /** All that are followed; they end with their webhook. */
  listFollowed(): Promise<FollowedTask[]>;
  /** A task is over, or given up. */
  unfollow(agentId: AgentId, delivery: DeliveryId): Promise<void>;
}
