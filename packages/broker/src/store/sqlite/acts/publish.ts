/** The act of publishing: the message and who gets it at once, the deliveries a slice at a time. */
import { MAX_NAMED_PER_PUBLISH, type Message, type MessageId, type Party } from "@agentmesh/protocol";
import { cameAs, type Standing } from "../../../mesh/acceptance/trust-class.ts";
import { urgencyOf } from "../../../mesh/acceptance/urgency.ts";
import { newId } from "../../../mesh/ids.ts";
import type { InboxQuota, MessageToPublish, Published, Skipped } from "../../../mesh/store.ts";
import { keptBytes } from "../../shared/quota.ts";
import { type MessageRow, messageOf } from "../../shared/rows/rows.ts";
import { asAccepted } from "../../shared/sending.ts";
import type { UnderWay } from "../../shared/topics.ts";
import type { Budget, Slice } from "../commits/slices.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import { checkKeeping, hasRoom } from "./quota.ts";
import { actionFor, deliver, earlierUnder, putKey, recordOf, senderOf } from "./send.ts";

/**
 * Accepts one message for everybody subscribed at this moment; the sender gets no copy. Who they are is on disk with the
 * message: what cuts it off leaves all of it or nothing. The next start goes on, or a retry under its key. @throws MeshError
 */
export function publish(engine: Engine, context: EngineContext, message: MessageToPublish, quota: InboxQuota) {
  let before: MessageId | undefined;
  return (budget: Budget, kept: readonly (Published | undefined)[]): Slice<Published | undefined> => {
    if (kept.length > 0) return spreadRest(engine, context, before ?? message.id, before !== undefined, budget);
    const sender = senderOf(engine, message.senderId);
    before = earlierUnder(engine, sender.pk, message.idempotency);
    if (before !== undefined) return spreadRest(engine, context, before, true, budget);
    checkKeeping(engine, sender, { messages: 1, bytes: keptBytes(message.bodyBytes) }, quota.keeping);
    const stored = engine.messages.insert(message, sender.pk);
    putKey(engine, sender.pk, stored.pk, message.idempotency);
    const rest = engine.topics.subscribedTo(message.topic);
    return spread(engine, context, message.id, false, { pk: stored.pk, rest, ...quota }, budget);
  };
}

/** What a crash or a full disk has cut off: the rest of a publish that was accepted. */
export function publishRest(engine: Engine, context: EngineContext, messageId: MessageId) {
  return (budget: Budget): Slice<Published | undefined> => spreadRest(engine, context, messageId, true, budget);
}

/** As much of the rest as fits, if any is left. */
function spreadRest(
  engine: Engine,
  context: EngineContext,
  messageId: MessageId,
  duplicate: boolean,
  budget: Budget,
): Slice<Published | undefined> {
  const rest = engine.topics.underWay(messageId);
  if (!rest) return { part: published(engine, messageId, duplicate), more: false };
  return spread(engine, context, messageId, duplicate, rest, budget);
}

function spread(
  engine: Engine,
  context: EngineContext,
  messageId: MessageId,
  duplicate: boolean,
  { pk, rest, maxMessages, maxBytes }: UnderWay,
  budget: Budget,
): Slice<Published | undefined> {
  const message = engine.messages.wholeByPk(pk);
  if (!message) throw new Error(`message ${messageId} vanished while it was published`);
  const skipped: Skipped[] = [];
  const whole = messageOf(message);
  const shown = whole.damaged ? undefined : whole;
  const standing = engine.agents.standing(message.sender_pk, message.by_program === 1);
  let done = 0;
  for (const agentPk of rest) {
    if (!budget.fits()) break;
    const why = give(engine, context, { ...message, pk, shown, standing }, agentPk, { maxMessages, maxBytes });
    if (why) skipped.push(why);
    done++;
  }
  if (skipped.length > 0) engine.messages.addSkipped(pk, skipped);
  if (done < rest.length) {
    engine.topics.keepUnderWay({ pk, rest: rest.slice(done), maxMessages, maxBytes });
    return { part: undefined, more: true };
  }
  engine.topics.isWhole(pk);
  return { part: published(engine, messageId, duplicate), more: false };
}

/** Puts it into one inbox; says why not. */
function give(
  engine: Engine,
  context: EngineContext,
  message: MessageRow & { readonly pk: number; readonly shown: Message | undefined; readonly standing: Standing },
  agentPk: number,
  quota: InboxQuota,
): Skipped | undefined {
  const subscriber = engine.agents.rowByPk(agentPk);
  // Left meanwhile, or had it as a retained message.
  if (!subscriber || engine.deliveries.has(message.pk, agentPk)) return undefined;
  const agent: Party = { id: subscriber.id, name: subscriber.name };
  const came = cameAs(message.standing, engine.agents.standing(agentPk));
  const action = actionFor(engine, context, agentPk, message.sender_id, came);
  if (subscriber.id === message.sender_id) return { agent, why: "sender" };
  if (subscriber.archived_at !== null) return { agent, why: "archived" };
  if (action === "refuse") return { agent, why: "refused" };
  if (!hasRoom(engine, agentPk, message.body_bytes, quota)) return { agent, why: "inbox_full" };
  deliver(engine, {
    id: newId("dlv"),
    message: { urgency: urgencyOf(message.urgency), bodyBytes: message.body_bytes },
    stored: { pk: message.pk, acceptedAt: message.accepted_at, expiresAt: message.expires_at },
    sender: { pk: message.sender_pk },
    recipient: subscriber,
    ...(message.shown && { shown: message.shown }),
    ...{ action, trust: came.trust, context },
  });
  return undefined;
}

function published(engine: Engine, messageId: MessageId, duplicate: boolean): Published {
  const stored = engine.messages.whole(messageId);
  if (!stored) throw new Error(`message ${messageId} vanished inside its own transaction`);
  const { skipped, count } = engine.messages.skipped(messageId);
  return {
    duplicate,
    message: duplicate ? messageOf(stored) : messageOf(stored, true),
    accepted: engine.deliveries.firstOfMessage(messageId, MAX_NAMED_PER_PUBLISH).map((row) => {
      const delivery = { id: row.id, seq: row.seq, state: row.state };
      const recipient = recordOf(engine, row.recipient_id, row.recipient_name);
      return duplicate ? { delivery, recipient } : asAccepted(delivery, recipient);
    }),
    skipped,
    counts: { accepted: engine.deliveries.countOf(messageId), skipped: count },
  };
}
