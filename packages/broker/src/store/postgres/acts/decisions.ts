/** The acts that decide on a delivery beside its leases: taken back, admitted, refused, put back. */
import type { AgentId, DeliveryRef, MessageId } from "@agentmesh/protocol";
import type {
  DeadVerdict,
  DeliveryRecord,
  HeldVerdict,
  InboxQuota,
  RedriveVerdict,
  Viewer,
} from "../../../mesh/store.ts";
import { bodyDamaged, type TakenBack } from "../../shared/decisions.ts";
import { isIntact } from "../../shared/rows/body.ts";
import { type DeliveryRow, deliveryRecord } from "../../shared/rows/rows.ts";
import { ROWS, type Slice } from "../commits/slices.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import { done } from "./lease.ts";
import { checkRoom } from "./quota.ts";

/** Cancels what is held, or queued and was never leased, of a message of this sender; a slice at a time. */
export function cancelMessage(messageId: MessageId, senderId: AgentId) {
  return async (engine: Engine, _context: EngineContext, kept: readonly TakenBack[]): Promise<Slice<TakenBack>> => {
    const { agents, asks, deliveries, messages, timeline } = engine;
    const from = kept.at(-1)?.last ?? 0;
    const find = () => deliveries.statesOf({ messageId, after: from, limit: ROWS });
    const found = await find();
    // The sender, too: what it publishes is put into no inbox meanwhile.
    await agents.lock([await agents.pkOf(senderId), ...found.map(({ agent_pk }) => agent_pk)]);
    const locked = new Set(found.map(({ pk }) => pk));
    const left: DeliveryRecord[] = [];
    let [cancelled, before, last] = [0, 0, found.at(-1)?.pk ?? from];
    for (const row of (await find()).filter(({ pk }) => locked.has(pk))) {
      if (row.sender_id === senderId && (row.state === "held" || (row.state === "queued" && row.attempt === 0))) {
        await deliveries.markEnded(row.pk, "cancelled", "taken back by its sender");
        await timeline.note(row.pk, "cancelled", { attempt: 0 });
        await asks.giveUp(row.message_pk);
        cancelled++;
      } else if (row.state === "cancelled") before++;
      else left.push(deliveryRecord(row));
      last = Math.max(last, row.pk);
    }
    const more = found.length === ROWS;
    // From the first on: a later subscriber must not get it. Also what was published to nobody yet.
    const isNothingLeft = !more && left.length === 0 && kept.every((part) => part.left.length === 0);
    if (cancelled > 0 || isNothingLeft) await messages.recall(messageId, senderId);
    return { part: { cancelled, before, left, last }, more };
  };
}

/** A delivery in the owner's inbox, or in anybody's; its recipient, its sender and the mesh are locked. */
async function lockedOf(
  { agents, deliveries }: Engine,
  owner: Viewer,
  ref: DeliveryRef,
): Promise<DeliveryRow | undefined> {
  const find = () => (owner === undefined ? deliveries.findAny(ref) : deliveries.find(owner, ref));
  const found = await find();
  if (!found) return undefined;
  await agents.lockWithMesh([found.recipient_pk, found.sender_pk]);
  return find();
}

/** Runs `act` on a delivery that is held. */
export async function onHeld(
  engine: Engine,
  owner: Viewer,
  ref: DeliveryRef,
  act: (row: DeliveryRow) => Promise<void>,
): Promise<HeldVerdict> {
  const row = await lockedOf(engine, owner, ref);
  if (!row) return { kind: "not_found" };
  if (row.state !== "held") return { kind: "not_held", delivery: deliveryRecord(row) };
  await act(row);
  return { kind: "done", delivery: deliveryRecord((await engine.deliveries.recordOf(row.pk)) ?? row) };
}

/** Lets a held delivery into its inbox. */
export function admitHeld(
  engine: Engine,
  { hints }: EngineContext,
  owner: Viewer,
  ref: DeliveryRef,
): Promise<HeldVerdict> {
  return onHeld(engine, owner, ref, async (row) => {
    await engine.deliveries.admit(row.pk);
    await engine.timeline.note(row.pk, "admitted", { attempt: row.attempt });
    hints.ready(row.recipient_id);
  });
}

/** Takes a dead letter off the list; one that was taken off stays so. */
export async function dismissDelivery(engine: Engine, owner: Viewer, ref: DeliveryRef): Promise<DeadVerdict> {
  const row = await lockedOf(engine, owner, ref);
  if (!row) return { kind: "not_found" };
  if (row.state !== "dead") return { kind: "not_dead", delivery: deliveryRecord(row) };
  if (await engine.deliveries.dismiss(row.pk)) {
    await engine.timeline.note(row.pk, "dismissed", { attempt: row.attempt });
  }
  return { kind: "done", delivery: deliveryRecord(row) };
}

/** Puts a dead letter back into its inbox with a new life. @throws MeshError inbox_full, body_damaged */
export async function redriveDelivery(
  engine: Engine,
  { hints }: EngineContext,
  owner: Viewer,
  ref: DeliveryRef,
  quota: InboxQuota,
): Promise<RedriveVerdict> {
  const { agents, asks, deliveries, timeline } = engine;
  const row = await lockedOf(engine, owner, ref);
  if (!row) return { kind: "not_found" };
  if (!(await agents.row(row.recipient_id))) return { kind: "recipient_gone", recipient: row.recipient_name };
  if (row.state !== "dead") return { kind: "not_dead", delivery: deliveryRecord(row) };
  if (!isIntact(row)) throw bodyDamaged(row);
  await checkRoom(engine, { pk: row.recipient_pk, name: row.recipient_name }, row.body_bytes, quota);
  await deliveries.revive(row.pk);
  await asks.reopen(row.message_pk);
  await timeline.note(row.pk, "redriven", { attempt: row.attempt });
  hints.ready(row.recipient_id);
  return done(engine, row.pk);
}
