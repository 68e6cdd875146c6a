/** Commands about topics: subscribe, publish, publish again, unsubscribe, list. */
import fc from "fast-check";
import { newId } from "../../src/mesh/ids.ts";
import { any, type CommandKind, kind, pick, pickAgent, rarely, who } from "./command-kind.ts";
import { content, draft, draftOf } from "./commands-messages.ts";
import type { AgentHistory } from "./history.ts";
import type { Observer, Question } from "./observer.ts";
import { advance, prune, restart, stepAtStart } from "./questions-care.ts";
import { cancel } from "./questions-decisions.ts";
import { lease } from "./questions-leases.ts";
import { send } from "./questions-messages.ts";
import { lookMeanwhile, publish, publishAndKill } from "./questions-publish.ts";
import { listTopics, subscribe, unsubscribe } from "./questions-topics.ts";
import { KEY_WINDOW_MS, MEANS, RETENTION_MS, TOPICS } from "./world.ts";

const topic = fc.constantFrom(...TOPICS);
const pattern = fc.constantFrom(...Object.keys(MEANS));

const story = fc.record({
  n: any,
  topic,
  content,
  after: fc.constantFrom("nothing", "taken back", "taken back", "pruned"),
  retained: fc.constantFrom(1, 2, 100),
});
type StoryChoice = typeof story extends fc.Arbitrary<infer T> ? T : never;

/** One subscribes to a topic, another publishes, perhaps takes it back or time goes on; then a third one subscribes. */
function* publishTo(o: Observer, { n, topic: on, content: what, after, retained }: StoryChoice): Iterable<Question> {
  const [sender, early, late] = [0, 1, 2].map((i) => pickAgent(o, n + i));
  if (!sender || !early || !late) return;
  const [meant = ">", other = ">"] = Object.keys(MEANS).filter((each) => MEANS[each]?.includes(on));
  if (n % 3 > 0) yield subscribe(early.id, meant, 0);
  yield publish({ ...draftOf(sender.id, what, [on]), topic: on });
  const of = o.history.messages.findLast(({ message }) => message.topic === on);
  if (after === "taken back" && of) yield cancel(of, of.message.from.id);
  if (after === "pruned") yield advance(20_000);
  if (after === "pruned") yield prune(RETENTION_MS, 100);
  yield subscribe(late.id, other, retained);
  const session = o.history.sessions.find((each) => each.open && each.agentId === late.id);
  const stream = { maxInFlight: 3, maxPushes: undefined, urgency: "normal" as const };
  const terms = { agentId: late.id, max: 25, maxBytes: 16_384, leaseMs: 10_000 };
  if (session && after === "nothing") yield lease({ ...terms, session: session.id, stream });
}

const spread = fc.record({
  ...{ n: any, topic, content, turns: fc.constantFrom(0, 1, 1, 2, 3, 4, 6), others: fc.nat(2) },
  end: fc.constantFrom("kill" as const, "power cut" as const),
});
type SpreadChoice = typeof spread extends fc.Arbitrary<infer T> ? T : never;

/** All but the sender subscribe. */
function* subscribeAll(o: Observer, sender: AgentHistory, on: string): Iterable<Question> {
  const meant = Object.keys(MEANS).find((each) => MEANS[each]?.includes(on)) ?? ">";
  for (const each of o.history.present) {
    if (each !== sender && !each.subscriptions.has(meant)) yield subscribe(each.id, meant, 0);
  }
}

/** One publishes to all, and in the same turn writes to the last of them; others write, and somebody looks on. */
function* publishAndGoOn(o: Observer, { n, topic: on, content: what, turns, others }: SpreadChoice) {
  const sender = pickAgent(o, n);
  if (!sender) return;
  yield* subscribeAll(o, sender, on);
  const last = o.history.subscribers(on).findLast((each) => each !== sender);
  if (!last) return;
  const theirs = [0, 1].slice(0, others).map((i) => send(draft(pickAgent(o, n + 1 + i)?.id ?? last.id, last.id, what)));
  const publishes = publish({ ...draftOf(sender.id, { ...what, key: undefined }, [on]), topic: on });
  yield [publishes, lookMeanwhile(turns), send(draft(sender.id, last.id, { ...what, key: undefined })), ...theirs];
}

/** One publishes to all, under a key of its own, and the broker is killed some turns later, or the power fails. */
function* publishBeforeKill(
  o: Observer,
  { n, topic: on, content: what, turns, end }: SpreadChoice,
): Iterable<Question> {
  const sender = pickAgent(o, n);
  if (!sender) return;
  yield* subscribeAll(o, sender, on);
  // What a start does about the clock is judged by itself.
  if (stepAtStart(o) > 0) yield restart("kill");
  const asked = draftOf(sender.id, what, [on]);
  const idempotency = { key: asked.id, contentHash: "once", windowMs: KEY_WINDOW_MS };
  yield publishAndKill({ ...asked, idempotency, topic: on }, turns, end);
}

/** Somebody with the newest published message in its inbox unsubscribes from all, and subscribes anew. */
function* subscribeAnew(o: Observer, n: number): Iterable<Question> {
  const published = o.history.messages.filter(({ message, gone }) => message.topic !== undefined && !gone);
  const has = pick(published.at(-1)?.deliveries.filter(({ pruned }) => !pruned) ?? [], n);
  const agent = has && o.history.agent(has.to.id);
  if (!agent) return;
  for (const each of [...agent.subscriptions.keys()]) yield unsubscribe(agent.id, each);
  yield subscribe(agent.id, ">", 2);
}

export const topicCommands: CommandKind[] = [
  kind("publish to a subscriber", 6, story, publishTo),
  kind("publish and go on", 2, spread, publishAndGoOn),
  kind("publish and be killed", 2, spread, publishBeforeKill),
  kind("subscribe anew", 2, any, subscribeAnew),
  kind(
    "subscribe",
    5,
    fc.record({ n: who, pattern, retained: fc.constantFrom(0, 0, 1, 2, 100), removed: rarely }),
    (o, { n, pattern: to, retained, removed }) => {
      const agent = removed ? pick(o.history.agents, n) : pickAgent(o, n);
      return agent && subscribe(agent.id, to, retained);
    },
    "joins",
  ),
  kind(
    "unsubscribe",
    2,
    fc.record({ n: any, pattern, known: fc.boolean() }),
    (o, { n, pattern: drawn, known }) => {
      const agent = pickAgent(o, n);
      const own = agent && pick([...agent.subscriptions.keys()], n);
      return agent && unsubscribe(agent.id, known ? (own ?? drawn) : drawn);
    },
    "joins",
  ),
  kind(
    "publish",
    6,
    fc.record({ from: who, topic, content, removed: rarely }),
    (o, { from, topic: on, content: what, removed }) => {
      const sender = removed ? pick(o.history.agents, from) : pickAgent(o, from);
      return sender && publish({ ...draftOf(sender.id, what, [on]), topic: on });
    },
    "joins",
  ),
  kind("publish again", 2, fc.record({ n: any, changed: rarely }), (o, { n, changed }) => {
    const first = pick(
      o.history.publishes.filter(({ idempotency }) => idempotency !== undefined),
      n,
    );
    if (!first?.idempotency) return undefined;
    const again = { ...first, id: newId("msg") };
    if (!changed) return publish(again);
    return publish({ ...again, idempotency: { ...first.idempotency, contentHash: "other" } });
  }),
  kind("list topics", 2, fc.option(any), (o, n) => listTopics(n === null ? undefined : pickAgent(o, n)?.id)),
];
