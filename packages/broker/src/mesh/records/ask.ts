/** The records of asks that go through the Store port. */
import type { DeliveryId, DeliveryState, Message, MessageId, OpenAsk, Party } from "@agentmesh/protocol";

/** An ask and its answer. */
export interface AskStatus {
  readonly dueAt: number;
  /** The time for an answer is over. */
  readonly overdue: boolean;
  /** The question is dead, refused, expired or taken back, or its answer was waived. */
  readonly ended: boolean;
  readonly waived: boolean;
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

/** How an answer is waived: by whom, and what is said of it. */
export interface WaiveTerms {
  /** Who waives, as the timeline has it. */
  readonly why: string;
  /** Tells the agent that owed the answer, unless its policy holds the question. */
  readonly nudge: (ask: OpenAsk) => string;
  /** Tells the asker, where it is another who waives. */
  readonly bounce?: (ask: OpenAsk) => string;
}

/** What came of a waive: done, now or before; or why nobody owes the answer. `no_ask` also for a question of somebody else. */
export type WaiveVerdict =
  | { readonly kind: "done"; readonly from: Party; readonly to: Party; readonly waivedAt: number }
  | { readonly kind: "no_ask" }
  | { readonly kind: "answered"; readonly by: Party; readonly replyId: MessageId }
  | { readonly kind: "ended"; readonly to: Party; readonly state: DeliveryState };
