/** The Store's looks at single messages, inboxes, topics and subscriptions. */
import {
  type AgentId,
  type AnsweredQuestion,
  MAX_RETAINED,
  type Message,
  type MessageId,
  type MessageRef,
  type MessageStatus,
} from "@agentmesh/protocol";
import { timestamp } from "../../../mesh/clock.ts";
import type { Looks } from "../../../mesh/store/looks.ts";
import type { MessagePlace, Store, Viewer } from "../../../mesh/store.ts";
import { previewOf } from "../../shared/rows/body.ts";
import { MESH_AGENT_ID } from "../../shared/rows/messages.ts";
import { type DeliveryRow, inboxEntryOf, messageOf, subscriptionOf } from "../../shared/rows/rows.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import type { VerbParts } from "./parts.ts";

/** Deliveries that a look at a message begins with. */
const FIRST = 10;

/** The verbs that look. */
export function lookVerbs({
  read,
}: VerbParts): Pick<
  Looks,
  | "topicsAfter"
  | "countSubscribers"
  | "listSubscriptions"
  | "findMessage"
  | "messageStatus"
  | "traceMessage"
  | "answersTo"
  | "questionOf"
> &
  Pick<Store, "placeMessage" | "listInbox"> {
  return {
    topicsAfter: (after, limit) =>
      read(async ({ topicPages }) =>
        (await topicPages.page(after, limit)).map(({ name, messages, last }) => ({
          topic: name,
          messages: Math.min(messages, MAX_RETAINED),
          lastPublishedAt: timestamp(last),
        })),
      ),
    countSubscribers: (topic) =>
      read(async ({ topicPages, topics }) => topicPages.listening(await topics.patternsOf(topic))),
    listSubscriptions: (owner, after, limit) =>
      read(async ({ agents, topicPages }) =>
        (owner !== undefined
          ? await topicPages.subscriptionsOf(owner, after?.pattern ?? "", limit)
          : await topicPages.subscriptions(after ? await agents.pkOf(after.agentId) : 0, after?.pattern ?? "", limit)
        ).map(subscriptionOf),
      ),
    placeMessage: (ref, viewer) => read((engine) => placeMessage(engine, ref, viewer)),
    findMessage: (messageId) => read((engine, context) => findMessage(engine, context, messageId)),
    messageStatus: (messageId) => read((engine, context) => messageStatus(engine, context, messageId)),
    traceMessage: (messageId, page) => read(({ trace }) => trace.page(messageId, page)),
    answersTo: (messageId) => read(({ trace }) => trace.answers(messageId)),
    questionOf: (message, viewer) => read((engine) => questionOf(engine, message, viewer)),
    listInbox: (query) => read((engine, { now }) => inboxPage(engine, query, now)),
  };
}

/** Resolves msg_…, dlv_… or a seq of the viewer's inbox to a message the viewer sent or received. */
async function placeMessage(engine: Engine, ref: MessageRef, viewer: Viewer): Promise<MessagePlace | undefined> {
  const { deliveries, messages } = engine;
  const own = ref.startsWith("msg_") ? undefined : await deliveryNamed(deliveries, ref, viewer);
  const envelope = await messages.envelope(own?.message_id ?? ref);
  if (!envelope) return undefined;
  const mine = viewer === undefined ? undefined : await deliveries.ownOf(envelope.id, viewer);
  if (viewer !== undefined && envelope.sender_id !== viewer && !mine) return undefined;
  const first = await deliveries.firstOf(envelope.id);
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
async function deliveryNamed(
  deliveries: Engine["deliveries"],
  ref: MessageRef,
  viewer: Viewer,
): Promise<DeliveryRow | undefined> {
  if (viewer !== undefined && !ref.startsWith("dlv_")) return deliveries.find(viewer, ref);
  const found = await deliveries.findAny(ref);
  const shown = viewer === undefined || found?.recipient_id === viewer || found?.sender_id === viewer;
  return shown ? found : undefined;
}

/** A message as it may be shown; one that is damaged is noted. */
async function findMessage(
  { deliveries, messages }: Engine,
  { damage }: EngineContext,
  messageId: MessageId,
): Promise<Message | undefined> {
  const first = await deliveries.firstOf(messageId);
  const row = first ?? (await messages.whole(messageId));
  if (!row) return undefined;
  const message = messageOf(row);
  if (message.damaged && first) damage.note(first.message_pk);
  return message;
}

/** A message with the state and timeline of its first deliveries. */
async function messageStatus(
  engine: Engine,
  context: EngineContext,
  messageId: MessageId,
): Promise<MessageStatus | undefined> {
  const message = await findMessage(engine, context, messageId);
  const first = { viewer: undefined, after: undefined, limit: FIRST };
  return message && { message, ...(await engine.trace.page(messageId, first)) };
}

/** What a message answers, for whoever sent or got that; a notice of the mesh says itself what it is about. */
async function questionOf(
  { deliveries, messages }: Engine,
  { kind, inReplyTo }: Pick<Message, "kind" | "inReplyTo">,
  viewer: AgentId | undefined,
): Promise<AnsweredQuestion | undefined> {
  const row = kind === "message" && inReplyTo !== undefined ? await messages.whole(inReplyTo) : undefined;
  if (!row) return undefined;
  const sees =
    viewer === undefined || row.sender_id === viewer || (await deliveries.ownOf(row.message_id, viewer)) !== undefined;
  if (!sees) return undefined;
  return { messageId: row.message_id, from: { id: row.sender_id, name: row.sender_name }, preview: previewOf(row) };
}

/** One page of an inbox. */
async function inboxPage(
  engine: Engine,
  query: Parameters<Store["listInbox"]>[0],
  now: number,
): Promise<Awaited<ReturnType<Store["listInbox"]>>> {
  const agent = await engine.agents.row(query.agentId);
  const held = agent?.held_count ?? 0;
  const rows = await engine.deliveryPages.inbox(query.which, query.newestFirst ? "newest" : "oldest", {
    agent: agent?.pk ?? 0,
    after: query.afterSeq,
    before: query.beforeSeq ?? Number.MAX_SAFE_INTEGER,
    limit: query.limit + 1,
  });
  const entries = [];
  for (const row of rows.slice(0, query.limit)) {
    const entry = inboxEntryOf(row, now);
    const question = await questionOf(engine, entry.message, query.agentId);
    entries.push({ ...entry, ...(question && { question }) });
  }
  return { entries, open: (agent?.open_count ?? 0) - held, held, more: rows.length > query.limit };
}
