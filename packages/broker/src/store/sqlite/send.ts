/** The act of accepting a message. */
import type { AgentId, MessageId } from "@agentmesh/protocol";
import { MeshError } from "../../mesh/errors.ts";
import type { Enqueued, InboxQuota, MessageToEnqueue } from "../../mesh/store.ts";
import type { EngineContext } from "./context.ts";
import type { Engine } from "./engine.ts";
import { messageOf } from "./rows.ts";

/** Accepts one message: dedupe, quota, message, delivery, timeline and the ack it implies. @throws MeshError */
export function accept(engine: Engine, context: EngineContext, message: MessageToEnqueue, quota: InboxQuota): Enqueued {
  const { agents, messages, deliveries, timeline } = engine;
  const senderPk = senderOf(engine, message.senderId);
  const recipient = agents.row(message.recipientId);
  const before = earlierUnder(engine, senderPk, message.idempotency);
  const first = before && deliveries.ofMessage(before)[0];
  if (first) return enqueued(engine, first.pk, true);
  if (!recipient) throw new MeshError("agent_not_found", `The recipient ${message.recipientId} has left the mesh.`);
  const inbox = engine.inboxSize(recipient.pk);
  if (inbox.messages >= quota.maxMessages || inbox.bytes + message.bodyBytes > quota.maxBytes) {
    throw new MeshError(
      "inbox_full",
      `The inbox of ${recipient.name} is full (${inbox.messages} of ${quota.maxMessages} messages, ${inbox.bytes} of ${quota.maxBytes} bytes). Nothing was stored; try again when it has read some.`,
    );
  }
  const stored = messages.insert(message, senderPk);
  const { pk } = deliveries.insert({
    id: message.deliveryId,
    messagePk: stored.pk,
    agentPk: recipient.pk,
    bytes: message.bodyBytes,
    at: stored.acceptedAt,
    expiresAt: stored.expiresAt,
  });
  if (message.holdMs !== undefined) deliveries.hold(pk, message.holdMs);
  timeline.note(pk, "accepted", { attempt: 0 });
  if (message.answerWithinMs !== undefined) engine.asks.open(stored.pk, senderPk, recipient.pk, message.answerWithinMs);
  if (message.inReplyTo !== undefined) engine.asks.answered(message.inReplyTo, senderPk, stored.pk);
  putKey(engine, senderPk, stored.pk, message.idempotency);
  if (message.answers !== undefined) ackAnswered(engine, context, message);
  context.ready(message.recipientId);
  return enqueued(engine, pk, false);
}

/** Key of the sender. @throws MeshError unauthenticated when it has left meanwhile */
export function senderOf({ agents }: Engine, senderId: AgentId): number {
  const pk = agents.row(senderId)?.pk;
  if (pk === undefined) throw new MeshError("unauthenticated", "This agent has left the mesh. Register again.");
  return pk;
}

/** The message that was accepted under the same key before. @throws MeshError idempotency_mismatch for other content */
export function earlierUnder(
  { messages }: Engine,
  senderPk: number,
  idempotency: MessageToEnqueue["idempotency"],
): MessageId | undefined {
  const before = idempotency && messages.keyInUse(senderPk, idempotency.key);
  if (!before || before.content_hash === idempotency.contentHash) return before?.message_id;
  throw new MeshError(
    "idempotency_mismatch",
    `The idempotency key "${idempotency.key}" was used for ${before.message_id} with other content. Use a new key for a new message.`,
  );
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

function ackAnswered(engine: Engine, context: EngineContext, message: MessageToEnqueue): void {
  const answered = message.answers && engine.deliveries.find(message.senderId, message.answers);
  if (!answered || (answered.state !== "queued" && answered.state !== "leased")) return;
  engine.deliveries.markEnded(answered.pk, "acked", "replied");
  engine.timeline.note(answered.pk, "acked", {
    attempt: answered.attempt,
    session: answered.session_id,
    reason: "replied",
  });
  context.ready(message.senderId);
}

function enqueued(engine: Engine, deliveryPk: number, duplicate: boolean): Enqueued {
  const row = engine.deliveries.byPk(deliveryPk);
  if (!row) throw new Error(`delivery ${deliveryPk} vanished inside its own transaction`);
  return {
    duplicate,
    message: messageOf(row),
    delivery: { id: row.id, seq: row.seq, state: row.state },
    recipient: engine.agents.current(row.recipient_id),
  };
}
