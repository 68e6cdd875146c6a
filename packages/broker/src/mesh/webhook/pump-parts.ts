/** What the pump of a webhook works with. */
import type { DeliveryId, Party, Urgency } from "@agentmesh/protocol";
import type { RetryPolicy, Store } from "../store.ts";
import type { AnswerPost } from "./answer.ts";
import type { WebhookHealth } from "./health.ts";
import type { WebhookSink } from "./sink.ts";
import type { Slots } from "./slots.ts";

/** What a pump works with. */
export interface PumpParts {
  readonly store: Store;
  readonly agent: Party;
  /** When the webhook was set. */
  readonly setAt: number;
  readonly sink: WebhookSink;
  readonly health: WebhookHealth;
  readonly slots: Slots;
  readonly retry: RetryPolicy;
  readonly maxInFlight: number;
  readonly leaseMs: number;
  /** Least urgency that is posted. */
  readonly urgency: Urgency;
  /** Whether a stream of the agent is open: then that has its mail. */
  readonly streamed: () => boolean;
  /** Sends what was said to a post. */
  readonly answer: AnswerPost;
  /** Told why no answer comes of what was taken. */
  readonly onUnanswered: (delivery: DeliveryId, why: string) => void;
  readonly onFault: (error: unknown) => void;
}
