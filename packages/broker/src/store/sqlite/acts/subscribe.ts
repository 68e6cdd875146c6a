/** The act of subscribing, with what was published before. */
import {
  KEPT_BYTES_PER_SUBSCRIPTION,
  MAX_RETAINED,
  type Party,
  type PolicyAction,
  type SubscribeReply,
  type TrustClass,
  topicMatches,
} from "@agentmesh/protocol";
import { cameAs } from "../../../mesh/acceptance/trust-class.ts";
import { urgencyWeight } from "../../../mesh/acceptance/urgency.ts";
import { timestamp } from "../../../mesh/clock.ts";
import { newId } from "../../../mesh/ids.ts";
import type { AgentRecord, InboxQuota } from "../../../mesh/store.ts";
import type { PartyRow } from "../../shared/rows/agents.ts";

import type { RecentTopicRow } from "../../shared/rows/topics.ts";
import type { RetainedRow } from "../../shared/topics.ts";
import { type Budget, type Slice, sum } from "../commits/slices.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";

import { type MeantTopics, newestPublished, topicsNow, topicsSince } from "./meant-topics.ts";
import { checkKeeping } from "./quota.ts";
import { actionFor, deliver, senderOf } from "./send.ts";

/** More of one topic than are published between two slices. */
const MOST_BETWEEN = 1_000;

/** A message to be given, by its key. */
interface Wanted {
  readonly pk: number;
  readonly bytes: number;
}

/** What one slice did, and where the next goes on; the reply when it is the last. */
export interface SubscribedPart {
  readonly given: number;
  readonly leftOut: number;
  /** Still to be given, oldest first, of what was published until `seenUpTo`. */
  readonly rest: readonly Wanted[];
  readonly seenUpTo: number;
  readonly reply?: SubscribeReply;
}

/**
 * Adds a subscription. A new one first gets the newest `retained` messages that its pattern means, its policy does not refuse
 * and its inbox takes, a slice at a time, with what is published meanwhile. They are looked for in the first slice, and each
 * is looked at again when it is given. What cuts it off leaves no subscription; who asks again gets the newest of those that it
 * has not. @throws MeshError
 */
export function subscribe(
  engine: Engine,
  context: EngineContext,
  agentId: AgentRecord["id"],
  pattern: string,
  retained: number,
  quota: InboxQuota,
  meant: MeantTopics | undefined,
) {
  return (budget: Budget, before: readonly SubscribedPart[]): Slice<SubscribedPart> => {
    const agent = engine.agents.current(agentId);
    const subscriber = senderOf(engine, agentId);
    const seenUpTo = newestPublished(engine);
    const last = before.at(-1);
    const wanted = last
      ? [...last.rest, ...publishedSince(engine, pattern, last.seenUpTo)]
      : begin(engine, context, { agent, subscriber, pattern, retained, quota, meant });
    const taken = newestThatFit(engine, wanted, subscriber.pk, quota);
    const leftOut = wanted.length - taken.length;
    let given = 0;
    for (const [n, { pk }] of taken.entries()) {
      if (!budget.fits()) return { part: { given, leftOut, rest: taken.slice(n), seenUpTo }, more: true };
      const earlier = earlierAt(engine, context, subscriber.pk, pattern, pk);
      if (!earlier) continue;
      give(engine, context, subscriber, earlier);
      given++;
    }
    const created = engine.topics.subscribe(subscriber.pk, pattern);
    const since = engine.topics.since(subscriber.pk, pattern) ?? context.clock.now();
    const reply = {
      subscription: { agent: { id: agent.id, name: agent.name }, topic: pattern, since: timestamp(since) },
      created,
      retained: sum([...before.map((part) => part.given), given]),
      leftOut: sum([...before.map((part) => part.leftOut), leftOut]),
    };
    return { part: { given, leftOut, rest: [], seenUpTo, reply }, more: false };
  };
}

