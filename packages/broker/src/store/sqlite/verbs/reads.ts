/** Reads that join several statements; they change nothing. */
import type {
  AgentId,
  AnsweredQuestion,
  InboxEntry,
  Message,
  MessageId,
  MessageRef,
  MessageStatus,
} from "@agentmesh/protocol";
import type { AcceptedUnder, AskStatus, MessagePlace, Store, StoreStats, Viewer } from "../../../mesh/store.ts";
import { ENDED_QUESTION } from "../../shared/rows/asks.ts";
import { previewOf } from "../../shared/rows/body.ts";
import { BEHIND_ALL } from "../../shared/rows/cursor.ts";
import { MESH_AGENT_ID } from "../../shared/rows/messages.ts";
import { type DeliveryRow, inboxEntryOf, messageOf } from "../../shared/rows/rows.ts";
import type { Database } from "../driver/database.ts";
import type { Engine } from "../engine.ts";

/** Resolves msg_…, dlv_… or a seq of the viewer's inbox to a message the viewer sent or received. @throws MeshError other_life */
export function placeMessage(
  { deliveries, life, messages }: Engine,
  ref: MessageRef,
  viewer: Viewer,
): MessagePlace | undefined {
  const own = ref.startsWith("msg_") ? undefined : deliveryNamed(deliveries, ref, viewer);
  const envelope = messages.envelope(own?.message_id ?? ref);
  if (!envelope) life.refuseId(ref);
  if (!envelope) return undefined;
  const mine = viewer === undefined ? undefined : deliveries.ownOf(envelope.id, viewer);
  if (viewer !== undefined && envelope.sender_id !== viewer && !mine) return undefined;
  const first = deliveries.firstOf(envelope.id);
  return {
    messageId: envelope.id,
    threadId: envelope.thread_id,
    sender: { id: envelope.sender_id, name: envelope.sender_name },
    hops: envelope.hops,
    fromMesh: envelope.sender_id === MESH_AGENT_ID,
    recipient: first && { id: first.recipient_id, name: first.recipient_name },
    deliveryId: mine,
  };
}

/** A delivery by its id, for its recipient and its sender; by its seq, in the viewer's own inbox. */
function deliveryNamed(deliveries: Engine["deliveries"], ref: MessageRef, viewer: Viewer): DeliveryRow | undefined {
  if (viewer !== undefined && !ref.startsWith("dlv_")) return deliveries.find(viewer, ref);
  const found = deliveries.findAny(ref);
  const shown = viewer === undefined || found?.recipient_id === viewer || found?.sender_id === viewer;
  return shown ? found : undefined;
}

/** Deliveries that a look at a message begins with. */
const FIRST = 10;

/** A message as it may be shown; one that is damaged is noted. */
export function findMessage({ damage, deliveries, messages }: Engine, messageId: MessageId): Message | undefined {
  const first = deliveries.firstOf(messageId);
  const row = first ?? messages.whole(messageId);
  if (!row) return undefined;
  const message = messageOf(row);
  if (message.damaged && first) damage.note(first.message_pk);
  return message;
}

/** A message with the state and timeline of its first deliveries. */
export function messageStatus(engine: Engine, messageId: MessageId): MessageStatus | undefined {
  const message = findMessage(engine, messageId);
  return message && { message, ...engine.trace.page(messageId, { viewer: undefined, after: undefined, limit: FIRST }) };
}

/** What a sender had accepted under a key; the recipient as it was then, also when it has left. */
export function acceptedUnder(
  { agents, deliveries, messages }: Engine,
  senderId: AgentId,
  key: string,
): AcceptedUnder | undefined {
  const messageId = messages.keyInUse(agents.row(senderId)?.pk ?? 0, key)?.message_id;
  if (messageId === undefined) return undefined;
  const first = deliveries.firstOf(messageId);
  const direct = first && first.topic === null;
  return { messageId, recipient: direct ? { id: first.recipient_id, name: first.recipient_name } : undefined };
}

