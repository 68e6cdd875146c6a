/** The records of deliveries and their leases that go through the Store port. */
import type {
  AckEvidence,
  AgentId,
  DeliveryId,
  DeliveryRef,
  DeliveryState,
  LeasedDelivery,
  SessionId,
  Urgency,
} from "@agentmesh/protocol";

/** What to lease, for whom, for how long. */
export interface LeaseTerms {
  readonly agentId: AgentId;
  readonly max: number;
  readonly maxBytes: number;
  readonly leaseMs: number;
  /** Session that holds the leases; undefined for a caller without one. */
  readonly session: SessionId | undefined;
  /** For a lease that is to be pushed; left out, it is for a read, which is given all. */
  readonly push?: PushTerms | undefined;
  /** For a stream, in place of `push`: the same terms, and its credit. */
  readonly stream?: PushTerms & { readonly maxInFlight: number };
}

/** For whom the answer to an ask is leased, and for how long. */
export type AnswerTerms = Pick<LeaseTerms, "agentId" | "leaseMs" | "session">;

/** What a stream leases. */
export type StreamLeaseTerms = LeaseTerms & Required<Pick<LeaseTerms, "stream">> & { readonly session: SessionId };

/** Whom the delay of a returned delivery keeps from it: everybody, left out, or the agent's webhook alone. */
export type Delayed = "everybody" | "webhook";

/** What may be pushed. */
export interface PushTerms {
  /** How many reported pushes of this session are enough. */
  readonly maxPushes?: number | undefined;
  /** Least urgency that is taken, left out fyi; a focus of the agent may ask for more. */
  readonly urgency?: Urgency;
  /** For the agent's webhook: what it failed with is kept from it until the delay is over. */
  readonly webhook?: {
    /** The delivery to lease only when there is no other. */
    readonly last: DeliveryId | undefined;
  };
}

/** A leased delivery; `streamPosition` orders the leases of one stream. */
export interface LeasedRecord {
  readonly delivery: LeasedDelivery;
  readonly streamPosition: number;
}

/** A delivery that ended without an ack, as its sender's notice names it. */
export interface EndedDelivery {
  readonly deliveryId: DeliveryId;
  readonly seq: number;
  readonly state: "dead" | "expired" | "refused";
  readonly reason: string;
  readonly recipient: string;
  /** Empty when it is damaged. */
  readonly body: string;
}

/** Writes the notice that a sender gets of such a delivery. */
export type Bounce = (ended: EndedDelivery) => string;

/** When failed deliveries come back, and when they are given up: nacked, or not acked by a lost or silent holder. */
export interface RetryPolicy {
  readonly maxAttempts: number;
  readonly delayMs: (failures: number) => number;
  /** Without it no sender is told. */
  readonly bounce?: Bounce;
}

/** A settled or returned delivery. */
export interface DeliveryRecord {
  readonly id: DeliveryId;
  readonly state: DeliveryState;
  readonly attempt: number;
  readonly leaseEndsAt: number | undefined;
}

/** Verdict on a verb that needs the current lease. */
export type LeaseVerdict =
  | { readonly kind: "done"; readonly delivery: DeliveryRecord }
  | { readonly kind: "not_found" }
  | { readonly kind: "lease_lost"; readonly delivery: DeliveryRecord }
  | { readonly kind: "settled"; readonly delivery: DeliveryRecord };

/** Verdict on a verb that needs a held delivery. */
export type HeldVerdict =
  | { readonly kind: "done"; readonly delivery: DeliveryRecord }
  | { readonly kind: "not_found" }
  | { readonly kind: "not_held"; readonly delivery: DeliveryRecord };

/** Verdict on an ack. */
export type AckVerdict = LeaseVerdict | { readonly kind: "acked_before"; readonly delivery: DeliveryRecord };

/** One ack of many. */
export interface AckAsked {
  readonly ref: DeliveryRef;
  readonly receipt: string | undefined;
  readonly evidence: AckEvidence;
}

/** One of many that was refused with an error: nothing was done of it. */
export interface RefusedEntry {
  readonly kind: "refused";
  readonly error: unknown;
}

/** Verdict on a verb that needs a dead letter. */
export type DeadVerdict =
  | { readonly kind: "done"; readonly delivery: DeliveryRecord }
  | { readonly kind: "not_found" }
  | { readonly kind: "not_dead"; readonly delivery: DeliveryRecord };

/** Counts of the whole store. */
export interface StoreStats {
  readonly deliveries: Record<DeliveryState, number>;
  /** Those that are not removed: there, or in the archive. */
  readonly agents: { readonly present: number; readonly archived: number };
  readonly bytes: number;
}

/** What came of putting a dead letter back. */
export type RedriveVerdict =
  | LeaseVerdict
  | { readonly kind: "not_dead"; readonly delivery: DeliveryRecord }
  | { readonly kind: "recipient_gone"; readonly recipient: string };
