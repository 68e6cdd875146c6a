/** The act of publishing: the message and who gets it at once, the deliveries a slice at a time. */
import { MAX_NAMED_PER_PUBLISH, type MessageId, type Party } from "@agentmesh/protocol";
import { cameAs, type Standing } from "../../../mesh/acceptance/trust-class.ts";
import { urgencyOf } from "../../../mesh/acceptance/urgency.ts";
import { newId } from "../../../mesh/ids.ts";
import type { InboxQuota, MessageToPublish, Published, Skipped } from "../../../mesh/store.ts";
import { keptBytes } from "../../shared/quota.ts";
import { type MessageRow, messageOf } from "../../shared/rows/rows.ts";
import type { UnderWay } from "../../shared/topics.ts";
import { ROWS, type Slice } from "../commits/slices.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import { checkKeeping, hasRoom } from "./quota.ts";
import { actionFor, deliver, earlierUnder, putKey, recordOf, senderOf } from "./send.ts";

/** What a slice of a publish leaves: the answer, when it was the last. */
type Part = Slice<Published | undefined>;

/**
 * Accepts one message for everybody subscribed at this moment; the sender gets no copy. Who they are is on disk with the
 * message: what cuts it off leaves all of it or nothing. The sweeper goes on, or a retry under its key. @throws MeshError
 */
export function publish(message: MessageToPublish, quota: InboxQuota) {
  let before: MessageId | undefined;
  return async (engine: Engine, context: EngineContext, kept: readonly unknown[]): Promise<Part> => {
    const { agents, messages, topics } = engine;
    if (kept.length > 0) return spreadRest(engine, context, before ?? message.id, before !== undefined);
    // Whoever is subscribed now will hardly be less when it is accepted: who came meanwhile gets it in the next slice.
    const known = (await topics.subscribedTo(message.topic)).slice(0, ROWS);
    await agents.lock([await agents.pkOf(message.senderId), ...known]);
    const sender = await senderOf(engine, message.senderId);
    before = await earlierUnder(engine, sender.pk, message.idempotency);
    if (before !== undefined) return { part: undefined, more: true };
    await checkKeeping(engine, sender, { messages: 1, bytes: keptBytes(message.bodyBytes) }, quota.keeping);
    const stored = await messages.insert(message, sender.pk);
    await putKey(engine, sender.pk, stored.pk, message.idempotency);
    // Behind the number of the message: who subscribes from here on finds it among those published before.
    const rest = await topics.subscribedTo(message.topic);
    return spread(engine, context, message.id, false, { pk: stored.pk, rest, ...quota }, known);
  };
}

/** What was cut off: the rest of a publish that was accepted. */
export function publishRest(messageId: MessageId) {
  return (engine: Engine, context: EngineContext): Promise<Part> => spreadRest(engine, context, messageId, true);
}

/** As much of the rest as fits, if any is left. */
async function spreadRest(
  engine: Engine,
  context: EngineContext,
  messageId: MessageId,
  duplicate: boolean,
): Promise<Part> {
  const { agents, messages, topics } = engine;
  const known = (await topics.underWay(messageId))?.rest.slice(0, ROWS) ?? [];
  const message = await messages.whole(messageId);
  if (!message) throw new Error(`message ${messageId} vanished while it was published`);
  // Whoever goes on with it holds its sender.
  await agents.lock([message.sender_pk, ...known]);
  const rest = await topics.underWay(messageId);
  if (!rest) return { part: await published(engine, messageId, duplicate), more: false };
  return spread(engine, context, messageId, duplicate, rest, known);
}

async function spread(
  engine: Engine,
  context: EngineContext,
  messageId: MessageId,
  duplicate: boolean,
  { pk, rest, maxMessages, maxBytes }: UnderWay,
  locked: readonly number[],
): Promise<Part> {
  const message = await engine.messages.wholeByPk(pk);
  if (!message) throw new Error(`message ${messageId} vanished while it was published`);
  const skipped: Skipped[] = [];
  const standing = await engine.agents.standing(message.sender_pk, message.by_program === 1);
  const now = rest.filter((agentPk) => locked.includes(agentPk));
  for (const agentPk of now) {
    const why = await give(engine, context, { ...message, pk, standing }, agentPk, { maxMessages, maxBytes });
    if (why) skipped.push(why);
  }
  if (skipped.length > 0) await engine.messages.addSkipped(pk, skipped);
  if (now.length < rest.length) {
    const left = rest.filter((agentPk) => !locked.includes(agentPk));
    await engine.topics.keepUnderWay({ pk, rest: left, maxMessages, maxBytes });
    return { part: undefined, more: true };
  }
  await engine.topics.isWhole(pk);
  return { part: await published(engine, messageId, duplicate), more: false };
}

/** Puts it into one inbox; says why not. */
async function give(
  engine: Engine,
  context: EngineContext,
  message: MessageRow & { readonly pk: number; readonly standing: Standing },
  agentPk: number,
  quota: InboxQuota,
): Promise<Skipped | undefined> {
  const subscriber = await engine.agents.rowByPk(agentPk);
  // Left meanwhile, or had it as a retained message.
  if (!subscriber || (await engine.deliveries.has(message.pk, agentPk))) return undefined;
  const agent: Party = { id: subscriber.id, name: subscriber.name };
  const came = cameAs(message.standing, await engine.agents.standing(agentPk));
  const action = await actionFor(engine, context, agentPk, message.sender_id, came);
  if (subscriber.id === message.sender_id) return { agent, why: "sender" };
  if (subscriber.archived_at !== null) return { agent, why: "archived" };
  if (action === "refuse") return { agent, why: "refused" };
  if (!(await hasRoom(engine, agentPk, message.body_bytes, quota))) return { agent, why: "inbox_full" };
  await deliver(engine, {
    id: newId("dlv"),
    message: { urgency: urgencyOf(message.urgency), bodyBytes: message.body_bytes },
    stored: { pk: message.pk, acceptedAt: message.accepted_at, expiresAt: message.expires_at },
    ...{ sender: { pk: message.sender_pk }, recipient: subscriber, action, trust: came.trust, context },
  });
  return undefined;
}

async function published(engine: Engine, messageId: MessageId, duplicate: boolean): Promise<Published> {
  const { deliveries, messages } = engine;
  const stored = await messages.whole(messageId);
  if (!stored) throw new Error(`message ${messageId} vanished inside its own transaction`);
  const { skipped, count } = await messages.skipped(messageId);
  const accepted: Published["accepted"][number][] = [];
  for (const row of await deliveries.firstOfMessage(messageId, MAX_NAMED_PER_PUBLISH)) {
    const recipient = await recordOf(engine, row.recipient_id, row.recipient_name);
    accepted.push({ delivery: { id: row.id, seq: row.seq, state: row.state }, recipient });
  }
  return {
    ...{ duplicate, accepted, skipped },
    message: duplicate ? messageOf(stored) : messageOf(stored, true),
    counts: { accepted: await deliveries.countOf(messageId), skipped: count },
  };
}