/** An ask with its answer, if it has one. */
export function askStatus({ asks, deliveries }: Engine, messageId: MessageId, now: number): AskStatus | undefined {
  const ask = asks.one(messageId);
  if (!ask) return undefined;
  const row = ask.reply_delivery_pk === null ? undefined : deliveries.byPk(ask.reply_delivery_pk);
  const message = row && messageOf(row);
  // A damaged answer is none; it ends like any other, and who answered is told.
  const reply =
    row && message && !message.damaged ? { message, deliveryId: row.id, trust: row.trust ?? undefined } : undefined;
  const waived = ask.waived_at !== null;
  return {
    ...{ dueAt: ask.due_at, overdue: ask.due_at <= now },
    ...{ ended: waived || ENDED_QUESTION.has(ask.state), waived, reply },
  };
}

/** What a message answers, for whoever sent or got that; a notice of the mesh says itself what it is about. */
export function questionOf(
  { deliveries, messages }: Engine,
  { kind, inReplyTo }: Pick<Message, "kind" | "inReplyTo">,
  viewer: Viewer,
): AnsweredQuestion | undefined {
  const row = kind === "message" && inReplyTo !== undefined ? messages.whole(inReplyTo) : undefined;
  if (!row) return undefined;
  const sees = viewer === undefined || row.sender_id === viewer || deliveries.ownOf(row.message_id, viewer);
  if (!sees) return undefined;
  return { messageId: row.message_id, from: { id: row.sender_id, name: row.sender_name }, preview: previewOf(row) };
}

/** One page of an inbox. */
export function inboxPage(
  engine: Engine,
  query: Parameters<Store["listInbox"]>[0],
  now: number,
): { entries: InboxEntry[]; open: number; held: number; more: boolean } {
  const agent = engine.agents.row(query.agentId);
  const pk = agent?.pk ?? 0;
  const held = agent?.held_count ?? 0;
  const rows = engine.deliveries.page(query.which, query.newestFirst ? "newest" : "oldest", {
    agent: pk,
    after: query.afterSeq,
    before: query.beforeSeq ?? Number.MAX_SAFE_INTEGER,
    limit: query.limit + 1,
  });
  return {
    entries: rows.slice(0, query.limit).map((row) => {
      const entry = inboxEntryOf(row, now);
      const question = questionOf(engine, entry.message, query.agentId);
      return { ...entry, ...(question && { question }) };
    }),
    open: engine.inboxSize(pk).messages - held,
    held,
    more: rows.length > query.limit,
  };
}

/** Sorted before every dead letter. */
const NEWEST = { at: BEHIND_ALL, id: "" };

/** One page of dead letters, its bodies read one after the other up to a size. */
export function deadPage(
  { agents, deliveries }: Engine,
  { owner, after, limit, maxBytes }: Parameters<Store["listDead"]>[0],
  now: number,
): Awaited<ReturnType<Store["listDead"]>> {
  const { at, id } = after ?? NEWEST;
  const found = deliveries.dead(owner === undefined ? undefined : agents.pkOf(owner), { at, id, limit: limit + 1 });
  const rows: DeliveryRow[] = [];
  let bytes = 0;
  for (const { pk, bytes: more } of found.slice(0, limit)) {
    bytes += more;
    if (rows.length > 0 && bytes > maxBytes) break;
    const row = deliveries.byPk(pk);
    if (row) rows.push(row);
  }
  const last = rows.at(-1);
  return {
    entries: rows.map((row) => inboxEntryOf(row, now)),
    nextAfter: rows.length < found.length && last ? { at: last.ended_at ?? 0, id: last.id } : undefined,
  };
}

/** Counts of deliveries and agents, and the size of the database file. */
export function storeStats({ agentPages }: Engine, db: Database): StoreStats {
  const pages = Number(db.pragma("page_count", { simple: true }));
  return { ...agentPages.tally(), bytes: pages * Number(db.pragma("page_size", { simple: true })) };
}
