/** What engines share of sending: what is answered of a message that was accepted, and why one is not. */
import type { AgentId, MessageId } from "@agentmesh/protocol";
import { urgencyWeight } from "../../mesh/acceptance/urgency.ts";
import { MeshError } from "../../mesh/errors.ts";
import type { AgentRecord, Enqueued, MessageToEnqueue } from "../../mesh/store.ts";
import type { PartyRow } from "./rows/agents.ts";
import type { MessageRow } from "./rows/rows.ts";

/** What the timeline says of mail that is kept from leases until its recipient's owner decides. */
export const HELD_BY_POLICY = "by the recipient's policy";

/** How things stood when it was accepted: what a stream took at once was queued before. */
export function asAccepted(
  delivery: Enqueued["delivery"],
  recipient: AgentRecord,
): Pick<Enqueued, "delivery" | "recipient"> {
  if (delivery.state !== "leased") return { delivery, recipient };
  const { queued, inHand, oldestQueuedMs = 0 } = recipient;
  return {
    delivery: { ...delivery, state: "queued" },
    recipient: { ...recipient, queued: queued + 1, inHand: inHand - 1, oldestQueuedMs },
  };
}

/** A message as it was written just now. */
export function acceptedRow(
  message: MessageToEnqueue,
  sender: PartyRow,
  recipientName: string,
  { acceptedAt, expiresAt }: { readonly acceptedAt: number; readonly expiresAt: number },
): MessageRow {
  const { id, threadId, inReplyTo = null, urgency = "normal", body, bodyBytes, hops = 0 } = message;
  return {
    ...{ message_id: id, kind: "message", topic: null, recipient_name: recipientName },
    ...{ sender_pk: sender.pk, sender_id: sender.id, sender_name: sender.name, sender_trust: sender.trust },
    ...{ body, body_bytes: bodyBytes, body_hash: "", thread_id: threadId, in_reply_to: inReplyTo, hops },
    ...{ urgency: urgencyWeight(urgency), accepted_at: acceptedAt, expires_at: expiresAt },
    ...{ answer_by: null, answer_waived_at: null },
  };
}

/** A recipient that has left since. */
export function goneRecord(id: AgentId, name: string): AgentRecord {
  return {
    id,
    name,
    profile: {},
    registeredAt: 0,
    lastSeenAt: undefined,
    archivedAt: undefined,
    quietMs: 0,
    heartbeatAgeMs: undefined,
    doubt: undefined,
    askedName: undefined,
    person: false,
    machine: undefined,
    pushPaths: [],
    trust: "verified",
    focus: undefined,
    queued: 0,
    held: 0,
    inHand: 0,
    oldestQueuedMs: undefined,
  };
}

/** The error for whoever sends and has left. */
export function senderLeft(): MeshError {
  return new MeshError("unauthenticated", "This agent has left the mesh. Register again.");
}

/** The error for whoever writes to somebody who has left. */
export function recipientLeft(id: AgentId): MeshError {
  return new MeshError("agent_not_found", `The recipient ${id} has left the mesh.`);
}

/** The error for whoever the recipient's policy refuses. */
export function refusedByPolicy(recipient: string): MeshError {
  return new MeshError(
    "refused_by_policy",
    `${recipient} refuses messages of this sender. Nothing was stored. Ask its owner to change that: agentmesh policy ${recipient}`,
  );
}

/** The error for a key under which something else was accepted. */
export function otherContent(key: string, before: MessageId): MeshError {
  return new MeshError(
    "idempotency_mismatch",
    `The idempotency key "${key}" was used for ${before} with other content. Use a new key for a new message.`,
  );
}
