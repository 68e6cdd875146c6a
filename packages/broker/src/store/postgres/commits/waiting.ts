/** Acts that wait for a transaction which they share. */
import type { AckEvidence, AgentId, DeliveryRef } from "@agentmesh/protocol";
import type {
  AckVerdict,
  Enqueued,
  InboxQuota,
  LeasedRecord,
  LeaseTerms,
  MessageToEnqueue,
} from "../../../mesh/store.ts";
import type { Act, SeenAct } from "./begun.ts";

/** A message to accept. */
export interface SendAsked {
  readonly kind: "send";
  readonly message: MessageToEnqueue;
  readonly quota: InboxQuota;
  answer(enqueued: Enqueued): void;
}

/** A delivery to ack. */
export interface AckAskedFor {
  readonly kind: "ack";
  readonly agentId: AgentId;
  readonly ref: DeliveryRef;
  readonly receipt: string | undefined;
  readonly evidence: AckEvidence;
  answer(verdict: AckVerdict): void;
}

/** Deliveries to lease, for nobody's webhook. */
export interface LeaseAskedFor {
  readonly kind: "lease";
  readonly terms: LeaseTerms;
  answer(taken: { readonly leased: LeasedRecord[]; readonly queued: number; readonly silent?: boolean }): void;
}

/** An act that may share a transaction. */
export interface Waiting {
  /** What it needs locked; an act that finds that it needs more is done by itself. */
  readonly agents: readonly AgentId[];
  /** Left out of one that is not done with others of its kind in the same statements. */
  readonly asked?: SendAsked | AckAskedFor | LeaseAskedFor;
  /** Does it by its own statements; what is returned tells its caller what came of it. */
  readonly act: Act<() => void>;
  refuse(error: unknown): void;
  readonly seen?: SeenAct | undefined;
}

/** One of a kind that is done together, with its place in the group. */
export interface OneOf<Asked> {
  readonly asked: Asked;
  readonly waiting: Waiting;
}
