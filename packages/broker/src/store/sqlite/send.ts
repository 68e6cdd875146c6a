/** The act of accepting a message. */
import { MeshError } from "../../mesh/errors.ts";
import type { Enqueued, InboxQuota, MessageToEnqueue } from "../../mesh/store.ts";
import type { EngineContext } from "./context.ts";
import type { Engine } from "./engine.ts";
import { messageOf } from "./rows.ts";

/** Accepts one message: dedupe, quota, message, delivery, timeline and the ack it implies. @throws MeshError */
export function accept(engine: Engine, context: EngineContext, message: MessageToEnqueue, quota: InboxQuota): Enqueued {
  const { agents, messages, deliveries, timeline } = engine;
  const senderPk = agents.row(message.senderId)?.pk;
  const recipient = agents.row(message.recipientId);
  if (senderPk === undefined) throw new MeshError("unauthenticated", "This agent has left the mesh. Register again.");
  const before = message.idempotency && messages.keyInUse(senderPk, message.idempotency.key);
  if (before && message.idempotency) {
    if (before.content_hash !== message.idempotency.contentHash) {
      throw new MeshError(
        "idempotency_mismatch",
        `The idempotency key "${message.idempotency.key}" was used for ${before.message_id} with other content. Use a new key for a new message.`,
      );
    }
    const first = deliveries.ofMessage(before.message_id)[0];
    if (first) return enqueued(engine, first.pk, true);
  }
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
  timeline.note(pk, "accepted", { attempt: 0 });
  if (message.idempotency) {
    const { key, contentHash, windowMs } = message.idempotency;
    messages.putKey(senderPk, key, contentHash, stored.pk, windowMs);
  }
  if (message.answers !== undefined) ackAnswered(engine, context, message);
  context.ready(message.recipientId);
  return enqueued(engine, pk, false);
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
