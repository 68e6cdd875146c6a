/** The act of publishing: the message and who gets it at once, the deliveries a slice at a time. */
import { MAX_NAMED_PER_PUBLISH, type Message, type MessageId, type PolicyAction } from "@agentmesh/protocol";
import { actionOn } from "../../../mesh/acceptance/receiver-policy.ts";
import { cameAs, type Standing } from "../../../mesh/acceptance/trust-class.ts";
import { urgencyOf } from "../../../mesh/acceptance/urgency.ts";
import { newId } from "../../../mesh/ids.ts";
import type { InboxQuota, MessageToPublish, Published, Skipped } from "../../../mesh/store.ts";
import { keptBytes, takes } from "../../shared/quota.ts";
import { policyOf } from "../../shared/rows/agents.ts";
import { RANK } from "../../shared/rows/deliveries.ts";
import { type MessageRow, messageOf } from "../../shared/rows/rows.ts";
import { asAccepted, HELD_BY_POLICY } from "../../shared/sending.ts";
import type { UnderWay } from "../../shared/topics.ts";
import type { WholeParty } from "../agent/parties.ts";
import { type Budget, fitting, ROWS, type Slice } from "../commits/slices.ts";
import type { EngineContext } from "../context.ts";
import type { OneOfMany } from "../delivery/inserted-many.ts";
import type { Engine } from "../engine.ts";
import type { NewEntry } from "../timeline.ts";
import { checkKeeping } from "./quota.ts";
import { earlierUnder, putKey, recordOf, senderOf } from "./send.ts";
import { leasedToStream, newLease, takersOf } from "./streamed.ts";

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
  for (;;) {
    const these = rest.slice(done, done + fitting(budget, Math.min(ROWS, rest.length - done)));
    if (these.length === 0) break;
    skipped.push(...give(engine, context, { ...message, pk, shown, standing }, these, { maxMessages, maxBytes }));
    done += these.length;
  }
  if (skipped.length > 0) engine.messages.addSkipped(pk, skipped);
  if (done < rest.length) {
    engine.topics.keepUnderWay({ pk, rest: rest.slice(done), maxMessages, maxBytes });
    return { part: undefined, more: true };
  }
  engine.topics.isWhole(pk);
  return { part: published(engine, messageId, duplicate), more: false };
}

/** A published message, with what is worked out once for all its subscribers. */
type ToGive = MessageRow & { readonly pk: number; readonly shown: Message | undefined; readonly standing: Standing };

/** Who takes it, and how. */
interface Taking extends Pick<OneOfMany, "trust" | "state"> {
  readonly subscriber: WholeParty;
}

/** Puts it into the inboxes of these agents, in their order; says whose does not get it, and why. Who has left, or had it as a retained message, is passed over. */
function give(
  engine: Engine,
  context: EngineContext,
  message: ToGive,
  agentPks: readonly number[],
  quota: InboxQuota,
): Skipped[] {
  const skipped: Skipped[] = [];
  const taking: Taking[] = [];
  for (const subscriber of engine.parties.without(message.pk, agentPks)) {
    const came = cameAs(message.standing, subscriber.standing);
    const action = actionOn(policyOf(subscriber.policy), message.sender_id, came, context.remoteSenders);
    const why = whyNot(message, subscriber, action, quota);
    if (why) skipped.push({ agent: { id: subscriber.id, name: subscriber.name }, why });
    else taking.push({ subscriber, trust: came.trust, state: action === "hold" ? "held" : "queued" });
  }
  if (taking.length > 0) deliverAll(engine, context, message, taking);
  return skipped;
}

function whyNot(
  message: ToGive,
  subscriber: WholeParty,
  action: PolicyAction,
  quota: InboxQuota,
): Skipped["why"] | undefined {
  if (subscriber.id === message.sender_id) return "sender";
  if (subscriber.archived_at !== null) return "archived";
  if (action === "refuse") return "refused";
  const inbox = { messages: subscriber.open_count, bytes: subscriber.open_bytes };
  return takes(inbox, message.body_bytes, quota) ? undefined : "inbox_full";
}

/** Puts it into the inboxes of those who take it: leased where a stream takes it at once, or held there. */
function deliverAll(engine: Engine, context: EngineContext, message: ToGive, taking: readonly Taking[]): void {
  const { urgency } = message;
  const open = taking.filter(({ state }) => state === "queued").map(({ subscriber }) => subscriber);
  const takers = message.shown ? takersOf(engine, context, open, urgency) : undefined;
  let position = engine.timeline.lastPosition();
  const all = taking.map(({ subscriber, trust, state }) => {
    const taker = takers?.get(subscriber.pk);
    // Behind its acceptance stands what became of it there and then.
    position += taker || state === "held" ? 2 : 1;
    const lease = taker && newLease(context, taker, position);
    return { id: newId("dlv"), agentPk: subscriber.pk, seq: subscriber.next_seq, trust, state, lease };
  });
  const first = engine.deliveries.insertMany(
    {
      ...{ messagePk: message.pk, senderPk: message.sender_pk, bytes: message.body_bytes, urgency },
      rank: urgencyOf(urgency) === "interrupt" ? RANK.interrupt : RANK.message,
      ...{ at: message.accepted_at, expiresAt: message.expires_at },
    },
    all,
  );
  engine.timeline.noteAll(all.flatMap((each, n) => firstEntries(each, first + n, message.sender_pk)));
  if (engine.timeline.lastPosition() !== position)
    throw new Error(`what ${message.message_id} began does not end at position ${position} of the timeline`);
  for (const [n, { id, seq, trust, state, lease }] of all.entries()) {
    const agentId = taking[n]?.subscriber.id;
    if (agentId === undefined || state === "held") continue;
    if (!message.shown || !lease) context.leasable.ready(agentId);
    else context.leasable.leasedAtOnce(agentId, leasedToStream({ id, seq, trust }, lease, message.shown));
  }
}

function firstEntries({ agentPk, state, lease }: OneOfMany, deliveryPk: number, senderPk: number): NewEntry[] {
  const of = { deliveryPk, parties: { recipient_pk: agentPk, sender_pk: senderPk } };
  const accepted: NewEntry = { ...of, event: "accepted", attempt: 0 };
  if (lease) return [accepted, { ...of, event: "leased", attempt: 1, session: lease.session }];
  if (state === "held") return [accepted, { ...of, event: "held", attempt: 0, reason: HELD_BY_POLICY }];
  return [accepted];
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
