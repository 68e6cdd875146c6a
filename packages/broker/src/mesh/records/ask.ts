/** The records of asks that go through the Store port. */
import type { DeliveryId, Message, OpenAsk } from "@agentmesh/protocol";

/** An ask and its answer. */
export interface AskStatus {
  readonly dueAt: number;
  /** The time for an answer is over. */
  readonly overdue: boolean;
  /** The question is dead, refused, expired or taken back. */
  readonly ended: boolean;
  readonly reply:
    | { readonly message: Message; readonly deliveryId: DeliveryId; readonly trust: string | undefined }
    | undefined;
}

/** Writes the notices of an overdue ask: first to the agent that owes the answer, then to the asker. */
export interface AskNotices {
  readonly nudge: (ask: OpenAsk) => string;
  /** `held`: the policy of the agent asked has held the question all the time, and nobody was reminded. */
  readonly bounce: (ask: OpenAsk, held: boolean) => string;
}
