/** The acts that decide on a delivery beside its leases: taken back, admitted, refused, put back. */
import type { AgentId, DeliveryRef, MessageId } from "@agentmesh/protocol";
import type { DeadVerdict, DeliveryRecord, HeldVerdict, InboxQuota, Viewer } from "../../../mesh/store.ts";
import { bodyDamaged, type TakenBack } from "../../shared/decisions.ts";
import { isIntact } from "../../shared/rows/body.ts";
import { type DeliveryRow, deliveryRecord } from "../../shared/rows/rows.ts";
import { type Budget, each, ROWS, type Slice } from "../commits/slices.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import { done } from "./lease.ts";
import { checkRoom } from "./quota.ts";

/** Cancels what is held, or queued and was never leased, of a message of this sender; a slice at a time. */
export function cancelMessage(engine: Engine, messageId: MessageId, senderId: AgentId) {
  return (budget: Budget, kept: readonly TakenBack[]): Slice<TakenBack> => {
    const { deliveries } = engine;
    const left: DeliveryRecord[] = [];
    let [cancelled, before, last] = [0, 0, kept.at(-1)?.last ?? 0];
    const { more } = each(budget, deliveries.statesOf({ messageId, after: last, limit: ROWS }), ROWS, (row) => {
      last = row.pk;
      if (row.sender_id === senderId && (row.state === "held" || (row.state === "queued" && row.attempt === 0))) {
        deliveries.markEnded(row.pk, "cancelled", "taken back by its sender");
        engine.timeline.note(row.pk, "cancelled", { attempt: 0 });
        engine.asks.giveUp(row.message_pk);
        cancelled++;
      } else if (row.state === "cancelled") before++;
      else left.push(deliveryRecord(row));
    });
    // From the first on: a later subscriber must not get it. Also what was published to nobody yet.
    const isNothingLeft = !more && left.length === 0 && kept.every((part) => part.left.length === 0);
    if (cancelled > 0 || isNothingLeft) engine.messages.recall(messageId, senderId);
    return { part: { cancelled, before, left, last }, more };
  };
}

/** Lets a held delivery into its inbox. */
export function admitHeld(engine: Engine, context: EngineContext, owner: Viewer, ref: DeliveryRef): HeldVerdict {
  return onHeld(engine, owner, ref, (row) => {
    engine.deliveries.admit(row.pk);
    engine.timeline.note(row.pk, "admitted", { attempt: row.attempt });
    context.leasable.ready(row.recipient_id);
  });
}

/** Runs `act` on a delivery that is held. */
export function onHeld(engine: Engine, owner: Viewer, ref: DeliveryRef, act: (row: DeliveryRow) => void): HeldVerdict {
  const row = owner === undefined ? engine.deliveries.findAny(ref) : engine.deliveries.find(owner, ref);
  if (!row) return { kind: "not_found" };
  if (row.state !== "held") return { kind: "not_held", delivery: deliveryRecord(row) };
  act(row);
  return { kind: "done", delivery: deliveryRecord(engine.deliveries.recordOf(row.pk) ?? row) };
}

/** Takes a dead letter off the list; one that was taken off stays so. */
export function dismissDelivery(engine: Engine, owner: Viewer, ref: DeliveryRef): DeadVerdict {
  const row = owner === undefined ? engine.deliveries.findAny(ref) : engine.deliveries.find(owner, ref);
  if (!row) return { kind: "not_found" };
  if (row.state !== "dead") return { kind: "not_dead", delivery: deliveryRecord(row) };
  if (engine.deliveries.dismiss(row.pk)) engine.timeline.note(row.pk, "dismissed", { attempt: row.attempt });
  return { kind: "done", delivery: deliveryRecord(row) };
}

/** Puts a dead letter back into its inbox with a new life. @throws MeshError inbox_full, body_damaged */
export function redriveDelivery(
  engine: Engine,
  context: EngineContext,
  owner: Viewer,
  ref: DeliveryRef,
  quota: InboxQuota,
) {
  const { deliveries, timeline } = engine;
  const row = owner === undefined ? deliveries.findAny(ref) : deliveries.find(owner, ref);
  if (!row) return { kind: "not_found" } as const;
  if (!engine.agents.row(row.recipient_id)) return { kind: "recipient_gone", recipient: row.recipient_name } as const;
  if (row.state !== "dead") return { kind: "not_dead", delivery: deliveryRecord(row) } as const;
  if (!isIntact(row)) throw bodyDamaged(row);
  checkRoom(engine, { pk: row.recipient_pk, name: row.recipient_name }, row.body_bytes, quota);
  deliveries.revive(row.pk);
  engine.asks.reopen(row.message_pk);
  timeline.note(row.pk, "redriven", { attempt: row.attempt });
  context.leasable.ready(row.recipient_id);
  return done(engine, row.pk);
}
