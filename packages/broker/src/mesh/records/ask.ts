/** The records of asks that go through the Store port. */
import type { DeliveryId, Message, OpenAsk } from "@agentmesh/protocol";

/** An ask and its answer. */
export interface AskStatus {
  readonly dueAt: number;
  readonly reply: { readonly message: Message; readonly deliveryId: DeliveryId } | undefined;
}

/** Writes the notices of an overdue ask: first to the agent that owes the answer, then to the asker. */
export interface AskNotices {
  readonly nudge: (ask: OpenAsk) => string;
  readonly bounce: (ask: OpenAsk) => string;
}
