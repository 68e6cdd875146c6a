/** The act of accepting a message. */
import type { AgentId, DeliveryId, MessageId, PolicyAction, TrustClass } from "@agentmesh/protocol";
import { actionOn } from "../../../mesh/acceptance/receiver-policy.ts";
import { type Came, cameAs } from "../../../mesh/acceptance/trust-class.ts";
import { urgencyWeight } from "../../../mesh/acceptance/urgency.ts";
import type { AgentRecord, Enqueued, InboxQuota, MessageToEnqueue } from "../../../mesh/store.ts";
import { keptBytes } from "../../shared/quota.ts";
import type { PartyRow } from "../../shared/rows/agents.ts";
import { RANK } from "../../shared/rows/deliveries.ts";
import { messageOf } from "../../shared/rows/rows.ts";
import {
  acceptedRow,
  goneRecord,
  HELD_BY_POLICY,
  otherContent,
  recipientLeft,
  refusedByPolicy,
  senderLeft,
} from "../../shared/sending.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import { heardOfHolder } from "./heard.ts";
import { checkKeeping, checkRoom } from "./quota.ts";

/** Accepts one message: dedupe, quota, message, delivery, timeline and the ack it implies. @throws MeshError */
export async function accept(
  engine: Engine,
  context: EngineContext,
  message: MessageToEnqueue,
  quota: InboxQuota,
): Promise<Enqueued> {
  const { agents, asks, messages, deliveries, timeline } = engine;
  await agents.lock([await agents.pkOf(message.senderId), await agents.pkOf(message.recipientId)]);
  const sender = await senderOf(engine, message.senderId);
  const recipient = await agents.row(message.recipientId);
  const before = await earlierUnder(engine, sender.pk, message.idempotency);
  const first = before && (await deliveries.firstOf(before));
  if (first) return enqueued(engine, first.pk, true);
  if (!recipient) throw recipientLeft(message.recipientId);
  await checkRoom(engine, recipient, message.bodyBytes, quota);
  await checkKeeping(engine, sender, { messages: 1, bytes: keptBytes(message.bodyBytes) }, quota.keeping);
  const came = cameAs(await agents.standing(sender.pk, message.byProgram), await agents.standing(recipient.pk));
  const action = (await answersRecipient(engine, message))
    ? "accept"
    : await actionFor(engine, context, recipient.pk, sender.id, came);
  if (action === "refuse") throw refusedByPolicy(recipient.name);
  // What is leased below for the session that answers is none of what it gives a sign of.
  const heardAt = message.answers === undefined ? 0 : await timeline.lastPosition();
  const stored = await messages.insert(message, sender.pk);
  const shown = messageOf(acceptedRow(message, sender, recipient.name, stored), true);
  const { pk, ...delivery } = await deliver(engine, {
    ...{ id: message.deliveryId, message, stored, sender, recipient, action, trust: came.trust, context },
  });
  if (message.keepBackMs !== undefined) await deliveries.keepBack(pk, message.keepBackMs);
  if (message.answerWithinMs !== undefined) await asks.open(stored.pk, sender.pk, recipient.pk, message.answerWithinMs);
  const { inReplyTo: asked } = message;
  if (asked !== undefined) await asks.answered({ asked, debtor: sender.pk, asker: recipient.pk, reply: stored.pk });
  await putKey(engine, sender.pk, stored.pk, message.idempotency);
  if (message.answers !== undefined) await ackAnswered(engine, context, message, heardAt);
  // What has just been written is not read again, where all of it is in hand.
  if (message.answerWithinMs !== undefined) return enqueued(engine, pk, false);
  return {
    ...{ duplicate: false, message: shown, delivery },
    recipient: await recordOf(engine, message.recipientId, recipient.name),
  };
}

/** What an agent's policy does with a message of this sender that came so. */
export async function actionFor(
  { settings }: Engine,
  { remoteSenders }: EngineContext,
  recipientPk: number,
  senderId: AgentId,
  came: Came,
): Promise<PolicyAction> {
  return actionOn(await settings.policy(recipientPk), senderId, came, remoteSenders);
}

/** Whoever asks gets the answer: what the recipient itself has sent may be answered whatever its policy. */
async function answersRecipient({ messages }: Engine, { inReplyTo, recipientId }: MessageToEnqueue): Promise<boolean> {
  return inReplyTo !== undefined && (await messages.envelope(inReplyTo))?.sender_id === recipientId;
}

