/** Messages on this wire: sent, broadcast, and as a poll shows them. */
import {
  DEFAULT_TTL_MS,
  type LeasedDelivery,
  MAX_DELIVERIES_PER_TRACE,
  type MessageId,
  type Party,
} from "@agentmesh/protocol";
import type { WholeCaller } from "../mesh/caller.ts";
import type { Mesh } from "../mesh/mesh.ts";
import type { Peers } from "./peers.ts";
import { textOfTopic, topicOf } from "./topics.ts";
import type { PolledMessage, PostedMessage } from "./wire.ts";

/** What the verbs need. */
export interface MessageParts {
  readonly mesh: Mesh;
  readonly peers: Peers;
}

/** The wire knows no terms of a message: it gets those of one whose sender names none. */
const TERMS = { urgency: "normal", ttlMs: DEFAULT_TTL_MS } as const;

/** Stores one message for one peer or agent. @throws MeshError what a send throws */
export async function sendMessage(
  { mesh, peers }: MessageParts,
  caller: WholeCaller,
  to: string | undefined,
  body: string,
): Promise<{ ok: true } | { ok: false; error: string }> {
  const recipient = to === undefined ? undefined : await peers.addressee(to);
  if (!recipient) return { ok: false, error: `Peer ${to} not found` };
  await mesh.messages.send(caller, { to: recipient.id, body, ...TERMS });
  return { ok: true };
}

/** Publishes on a topic; says who got a delivery, all of them. @throws MeshError what a publish throws */
export async function broadcast(
  parts: MessageParts,
  caller: WholeCaller,
  topic: string,
  body: string,
): Promise<{ ok: true; delivered_to: string[] }> {
  const { mesh, peers } = parts;
  const { messageId, accepted, counts } = await mesh.topics.publish(caller, topicOf(topic), { body, ...TERMS });
  const named = accepted.map(({ to }) => to);
  const all = counts === undefined || counts.accepted === named.length;
  const recipients = all ? named : await recipientsOf(parts, caller, messageId);
  return { ok: true, delivered_to: recipients.map((to) => peers.idOf(to)).sort() };
}

/** Everybody who got a delivery of a message of the caller: its trace names them all, page by page. */
async function recipientsOf({ mesh }: MessageParts, caller: WholeCaller, messageId: MessageId): Promise<Party[]> {
  const recipients: Party[] = [];
  let after: string | undefined;
  do {
    const query = { limit: MAX_DELIVERIES_PER_TRACE, ...(after !== undefined && { after }) };
    const page = await mesh.messages.status(caller, messageId, query);
    recipients.push(...page.deliveries.map(({ to }) => to));
    after = page.nextAfter;
  } while (after !== undefined);
  return recipients;
}

/** A message as it is posted to a peer's webhook. */
export function postedMessage(peers: Peers, { seq, message }: Pick<LeasedDelivery, "seq" | "message">): PostedMessage {
  return {
    id: seq,
    from_id: peers.idOf(message.from),
    text: message.body,
    topic: message.topic === undefined ? null : textOfTopic(message.topic),
    sent_at: message.acceptedAt,
  };
}

/** A delivery as its recipient's poll shows it. */
export function polledMessage({ peers }: MessageParts, toId: string, delivery: LeasedDelivery): PolledMessage {
  const { id, from_id, text, topic, sent_at } = postedMessage(peers, delivery);
  return { id, from_id, to_id: toId, text, topic, sent_at, delivered: 0 };
}
