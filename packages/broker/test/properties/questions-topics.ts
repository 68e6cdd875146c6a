/** Questions about topics: subscribe, unsubscribe, list; with what the answers must be. */
import { isDeepStrictEqual } from "node:util";
import type { AgentId, Topic } from "@agentmesh/protocol";
import { beginDelivery, isFull } from "./acceptance.ts";
import { type AgentHistory, type MessageHistory, time } from "./history.ts";
import { type Observer, outcome, type Question } from "./observer.ts";
import { demand } from "./promises.ts";
import { MEANS, QUOTA } from "./world.ts";

/**
 * Subscribes; a new subscription brings the newest messages that were published before. Together with others no more than
 * one slice gives: what is done between two slices is tried where it can be foreseen (store/slices.test.ts).
 */
export function subscribe(agentId: AgentId, pattern: string, wanted: number): Question {
  return async (o) => {
    const retained = o.together ? Math.min(wanted, o.world.pieces) : wanted;
    const answer = await outcome(o.world.store.subscribe(agentId, pattern, retained, QUOTA));
    return () => {
      const agent = o.history.agent(agentId);
      o.say(`subscribe ${agent?.name} to ${pattern} with ${retained} → ${JSON.stringify(answer)}`);
      demand((answer.kind === "answered") === (agent !== undefined), "ownership", () => `subscribe: ${answer.kind}`);
      if (answer.kind === "refused" || !agent) return;
      const { created, subscription } = answer.value;
      const since = agent.subscriptions.get(pattern);
      demand(
        created === (since === undefined),
        "I12 broadcast",
        () => `${pattern} of ${agent.name}: new is ${created}`,
      );
      if (since === undefined) agent.subscriptions.set(pattern, o.now);
      const told = subscription.since === time(since ?? o.now) && subscription.agent.id === agentId;
      demand(told, "I12 broadcast", () => `the subscription is told as ${JSON.stringify(subscription)}`);
      const meant = created ? retainedFor(o, agent, pattern, retained) : [];
      const earlier = newestThatFit(o, agent, meant);
      const { retained: n, leftOut } = answer.value;
      demand(n === earlier.length, "I12 broadcast", () => `${n} retained messages, not ${earlier.length}`);
      const rest = meant.length - earlier.length;
      demand(leftOut === rest, "I8 quota", () => `${leftOut} messages are said to be left out, not ${rest}`);
      for (const of of earlier) {
        const entry = o.tape.peek();
        const next = entry?.messageId === of.id;
        demand(next, "I12 broadcast", () => `${of.id} was retained, ${agent.name} got ${entry?.messageId}`);
        const more = { reason: "retained" };
        const { deliveryId: id, seq } = entry;
        const held = o.history.action(agent, of.message.from.id) === "hold";
        beginDelivery(o, { id, seq, of, to: agent, retained: true, held, more });
      }
    };
  };
}

/** The newest of each topic that the pattern means, taken together, that the agent has not sent, does not have and does not refuse. */
function retainedFor(o: Observer, agent: AgentHistory, pattern: string, count: number): MessageHistory[] {
  const has = (of: MessageHistory) => of.deliveries.some(({ to, pruned }) => to.id === agent.id && !pruned);
  const ofTopic = (topic: string) =>
    o.history.messages
      .filter(({ message, gone, recalled }) => message.topic === topic && !gone && !recalled)
      .filter(({ acceptedAt, lifeMs }) => acceptedAt + lifeMs > o.now)
      .slice(-count);
  const newest = new Set(count === 0 ? [] : (MEANS[pattern] ?? []).flatMap(ofTopic));
  const refuses = ({ message }: MessageHistory) => o.history.action(agent, message.from.id) === "refuse";
  return o.history.messages
    .filter((of) => newest.has(of) && of.message.from.id !== agent.id && !has(of) && !refuses(of))
    .slice(-count);
}

/** The newest of them that the inbox takes. */
function newestThatFit(o: Observer, agent: AgentHistory, wanted: readonly MessageHistory[]): MessageHistory[] {
  const fitting: MessageHistory[] = [];
  let bytes = 0;
  for (const of of wanted.toReversed()) {
    bytes += of.message.bodyBytes;
    if (isFull(o, agent, bytes, fitting.length)) break;
    fitting.unshift(of);
  }
  return fitting;
}

/** Ends a subscription. */
export function unsubscribe(agentId: AgentId, pattern: string): Question {
  return async (o) => {
    const ended = await o.world.store.unsubscribe(agentId, pattern);
    return () => {
      const agent = o.history.agent(agentId);
      const known = agent?.subscriptions.delete(pattern) === true;
      o.say(`unsubscribe ${agent?.name} from ${pattern} → ${ended}`);
      demand(ended === known, "I12 broadcast", () => `unsubscribe from ${pattern} was answered ${ended}`);
    };
  };
}

/** Lists an agent's subscriptions, or all; and the topics. */
export function listTopics(owner: AgentId | undefined): Question {
  return async (o) => {
    const listed = await o.world.store.listSubscriptions(owner, undefined, 1_000);
    const topics: Topic[] = [];
    for (const each of await o.world.store.topicsAfter("", 100)) {
      topics.push({ ...each, subscribers: await o.world.store.countSubscribers(each.topic) });
    }
    return () => {
      const { history } = o;
      const of = history.present.filter(({ id }) => owner === undefined || id === owner);
      const known = of.flatMap(({ name, subscriptions }) =>
        [...subscriptions].map(([pattern, since]) => `${name} ${pattern} ${time(since)}`),
      );
      const told = listed.map(({ agent, topic, since }) => `${agent.name} ${topic} ${since}`);
      const same = isDeepStrictEqual(told.sort(), known.sort());
      demand(same, "I12 broadcast", () => `subscribed are ${told.join(", ")}; by the history ${known.join(", ")}`);
      for (const { topic, messages, subscribers, lastPublishedAt } of topics) {
        const kept = history.messages.filter(({ message, gone }) => message.topic === topic && !gone);
        const last = time(kept.at(-1)?.acceptedAt ?? 0);
        const right = messages === kept.length && subscribers === history.subscribers(topic).length;
        demand(
          right && lastPublishedAt === last,
          "I12 broadcast",
          () => `${topic} is said to have ${messages} messages, ${subscribers} subscribers, last ${lastPublishedAt}`,
        );
      }
      const names = new Set(history.messages.filter(({ gone }) => !gone).map(({ message }) => message.topic));
      names.delete(undefined);
      demand(
        topics.length === names.size,
        "I12 broadcast",
        () => `${topics.length} topics are listed, not ${names.size}`,
      );
    };
  };
}