/** Puts a stored message into one inbox, which is locked, or holds it there; returns the delivery. */
export async function deliver(
  { deliveries, timeline }: Engine,
  parts: {
    readonly id: DeliveryId;
    readonly message: Pick<MessageToEnqueue, "urgency" | "bodyBytes">;
    /** Accepted now because it was published before its recipient subscribed. */
    readonly retained?: boolean;
    readonly stored: { readonly pk: number; readonly acceptedAt: number; readonly expiresAt: number };
    readonly sender: { readonly pk: number };
    readonly recipient: PartyRow;
    readonly action: Exclude<PolicyAction, "refuse">;
    readonly trust: TrustClass;
    readonly context: EngineContext;
  },
): Promise<{ pk: number; id: DeliveryId; seq: number; state: "held" | "queued" }> {
  const { id, message, stored, sender, recipient, action, trust, context, retained = false } = parts;
  const state = action === "hold" ? "held" : "queued";
  const parties = { recipient_pk: recipient.pk, sender_pk: sender.pk };
  const { pk, seq } = await deliveries.insert({
    ...{ id, messagePk: stored.pk, agentPk: recipient.pk, bytes: message.bodyBytes, trust, state },
    urgency: urgencyWeight(message.urgency ?? "normal"),
    rank: message.urgency === "interrupt" ? RANK.interrupt : RANK.message,
    ...{ at: stored.acceptedAt, expiresAt: stored.expiresAt },
  });
  await timeline.note(pk, "accepted", { attempt: 0, parties, ...(retained && { reason: "retained" }) });
  if (action === "hold") await timeline.note(pk, "held", { attempt: 0, reason: HELD_BY_POLICY, parties });
  else context.hints.ready(recipient.id);
  return { pk, id, seq, state };
}

/** The sender as it is now. @throws MeshError unauthenticated when it has left meanwhile */
export async function senderOf({ agents }: Engine, senderId: AgentId): Promise<PartyRow> {
  const row = await agents.row(senderId);
  if (row === undefined) throw senderLeft();
  return row;
}

/** The message that was accepted under the same key before. @throws MeshError idempotency_mismatch for other content */
export async function earlierUnder(
  { messages }: Engine,
  senderPk: number,
  idempotency: MessageToEnqueue["idempotency"],
): Promise<MessageId | undefined> {
  const before = idempotency && (await messages.keyInUse(senderPk, idempotency.key));
  if (!before || before.content_hash === idempotency.contentHash) return before?.message_id;
  throw otherContent(idempotency.key, before.message_id);
}

/** Remembers under which key a message was accepted. */
export async function putKey(
  { messages }: Engine,
  senderPk: number,
  messagePk: number,
  idempotency: MessageToEnqueue["idempotency"],
): Promise<void> {
  if (!idempotency) return;
  await messages.putKey(senderPk, idempotency.key, idempotency.contentHash, messagePk, idempotency.windowMs);
}

async function ackAnswered(
  engine: Engine,
  context: EngineContext,
  message: MessageToEnqueue,
  heardAt: number,
): Promise<void> {
  const answered = message.answers && (await engine.deliveries.own(message.senderId, message.answers));
  if (!answered) return;
  await heardOfHolder(engine, context, answered, heardAt);
  if (message.endsTask) await engine.webhooks.unfollow(answered.pk);
  if (answered.state !== "queued" && answered.state !== "leased") return;
  // Who writes about a message to somebody else has read it, and has not answered it.
  const reason = answered.sender_id === message.recipientId ? "replied" : "read";
  await engine.sessions.prove(answered);
  await engine.deliveries.markEnded(answered.pk, "acked", reason);
  const { attempt, session_id: session } = answered;
  await engine.timeline.note(answered.pk, "acked", { attempt, session, reason, parties: answered });
  context.hints.ready(message.senderId);
}

async function enqueued(engine: Engine, deliveryPk: number, duplicate: boolean): Promise<Enqueued> {
  const row = await engine.deliveries.byPk(deliveryPk);
  if (!row) throw new Error(`delivery ${deliveryPk} vanished inside its own transaction`);
  return {
    duplicate,
    message: duplicate ? messageOf(row) : messageOf(row, true),
    delivery: { id: row.id, seq: row.seq, state: row.state },
    recipient: await recordOf(engine, row.recipient_id, row.recipient_name),
  };
}

/** A recipient as it is now; one that has left since is shown as gone. */
export async function recordOf(engine: Engine, id: AgentId, name: string): Promise<AgentRecord> {
  return (await engine.agents.find(id)) ?? goneRecord(id, name);
}