/** What a subscription is to get before it is there; nothing where it is already. @throws MeshError quota_full */
function begin(
  engine: Engine,
  context: EngineContext,
  asked: {
    readonly agent: Party;
    readonly subscriber: PartyRow;
    readonly pattern: string;
    readonly retained: number;
    readonly quota: InboxQuota;
    readonly meant: MeantTopics | undefined;
  },
): Wanted[] {
  const { agent, subscriber, pattern, retained, quota, meant } = asked;
  const party = { pk: subscriber.pk, name: agent.name };
  checkKeeping(engine, party, { messages: 0, bytes: KEPT_BYTES_PER_SUBSCRIPTION }, quota.keeping);
  const isNew = engine.topics.since(subscriber.pk, pattern) === undefined;
  const topics = isNew && meant ? topicsNow(engine, pattern, meant) : [];
  return earlierMessages(engine, context, topics, subscriber.pk, retained).map(({ row }) => wantedOf(row));
}

function wantedOf({ pk, body_bytes: bytes }: RetainedRow): Wanted {
  return { pk, bytes };
}

/** Messages on topics of a pattern behind one, oldest first: as many as there can be between two slices. */
function publishedSince(engine: Engine, pattern: string, after: number): Wanted[] {
  const rows = topicsSince(engine, pattern, after).flatMap(({ name }) =>
    engine.topics.retained(name, MOST_BETWEEN, after),
  );
  return rows.map(wantedOf).sort((a, b) => a.pk - b.pk);
}

/** Puts a message published before into the inbox of a new subscriber. */
function give(engine: Engine, context: EngineContext, recipient: PartyRow, { row, action, trust }: Earlier): void {
  deliver(engine, {
    id: newId("dlv"),
    // What was urgent once is not any more; an fyi still rests.
    message: { urgency: row.urgency === urgencyWeight("fyi") ? "fyi" : "normal", bodyBytes: row.body_bytes },
    stored: { pk: row.pk, acceptedAt: context.clock.now(), expiresAt: row.expires_at },
    sender: { pk: row.sender_pk },
    ...{ recipient, action, trust, context, retained: true },
  });
}

/** A message published before, and what a new subscriber's policy does with it. */
interface Earlier {
  readonly row: RetainedRow;
  readonly action: Exclude<PolicyAction, "refuse">;
  readonly trust: TrustClass;
}

/** The newest of these messages, oldest first, that an inbox takes. */
function newestThatFit(engine: Engine, wanted: readonly Wanted[], agentPk: number, quota: InboxQuota) {
  let { messages, bytes } = engine.inboxSize(agentPk);
  const last = wanted.findLastIndex((each) => {
    messages += 1;
    bytes += each.bytes;
    return messages > quota.maxMessages || bytes > quota.maxBytes;
  });
  return wanted.slice(last + 1);
}

/** What a subscriber gets of a message as it is now; undefined for its own, one that it has or its policy refuses, and one that is gone. */
function earlierAt(
  engine: Engine,
  context: EngineContext,
  agentPk: number,
  pattern: string,
  pk: number,
): Earlier | undefined {
  const row = engine.topics.retainedAt(pk);
  // A key may be another message's by now, where the one that had it was lost with its commit.
  return row && topicMatches(pattern, row.topic) ? earlierOf(engine, context, agentPk, row) : undefined;
}

function earlierOf(engine: Engine, context: EngineContext, agentPk: number, row: RetainedRow): Earlier | undefined {
  if (row.sender_pk === agentPk || engine.deliveries.has(row.pk, agentPk)) return undefined;
  const came = cameAs(engine.agents.standing(row.sender_pk, row.by_program === 1), engine.agents.standing(agentPk));
  const action = actionFor(engine, context, agentPk, row.sender_id, came);
  return action === "refuse" ? undefined : { row, action, trust: came.trust };
}

/**
 * The newest messages of topics that a pattern means, oldest first. `topics` are in the order of their newest messages, the
 * newest first: behind the first that has nothing new enough there is nothing more, and of each only what is newer than the
 * oldest of those that are enough is read.
 */
function earlierMessages(
  engine: Engine,
  context: EngineContext,
  topics: readonly RecentTopicRow[],
  agentPk: number,
  count: number,
): Earlier[] {
  let newest: Earlier[] = [];
  for (const topic of topics) {
    const oldest = newest[count - 1]?.row.pk ?? 0;
    if (oldest > topic.newest) break;
    const more = engine.topics
      .retained(topic.name, Math.min(count, MAX_RETAINED), oldest)
      .flatMap((row) => earlierOf(engine, context, agentPk, row) ?? []);
    newest = [...newest, ...more].sort((a, b) => b.row.pk - a.row.pk).slice(0, count);
  }
  return newest.reverse();
}
