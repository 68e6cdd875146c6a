/** The act of accepting a message. */
import type { AgentId, DeliveryId, Message, MessageId, PolicyAction, TrustClass } from "@agentmesh/protocol";
import { actionOn } from "../../../mesh/acceptance/receiver-policy.ts";
import { type Came, cameAs } from "../../../mesh/acceptance/trust-class.ts";
import { urgencyWeight } from "../../../mesh/acceptance/urgency.ts";
import type { AgentRecord, Enqueued, InboxQuota, MessageToEnqueue } from "../../../mesh/store.ts";
import { inboxFull, keptBytes, takes } from "../../shared/quota.ts";
import { type PartyRow, policyOf } from "../../shared/rows/agents.ts";
import { RANK } from "../../shared/rows/deliveries.ts";
import { messageOf } from "../../shared/rows/rows.ts";
import {
  acceptedRow,
  asAccepted,
  goneRecord,
  HELD_BY_POLICY,
  otherContent,
  recipientLeft,
  refusedByPolicy,
  senderLeft,
} from "../../shared/sending.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import { heardOfHolder } from "./lease.ts";
import { checkKeeping } from "./quota.ts";
import { leaseAtOnce, leasedToStream } from "./streamed.ts";

/** Accepts one message: dedupe, quota, message, delivery, timeline and the ack it implies. @throws MeshError */
export function accept(engine: Engine, context: EngineContext, message: MessageToEnqueue, quota: InboxQuota): Enqueued {
  const { parties, messages, deliveries } = engine;
  const sender = parties.byId(message.senderId);
  if (!sender) throw senderLeft();
  const recipient = parties.byId(message.recipientId);
  const before = earlierUnder(engine, sender.pk, message.idempotency);
  const first = before && deliveries.firstOf(before);
  if (first) return enqueued(engine, first.pk, true);
  if (!recipient) throw recipientLeft(message.recipientId);
  const inbox = { messages: recipient.open_count, bytes: recipient.open_bytes };
  if (!takes(inbox, message.bodyBytes, quota)) throw inboxFull(recipient.name, inbox, quota);
  checkKeeping(engine, sender, { messages: 1, bytes: keptBytes(message.bodyBytes) }, quota.keeping);
  // What a program sends with a person's token is not the person's.
  const person = sender.standing.person && !message.byProgram;
  const came = cameAs({ ...sender.standing, person }, recipient.standing);
  const action = answersRecipient(engine, message)
    ? "accept"
    : actionOn(policyOf(recipient.policy), sender.id, came, context.remoteSenders);
  if (action === "refuse") {
    throw refusedByPolicy(recipient.name);
  }
  const stored = messages.insert(message, sender.pk);
  const shown = messageOf(acceptedRow(message, sender, recipient.name, stored), true);
  // What is kept back, or waits for an answer, is leased as it is found.
  const isPlain = message.keepBackMs === undefined && message.answerWithinMs === undefined;
  // What is leased below for the session that answers is none of what it gives a sign of.
  const heardAt = message.answers === undefined ? 0 : engine.timeline.lastPosition();
  const { pk, ...delivery } = deliver(engine, {
    id: message.deliveryId,
    message,
    stored,
    sender,
    recipient,
    ...(isPlain && { shown }),
    ...{ action, trust: came.trust, context },
  });
  if (message.keepBackMs !== undefined) deliveries.keepBack(pk, message.keepBackMs);
  if (message.answerWithinMs !== undefined)
    engine.asks.open(stored.pk, sender.pk, recipient.pk, message.answerWithinMs);
  const { inReplyTo: asked } = message;
  if (asked !== undefined) engine.asks.answered({ asked, debtor: sender.pk, asker: recipient.pk, reply: stored.pk });
  putKey(engine, sender.pk, stored.pk, message.idempotency);
  if (message.answers !== undefined) ackAnswered(engine, context, message, heardAt);
  // What has just been written is not read again, where all of it is in hand.
  if (message.answerWithinMs !== undefined) return enqueued(engine, pk, false);
  return {
    duplicate: false,
    message: shown,
    ...asAccepted(delivery, recordOf(engine, message.recipientId, recipient.name)),
  };
}

/** What an agent's policy does with a message of this sender that came so. */
export function actionFor(
  { agents }: Engine,
  { remoteSenders }: EngineContext,
  recipientPk: number,
  senderId: AgentId,
  came: Came,
): PolicyAction {
  return actionOn(agents.policy(recipientPk), senderId, came, remoteSenders);
}

/** Whoever asks gets the answer: what the recipient itself has sent may be answered whatever its policy. */
function answersRecipient({ messages }: Engine, { inReplyTo, recipientId }: MessageToEnqueue): boolean {
  return inReplyTo !== undefined && messages.envelope(inReplyTo)?.sender_id === recipientId;
}

