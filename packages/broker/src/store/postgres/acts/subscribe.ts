/** The act of subscribing, with what was published before. */
import {
  KEPT_BYTES_PER_SUBSCRIPTION,
  MAX_RETAINED,
  MAX_TOPICS_PER_PATTERN,
  type PolicyAction,
  type SubscribeReply,
  TopicName,
  type TrustClass,
  topicMatches,
} from "@agentmesh/protocol";
import { cameAs } from "../../../mesh/acceptance/trust-class.ts";
import { urgencyWeight } from "../../../mesh/acceptance/urgency.ts";
import { timestamp } from "../../../mesh/clock.ts";
import { newId } from "../../../mesh/ids.ts";
import type { AgentRecord, InboxQuota } from "../../../mesh/store.ts";
import type { PartyRow } from "../../shared/rows/agents.ts";
import { BEHIND_ALL } from "../../shared/rows/cursor.ts";
import type { RecentTopicRow } from "../../shared/rows/topics.ts";
import type { RetainedRow } from "../../shared/topics.ts";
import { ROWS, type Slice, sum } from "../commits/slices.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import { checkKeeping } from "./quota.ts";
import { actionFor, deliver, senderOf } from "./send.ts";

/** Topics that one look takes, and more messages of one than are published between two slices. */
const PIECE = 1_000;

