/** What the store's verdicts on deliveries are answered: a reply, or a refusal. */
import type { AckReply, DeliveryReply } from "@agentmesh/protocol";
import type { AgentCaller } from "./caller.ts";
import { timestamp } from "./clock.ts";
import { MeshError } from "./errors.ts";
import type { AckVerdict, DeliveryRecord, HeldVerdict, RefusedEntry } from "./store.ts";

/** The delivery, where a verb that needs the current lease was done. @throws MeshError delivery_not_found, lease_lost, delivery_settled */
export function granted(verdict: AckVerdict, ref: string, caller: AgentCaller): DeliveryRecord {
  switch (verdict.kind) {
    case "done":
      return verdict.delivery;
    case "not_found":
      throw new MeshError("delivery_not_found", `${caller.agent.name} has no delivery ${ref} in its inbox.`);
    case "lease_lost":
      throw new MeshError(
        "lease_lost",
        `The lease of ${verdict.delivery.id} by this receipt is over; it is ${verdict.delivery.state} now (attempt ${verdict.delivery.attempt}). Lease it again, or ack it without a receipt.`,
      );
    default:
      throw new MeshError("delivery_settled", `${verdict.delivery.id} has ended: it is ${verdict.delivery.state}.`);
  }
}

/** Answers an ack. @throws MeshError delivery_not_found, lease_lost, delivery_settled */
export function ackReply(verdict: AckVerdict, ref: string, caller: AgentCaller): AckReply {
  const duplicate = verdict.kind === "acked_before";
  const { id, state } = duplicate ? verdict.delivery : granted(verdict, ref, caller);
  return { deliveryId: id, state, duplicate };
}

/** What became of an ack of many: its answer, or why it was refused. */
export type AckOutcome = AckReply | { readonly delivery: string; readonly error: unknown };

/** The outcome of an ack of many, of a delivery as it was named. */
export function ackOutcome(
  answer: AckVerdict | RefusedEntry | undefined,
  delivery: string,
  caller: AgentCaller,
): AckOutcome {
  try {
    if (answer === undefined) throw new Error(`the store left out the ack of ${delivery}`);
    if (answer.kind === "refused") throw answer.error;
    return ackReply(answer, delivery, caller);
  } catch (error) {
    return { delivery, error };
  }
}

/** The delivery, where it was held. @throws MeshError delivery_not_found, not_held */
export function wasHeld(verdict: HeldVerdict, ref: string): DeliveryRecord {
  if (verdict.kind === "done") return verdict.delivery;
  if (verdict.kind === "not_held") {
    const { id, state } = verdict.delivery;
    throw new MeshError("not_held", `${id} is ${state}, not held: there is nothing to decide.`);
  }
  throw noHeld(ref);
}

/** A dead letter that is not there. */
export function noDeadLetter(ref: string): MeshError {
  return new MeshError("delivery_not_found", `There is no dead letter ${ref}. List them: agentmesh dead`);
}

/** A held delivery that is not there. */
export function noHeld(ref: string): MeshError {
  return new MeshError("delivery_not_found", `There is no held delivery ${ref}. List them: agentmesh held`);
}

/** Answers a verb on a delivery. */
export function deliveryReply(delivery: DeliveryRecord): DeliveryReply {
  return {
    deliveryId: delivery.id,
    state: delivery.state,
    attempt: delivery.attempt,
    ...(delivery.leaseEndsAt !== undefined && { leaseEndsAt: timestamp(delivery.leaseEndsAt) }),
  };
}