/** Puts a stored message into one inbox, leased where a stream takes it at once, or holds it there; returns the delivery. */
export function deliver(
  engine: Engine,
  parts: {
    readonly id: DeliveryId;
    readonly message: Pick<MessageToEnqueue, "urgency" | "bodyBytes">;
    /** Accepted now because it was published before its recipient subscribed. */
    readonly retained?: boolean;
    readonly stored: { readonly pk: number; readonly acceptedAt: number; readonly expiresAt: number };
    readonly sender: { readonly pk: number };
    readonly recipient: PartyRow;
    /** As a stream shows it; left out, none takes it at once. */
    readonly shown?: Message;
    readonly action: Exclude<PolicyAction, "refuse">;
    readonly trust: TrustClass;
    readonly context: EngineContext;
  },
): { pk: number; id: DeliveryId; seq: number; state: "held" | "queued" | "leased" } {
  const { deliveries, timeline } = engine;
  const { id, message, stored, sender, recipient, shown, action, trust, context, retained = false } = parts;
  const state = action === "hold" ? "held" : "queued";
  const urgency = urgencyWeight(message.urgency ?? "normal");
  const lease = shown && state === "queued" ? leaseAtOnce(engine, context, recipient, urgency) : undefined;
  const parties = { recipient_pk: recipient.pk, sender_pk: sender.pk };
  const { pk, seq } = deliveries.insert({
    id,
    messagePk: stored.pk,
    agentPk: recipient.pk,
    bytes: message.bodyBytes,
    trust,
    state,
    urgency,
    rank: message.urgency === "interrupt" ? RANK.interrupt : RANK.message,
    at: stored.acceptedAt,
    expiresAt: stored.expiresAt,
    lease,
  });
  timeline.note(pk, "accepted", { attempt: 0, parties, ...(retained && { reason: "retained" }) });
  if (action === "hold") timeline.note(pk, "held", { attempt: 0, reason: HELD_BY_POLICY, parties });
  else if (!shown || !lease) context.leasable.ready(recipient.id);
  else {
    const { session, position } = lease;
    if (timeline.note(pk, "leased", { attempt: 1, session, parties }) !== position)
      throw new Error(`the lease of ${id} is not at position ${position} of the timeline`);
    context.leasable.leasedAtOnce(recipient.id, leasedToStream({ id, seq, trust }, lease, shown));
    return { pk, id, seq, state: "leased" };
  }
  return { pk, id, seq, state };
}

/** The sender as it is now. @throws MeshError unauthenticated when it has left meanwhile */
export function senderOf({ agents }: Engine, senderId: AgentId): PartyRow {
  const row = agents.row(senderId);
  if (row === undefined) throw senderLeft();
  return row;
}

/** The message that was accepted under the same key before. @throws MeshError idempotency_mismatch for other content */
export function earlierUnder(
  { messages }: Engine,
  senderPk: number,
  idempotency: MessageToEnqueue["idempotency"],
): MessageId | undefined {
  const before = idempotency && messages.keyInUse(senderPk, idempotency.key);
  if (!before || before.content_hash === idempotency.contentHash) return before?.message_id;
  throw otherContent(idempotency.key, before.message_id);
}

/** Remembers under which key a message was accepted. */
export function putKey(
  { messages }: Engine,
  senderPk: number,
  messagePk: number,
  idempotency: MessageToEnqueue["idempotency"],
): void {
  if (!idempotency) return;
  messages.putKey(senderPk, idempotency.key, idempotency.contentHash, messagePk, idempotency.windowMs);
}

function ackAnswered(engine: Engine, context: EngineContext, message: MessageToEnqueue, heardAt: number): void {
  const answered = message.answers && engine.deliveries.own(message.senderId, message.answers);
  if (answered) heardOfHolder(engine, context, answered, heardAt);
  if (answered && message.endsTask) engine.webhooks.unfollow(answered.pk);
  if (!answered || (answered.state !== "queued" && answered.state !== "leased")) return;
  // Who writes about a message to somebody else has read it, and has not answered it.
  const reason = answered.sender_id === message.recipientId ? "replied" : "read";
  engine.sessions.prove(answered);
  engine.deliveries.markEnded(answered.pk, "acked", reason);
  const { attempt, session_id: session } = answered;
  engine.timeline.note(answered.pk, "acked", { attempt, session, reason, parties: answered });
  context.leasable.ready(message.senderId);
}

function enqueued(engine: Engine, deliveryPk: number, duplicate: boolean): Enqueued {
  const row = engine.deliveries.byPk(deliveryPk);
  if (!row) throw new Error(`delivery ${deliveryPk} vanished inside its own transaction`);
  return {
    duplicate,
    message: duplicate ? messageOf(row) : messageOf(row, true),
    delivery: { id: row.id, seq: row.seq, state: row.state },
    recipient: recordOf(engine, row.recipient_id, row.recipient_name),
  };
}

/** A recipient as it is now; one that has left since is shown as gone. */
export function recordOf(engine: Engine, id: AgentId, name: string): AgentRecord {
  return engine.agents.find(id) ?? goneRecord(id, name);
}
