/** Leases of deliveries, and the verbs of who has one: acked, given back, renewed, refused. */
import * as z from "zod";
import { Problem } from "../errors.ts";
import { DeliveryId, SessionId } from "../ids.ts";
import {
  DEFAULT_LEASE_MS,
  MAX_ACKS_PER_CALL,
  MAX_BYTES_PER_LEASE,
  MAX_BYTES_PER_READ,
  MAX_DELIVERIES_PER_LEASE,
  MAX_DELIVERIES_PER_READ,
  MAX_LEASE_MS,
  MAX_WAIT_MS,
  MIN_LEASE_MS,
} from "../limits.ts";
import { object, strictObject } from "../shapes/lazy-object.ts";
import { Timestamp } from "../time.ts";
import { Urgency } from "../urgency.ts";
import { DeliveryState } from "./delivery-state.ts";
import { Message } from "./message.ts";
import { deliveryTrust } from "./trust-class.ts";

/** Opaque proof of a lease. */
export const Receipt = z.string().min(1).max(128);
export type Receipt = z.infer<typeof Receipt>;

/** A delivery under a lease; `redelivered` when it had been leased before. */
export const LeasedDelivery = object(() => ({
  id: DeliveryId,
  seq: z.int().positive(),
  attempt: z.int().positive(),
  redelivered: z.boolean(),
  receipt: Receipt,
  leaseEndsAt: Timestamp,
  trust: deliveryTrust,
  message: Message,
}));
export type LeasedDelivery = z.infer<typeof LeasedDelivery>;

/** How long a lease lasts. */
export const LeaseMs = z.int().min(MIN_LEASE_MS).max(MAX_LEASE_MS);

/** Takes up to `max` deliveries or `maxBytes` of bodies for `leaseMs`; with `waitMs`, waits that long for the first. */
export const LeaseRequest = strictObject(() => ({
  max: z.int().min(1).max(MAX_DELIVERIES_PER_LEASE).default(MAX_DELIVERIES_PER_READ),
  maxBytes: z
    .int()
    .min(1)
    .max(MAX_BYTES_PER_LEASE)
    .default(MAX_BYTES_PER_READ)
    .meta({ description: "most bytes of bodies; the first delivery is returned whatever its size" }),
  leaseMs: LeaseMs.default(DEFAULT_LEASE_MS),
  waitMs: z.int().min(0).max(MAX_WAIT_MS).default(0),
  session: SessionId.optional().meta({ description: "holder; its leases return when the session ends" }),
  toPush: z
    .strictObject({
      urgency: Urgency.default("fyi"),
      maxPushes: z.int().min(1).max(100).optional(),
    })
    .optional()
    .meta({ description: "for a receiver that pushes what it leases: as a stream of these terms, focus included" }),
}));
export type LeaseRequest = z.infer<typeof LeaseRequest>;

/** The leased deliveries in inbox order, and how many still wait behind them. */
export const LeaseReply = object(() => ({ deliveries: z.array(LeasedDelivery), queued: z.int().nonnegative() }));
export type LeaseReply = z.infer<typeof LeaseReply>;

/** What showed that the recipient has the message; `taken`: its webhook answered 2xx; `transcript`: its session's own record. */
export const AckEvidence = z.enum(["handled", "read", "replied", "taken", "transcript"]);
export type AckEvidence = z.infer<typeof AckEvidence>;

/** Ends a delivery for good. Without `receipt` the owner acks late; with one, the lease must still be that one. */
export const AckRequest = strictObject(() => ({
  receipt: Receipt.optional(),
  evidence: AckEvidence.exclude(["taken"]).default("handled"),
}));
export type AckRequest = z.infer<typeof AckRequest>;

/** `duplicate`: it had been acked before. */
export const AckReply = object(() => ({ deliveryId: DeliveryId, state: DeliveryState, duplicate: z.boolean() }));
export type AckReply = z.infer<typeof AckReply>;

/** One ack of many. What `delivery` names is looked at entry by entry, also when it is no name of a delivery at all. */
export const AckEntry = strictObject(() => ({
  delivery: z
    .string()
    .min(1)
    .max(128)
    .meta({ description: "dlv_…, its beginning, or the seq number in your own inbox" }),
  ...AckRequest.shape,
}));
export type AckEntry = z.infer<typeof AckEntry>;

/** Ends many deliveries for good, each by itself: as many single acks would, in this order. */
export const AckManyRequest = strictObject(() => ({ acks: z.array(AckEntry).min(1).max(MAX_ACKS_PER_CALL) }));
export type AckManyRequest = z.infer<typeof AckManyRequest>;

/** An ack of many that was refused: the delivery as it was named, and what a single ack of it is answered. */
export const RefusedAck = object(() => ({ delivery: z.string(), problem: Problem }));
export type RefusedAck = z.infer<typeof RefusedAck>;

/** What became of each, in the order of asking. */
export const AckManyReply = object(() => ({ results: z.array(z.union([AckReply, RefusedAck])) }));
export type AckManyReply = z.infer<typeof AckManyReply>;

/** Gives a delivery back: to be leased again after `delayMs`, or by the backoff schedule. */
export const NackRequest = strictObject(() => ({
  receipt: Receipt,
  delayMs: z.int().min(0).max(MAX_LEASE_MS).optional(),
  reason: z.string().max(200).optional(),
}));
export type NackRequest = z.infer<typeof NackRequest>;

/** Renews a lease by `leaseMs` from now. */
export const ExtendRequest = strictObject(() => ({ receipt: Receipt, leaseMs: LeaseMs.default(DEFAULT_LEASE_MS) }));
export type ExtendRequest = z.infer<typeof ExtendRequest>;

/** Refuses a delivery for good: it becomes a dead letter with this reason. */
export const RejectRequest = strictObject(() => ({ receipt: Receipt, reason: z.string().min(1).max(200) }));
export type RejectRequest = z.infer<typeof RejectRequest>;

/** Refuses a held delivery for good; its sender is told, with the reason if there is one. */
export const RefuseRequest = strictObject(() => ({ reason: z.string().min(1).max(200).optional() }));
export type RefuseRequest = z.infer<typeof RefuseRequest>;

/** Reports what a session did with a leased delivery: pushed it through a path, or could not. Never an ack. */
export const PushReport = strictObject(() => ({
  receipt: Receipt,
  path: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/),
  failedWhy: z.string().max(200).optional(),
}));
export type PushReport = z.infer<typeof PushReport>;

/** The delivery after a verb on it: nack, extend, reject, redrive, dismiss, admit, refuse or a push report. */
export const DeliveryReply = object(() => ({
  deliveryId: DeliveryId,
  state: DeliveryState,
  attempt: z.int().nonnegative(),
  leaseEndsAt: Timestamp.optional(),
}));
export type DeliveryReply = z.infer<typeof DeliveryReply>;
