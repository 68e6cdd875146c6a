/** The act of subscribing, with what was published before. */
import {
  KEPT_BYTES_PER_SUBSCRIPTION,
  MAX_RETAINED,
  type PolicyAction,
  type SubscribeReply,
  type TrustClass,
} from "@agentmesh/protocol";
import { cameAs } from "../../../mesh/acceptance/trust-class.ts";
import { urgencyWeight } from "../../../mesh/acceptance/urgency.ts";
import { timestamp } from "../../../mesh/clock.ts";
import { newId } from "../../../mesh/ids.ts";
import type { AgentRecord, InboxQuota } from "../../../mesh/store.ts";
import { type Budget, type Slice, sum } from "../commits/slices.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import type { RecentTopicRow } from "../pages/topics.ts";
import type { PartyRow } from "../rows/agents.ts";
import type { RetainedRow } from "../topics.ts";
import { type MeantTopics, topicsNow } from "./meant-topics.ts";
import { checkKeeping } from "./quota.ts";
import { actionFor, deliver, senderOf } from "./send.ts";

/** What one slice gave of what was published before, and the reply when it is the last. */
export interface SubscribedPart {
  readonly given: number;
  readonly reply?: SubscribeReply;
}

/**
 * Adds a subscription. A new one first gets the newest `retained` messages that its pattern means, its policy does not refuse
 * and its inbox takes, a slice at a time, with what is published meanwhile: what cuts it off leaves no subscription, and who
 * asks again gets the rest. @throws MeshError
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
  let first: { readonly pk: number; readonly leftOut: number } | undefined;
  return (budget: Budget, before: readonly SubscribedPart[]): Slice<SubscribedPart> => {
    const agent = engine.agents.current(agentId);
    const subscriber = senderOf(engine, agentId);
    const party = { pk: subscriber.pk, name: agent.name };
    const begun = before.length === 0 ? undefined : first;
    if (!begun) checkKeeping(engine, party, { messages: 0, bytes: KEPT_BYTES_PER_SUBSCRIPTION }, quota.keeping);
    const isNew = engine.topics.since(subscriber.pk, pattern) === undefined;
    const topics = isNew && meant ? topicsNow(engine, pattern, meant) : [];
    const found = earlierMessages(engine, context, topics, subscriber.pk, retained);
    // Behind the first slice nothing older than what that one began with.
    const wanted = begun ? found.filter(({ row }) => row.pk >= begun.pk) : found;
    const taken = newestThatFit(engine, wanted, subscriber.pk, quota);
    if (!begun) first = { pk: taken[0]?.row.pk ?? 0, leftOut: wanted.length - taken.length };
    let given = 0;
    for (const earlier of taken) {
      if (!budget.fits()) return { part: { given }, more: true };
      give(engine, context, subscriber, earlier);
      given++;
    }
    const created = engine.topics.subscribe(subscriber.pk, pattern);
    const since = engine.topics.since(subscriber.pk, pattern) ?? context.clock.now();
    const subscription = { agent: { id: agent.id, name: agent.name }, topic: pattern, since: timestamp(since) };
    const leftOut = begun ? begun.leftOut + wanted.length - taken.length : wanted.length - taken.length;
    const all = sum([...before.map((part) => part.given), given]);
    return { part: { given, reply: { subscription, created, retained: all, leftOut } }, more: false };
  };
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
function newestThatFit(engine: Engine, wanted: readonly Earlier[], agentPk: number, quota: InboxQuota) {
  let { messages, bytes } = engine.inboxSize(agentPk);
  const last = wanted.findLastIndex(({ row }) => {
    messages += 1;
    bytes += row.body_bytes;
    return messages > quota.maxMessages || bytes > quota.maxBytes;
  });
  return wanted.slice(last + 1);
}

/**
 * The newest messages of topics that a pattern means, oldest first. `topics` are in the order of their newest messages, the
 * newest first: behind the first that has nothing new enough there is nothing more.
 */
function earlierMessages(
  engine: Engine,
  context: EngineContext,
  topics: readonly RecentTopicRow[],
  agentPk: number,
  count: number,
): Earlier[] {
  const standing = engine.agents.standing(agentPk);
  let newest: Earlier[] = [];
  for (const topic of topics) {
    const oldest = newest[count - 1];
    if (oldest && oldest.row.pk > topic.newest) break;
    const more = engine.topics
      .retained(topic.name, Math.min(count, MAX_RETAINED))
      .filter(({ pk, sender_pk }) => sender_pk !== agentPk && !engine.deliveries.has(pk, agentPk))
      .flatMap((row) => {
        const came = cameAs(engine.agents.standing(row.sender_pk, row.by_program === 1), standing);
        const action = actionFor(engine, context, agentPk, row.sender_id, came);
        return action === "refuse" ? [] : [{ row, action, trust: came.trust }];
      });
    newest = [...newest, ...more].sort((a, b) => b.row.pk - a.row.pk).slice(0, count);
  }
  return newest.reverse();
}