/** A message to be given, and whose it is. */
interface Wanted {
  readonly pk: number;
  readonly senderPk: number;
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

/** What is asked for. */
export interface Subscribing {
  readonly agentId: AgentRecord["id"];
  readonly pattern: string;
  readonly retained: number;
  readonly quota: InboxQuota;
}

/**
 * Adds a subscription. A new one first gets the newest `retained` messages that its pattern means, its policy does not refuse
 * and its inbox takes, a slice at a time, with what is published meanwhile. What cuts it off leaves no subscription; who asks
 * again gets the newest of those that it has not. @throws MeshError
 */
export function subscribe(asked: Subscribing) {
  return async (
    engine: Engine,
    context: EngineContext,
    before: readonly SubscribedPart[],
  ): Promise<Slice<SubscribedPart>> => {
    const { agents, topics } = engine;
    const { agentId, pattern, quota } = asked;
    const { rest, seenUpTo: since } = before.at(-1) ?? (await begin(engine, context, asked));
    await agents.lock([await agents.pkOf(agentId), ...rest.map(({ senderPk }) => senderPk)]);
    const agent = await agents.current(agentId);
    const subscriber = await senderOf(engine, agentId);
    const isNew = (await topics.since(subscriber.pk, pattern)) === undefined;
    // From here on nobody publishes until this is committed.
    const { message: seenUpTo } = await context.numbers.hold();
    const isWanted = isNew && asked.retained > 0;
    const wanted = isWanted ? [...rest, ...(await publishedSince(engine, pattern, since))] : [];
    const taken = await newestThatFit(engine, wanted, subscriber.pk, quota);
    const leftOut = wanted.length - taken.length;
    // What was published meanwhile by somebody else counts for that one, who has to be locked first.
    if (taken.some(({ senderPk }) => !agents.holds(senderPk))) {
      return { part: { given: 0, leftOut, rest: taken, seenUpTo }, more: true };
    }
    let given = 0;
    for (const [n, { pk }] of taken.entries()) {
      if (n === ROWS) return { part: { given, leftOut, rest: taken.slice(n), seenUpTo }, more: true };
      const row = await topics.retainedAt(pk);
      const earlier = row && (await earlierOf(engine, context, subscriber.pk, row));
      if (!earlier) continue;
      await give(engine, context, subscriber, earlier);
      given++;
    }
    const created = await topics.subscribe(subscriber.pk, pattern);
    const subscribedAt = (await topics.since(subscriber.pk, pattern)) ?? context.now;
    const reply = {
      subscription: { agent: { id: agent.id, name: agent.name }, topic: pattern, since: timestamp(subscribedAt) },
      created,
      retained: sum([...before.map((part) => part.given), given]),
      leftOut: sum([...before.map((part) => part.leftOut), leftOut]),
    };
    return { part: { given, leftOut, rest: [], seenUpTo, reply }, more: false };
  };
}

/** What a subscription is to get before it is there; nothing where it is already. @throws MeshError quota_full */
async function begin(
  engine: Engine,
  context: EngineContext,
  { agentId, pattern, retained, quota }: Subscribing,
): Promise<Pick<SubscribedPart, "rest" | "seenUpTo">> {
  const { message: seenUpTo } = await context.numbers.last();
  const subscriber = await senderOf(engine, agentId);
  await checkKeeping(engine, subscriber, { messages: 0, bytes: KEPT_BYTES_PER_SUBSCRIPTION }, quota.keeping);
  const isNew = (await engine.topics.since(subscriber.pk, pattern)) === undefined;
  const topics = isNew && retained > 0 ? await topicsOf(engine, pattern) : [];
  const earlier = await earlierMessages(engine, context, topics, subscriber.pk, retained);
  return { rest: earlier.map(({ row }) => wantedOf(row)).filter(({ pk }) => pk <= seenUpTo), seenUpTo };
}

function wantedOf({ pk, sender_pk: senderPk, body_bytes: bytes }: RetainedRow): Wanted {
  return { pk, senderPk, bytes };
}

/** Topics that a pattern means, the one with the newest message first: as many as a new subscriber gets messages of. */
async function topicsOf({ topicPages }: Engine, pattern: string): Promise<readonly RecentTopicRow[]> {
  if (TopicName.safeParse(pattern).success) return [{ name: pattern, newest: BEHIND_ALL }];
  const topics: RecentTopicRow[] = [];
  for (let edge = BEHIND_ALL; ; ) {
    const recent = await topicPages.recent(edge, PIECE);
    topics.push(...recent.filter(({ name }) => topicMatches(pattern, name)));
    const last = recent.at(-1);
    if (!last || recent.length < PIECE || topics.length >= MAX_TOPICS_PER_PATTERN) break;
    edge = last.newest;
  }
  return topics.slice(0, MAX_TOPICS_PER_PATTERN);
}

/** Messages on topics of a pattern behind one, oldest first: as many as there can be between two slices. */
async function publishedSince(engine: Engine, pattern: string, after: number): Promise<Wanted[]> {
  const wanted: Wanted[] = [];
  for (const { name } of await engine.topicPages.since(after, PIECE)) {
    if (!topicMatches(pattern, name)) continue;
    wanted.push(...(await engine.topics.retained(name, PIECE, after)).map(wantedOf));
  }
  return wanted.sort((a, b) => a.pk - b.pk);
}

/** Puts a message published before into the inbox of a new subscriber. */
async function give(
  engine: Engine,
  context: EngineContext,
  recipient: PartyRow,
  { row, action, trust }: Earlier,
): Promise<void> {
  await deliver(engine, {
    id: newId("dlv"),
    // What was urgent once is not any more; an fyi still rests.
    message: { urgency: row.urgency === urgencyWeight("fyi") ? "fyi" : "normal", bodyBytes: row.body_bytes },
    stored: { pk: row.pk, acceptedAt: context.now, expiresAt: row.expires_at },
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
async function newestThatFit(engine: Engine, wanted: readonly Wanted[], agentPk: number, quota: InboxQuota) {
  let { messages, bytes } = await engine.deliveryPages.inboxSize(agentPk);
  const last = wanted.findLastIndex((each) => {
    messages += 1;
    bytes += each.bytes;
    return messages > quota.maxMessages || bytes > quota.maxBytes;
  });
  return wanted.slice(last + 1);
}

/** What a subscriber gets of a message as it is now; undefined for its own, one that it has, or its policy refuses. */
async function earlierOf(
  engine: Engine,
  context: EngineContext,
  agentPk: number,
  row: RetainedRow,
): Promise<Earlier | undefined> {
  const { agents, deliveries } = engine;
  if (row.sender_pk === agentPk || (await deliveries.has(row.pk, agentPk))) return undefined;
  const sender = await agents.standing(row.sender_pk, row.by_program === 1);
  const came = cameAs(sender, await agents.standing(agentPk));
  const action = await actionFor(engine, context, agentPk, row.sender_id, came);
  return action === "refuse" ? undefined : { row, action, trust: came.trust };
}

/**
 * The newest messages of topics that a pattern means, oldest first. `topics` are in the order of their newest messages, the
 * newest first: behind the first that has nothing new enough there is nothing more, and of each only what is newer than the
 * oldest of those that are enough is read.
 */
async function earlierMessages(
  engine: Engine,
  context: EngineContext,
  topics: readonly RecentTopicRow[],
  agentPk: number,
  count: number,
): Promise<Earlier[]> {
  let newest: Earlier[] = [];
  for (const topic of topics) {
    const oldest = newest[count - 1]?.row.pk ?? 0;
    if (oldest > topic.newest) break;
    for (const row of await engine.topics.retained(topic.name, Math.min(count, MAX_RETAINED), oldest)) {
      const earlier = await earlierOf(engine, context, agentPk, row);
      if (earlier) newest.push(earlier);
    }
    newest = newest.sort((a, b) => b.row.pk - a.row.pk).slice(0, count);
  }
  return newest.reverse();
}
