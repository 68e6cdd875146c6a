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
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import type { RecentTopicRow } from "../pages/topics.ts";
import type { RetainedRow } from "../topics.ts";
import { type MeantTopics, topicsNow } from "./meant-topics.ts";
import { checkKeeping } from "./quota.ts";
import { actionFor, deliver, senderOf } from "./send.ts";

/**
 * Adds a subscription; a new one gets the newest `retained` messages that its pattern means, its policy does not refuse and
 * its inbox takes.
 */
export function subscribe(
  engine: Engine,
  context: EngineContext,
  agentId: AgentRecord["id"],
  pattern: string,
  retained: number,
  quota: InboxQuota,
  meant: MeantTopics | undefined,
): SubscribeReply {
  const agent = engine.agents.current(agentId);
  const subscriber = senderOf(engine, agentId);
  const agentPk = subscriber.pk;
  checkKeeping(
    engine,
    { pk: agentPk, name: agent.name },
    { messages: 0, bytes: KEPT_BYTES_PER_SUBSCRIPTION },
    quota.keeping,
  );
  const created = engine.topics.subscribe(agentPk, pattern);
  const wanted =
    created && meant ? earlierMessages(engine, context, topicsNow(engine, pattern, meant), agentPk, retained) : [];
  const taken = newestThatFit(engine, wanted, agentPk, quota);
  for (const { row, action, trust } of taken) {
    // What was urgent once is not any more; an fyi still rests.
    const urgency = row.urgency === urgencyWeight("fyi") ? "fyi" : "normal";
    deliver(engine, {
      id: newId("dlv"),
      message: { urgency, bodyBytes: row.body_bytes },
      stored: { pk: row.pk, acceptedAt: context.clock.now(), expiresAt: row.expires_at },
      sender: { pk: row.sender_pk },
      recipient: subscriber,
      ...{ action, trust, context, retained: true },
    });
  }
  const since = engine.topics.since(agentPk, pattern);
  return {
    subscription: { agent: { id: agent.id, name: agent.name }, topic: pattern, since: timestamp(since) },
    created,
    retained: taken.length,
    leftOut: wanted.length - taken.length,
  };
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
