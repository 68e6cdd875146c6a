/** What engines share of leases: what is given out, and what becomes of one that ends without an ack. */
import type { LeasedDelivery, Message, Urgency } from "@agentmesh/protocol";
import { focusWeight, urgencyWeight } from "../../mesh/acceptance/urgency.ts";
import { timestamp } from "../../mesh/clock.ts";
import { someRandomBytes } from "../../mesh/ids.ts";
import type { Delayed, LeasedRecord, RetryPolicy } from "../../mesh/store.ts";
import type { Ending } from "./ending.ts";
import { focusOf, type PartyRow } from "./rows/agents.ts";
import type { LeaseRow } from "./rows/deliveries.ts";
import type { DeliveryRow } from "./rows/rows.ts";

/** What is not given out to be pushed rests for a read: less urgent than asked for, or than the agent's focus allows. */
export function leastPushed(agent: PartyRow, asked: Urgency, now: number): number {
  return Math.max(urgencyWeight(asked), focusWeight(focusOf(agent, now)?.allows));
}

/** What was leased, and how many stay queued; of a stream also whether its session is silent. */
export interface Taken {
  readonly leased: LeasedRecord[];
  readonly queued: number;
  readonly silent: boolean;
  /** There is more to take, which the slice had no room for. */
  readonly more: boolean;
}

/** A receipt for a new lease. */
export const newReceipt = () => someRandomBytes(12).toString("base64url");

/** A delivery as whoever leased it is shown it. */
export function leasedDelivery(
  { id, seq, trust }: Pick<DeliveryRow, "id" | "seq" | "trust">,
  lease: { readonly attempt: number; readonly receipt: string; readonly endsAt: number },
  message: Message,
): LeasedDelivery {
  const { attempt, receipt, endsAt } = lease;
  const known = { id, seq, ...(trust !== null && { trust }) };
  return { ...known, attempt, redelivered: attempt > 1, receipt, leaseEndsAt: timestamp(endsAt), message };
}

/** A lease as it is given back. */
export type GivenBack = Omit<LeaseRow, "pushed" | "stream_position">;

/** How a lease is given back. */
export interface GivingBack {
  readonly event: "nacked" | "released";
  readonly reason: string | null;
  readonly failed: boolean;
  readonly delayMs: number | undefined;
  readonly delayed?: Delayed | undefined;
  readonly retry: RetryPolicy;
}

/**
 * What becomes of a lease that is given back: it ends, past its life or failed too often, or it is queued again. Only what the
 * receiver did wrong is a failure; a session that ends in order, or a broker that restarts, costs a message nothing.
 */
export function outcomeOf(
  lease: Pick<LeaseRow, "failures" | "expires_at">,
  { reason, failed, delayMs, delayed = "everybody", retry }: GivingBack,
  now: number,
): { readonly ending: Ending } | { readonly failures: number; readonly delay: { ms: number; delayed: Delayed } } {
  const failures = lease.failures + (failed ? 1 : 0);
  const { bounce } = retry;
  if (lease.expires_at <= now) {
    const why = "the message was past its life when the lease ended";
    return { ending: { state: "expired", event: "expired", reason: why, bounce } };
  }
  if (failed && failures >= retry.maxAttempts) {
    const why = `given up after ${failures} failed ${failures === 1 ? "attempt" : "attempts"}${reason ? `: ${reason}` : ""}`;
    return { ending: { state: "dead", event: "dead", reason: why, bounce } };
  }
  return { failures, delay: { ms: delayMs ?? (failed ? retry.delayMs(failures) : 0), delayed } };
}

/** What the timeline says of a lease that ran out. */
export const RAN_OUT = "the lease ended without an ack";

/** What it says of the leases of an earlier broker process. */
export const RESTARTED = "the broker restarted";
