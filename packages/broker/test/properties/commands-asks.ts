/** Commands about asks: ask, answer, look, list. */
import type { AgentId } from "@agentmesh/protocol";
import fc from "fast-check";
import { any, type CommandKind, kind, pick, pickAgent, someoneElse, who } from "./command-kind.ts";
import { content, draft } from "./commands-messages.ts";
import type { AskHistory } from "./history.ts";
import type { Observer, Question } from "./observer.ts";
import { endSession } from "./questions-agents.ts";
import { leaseAnswer, listAsks, lookAtAsk, remindAsks, waive } from "./questions-asks.ts";
import { advance, prune } from "./questions-care.ts";
import { redrive } from "./questions-decisions.ts";
import { lease } from "./questions-leases.ts";
import { send } from "./questions-messages.ts";
import { lookForNeeds } from "./questions-needs.ts";
import { ack, nack, reject, release } from "./questions-verbs.ts";
import { RETENTION_MS } from "./world.ts";

const REPLIES = ["none", "none", "before", "between", "after", "to another"] as const;
const story = fc.record({
  n: any,
  content,
  withinMs: fc.constantFrom(1_000, 20_000, 3_600_000),
  read: fc.boolean(),
  prune: fc.boolean(),
  reply: fc.constantFrom(...REPLIES),
});
type StoryChoice = typeof story extends fc.Arbitrary<infer T> ? T : never;

const taking = fc.record({
  n: any,
  newest: fc.boolean(),
  as: fc.constantFrom("asker", "asker", "asker", "asker", "another"),
  session: fc.boolean(),
  end: fc.constantFrom("ack", "ack", "give back", "give up", "end the session", "take again"),
});
type TakingChoice = typeof taking extends fc.Arbitrary<infer T> ? T : never;

/** Who asked takes the answer under a lease: it has it and acks, is not given it, or is heard of no more. */
function* takeAnswer(o: Observer, { n, newest, as, session: held, end }: TakingChoice): Iterable<Question> {
  const answered = o.history.asks.filter(({ reply }) => reply?.deliveries[0]?.state === "queued");
  const asks = answered.length > 0 && n % 9 > 0 ? answered : o.history.asks;
  const ask = newest ? asks.at(-1) : pick(asks, n);
  if (!ask) return;
  const agentId = as === "asker" ? ask.asker.id : someoneElse(o, ask.asker.id, n);
  const own = o.history.sessions.filter((each) => each.agentId === agentId);
  const session = held ? pick(own, n) : undefined;
  const terms = { agentId, session: session?.id, leaseMs: 10_000 };
  yield leaseAnswer(ask, terms);
  const answer = ask.reply?.deliveries[0];
  const receipt = answer?.lease?.receipt;
  if (!answer || receipt === undefined || answer.to.id !== agentId) return;
  const target = { agentId, ref: answer.id, receipt };
  if (end === "ack") yield ack({ ...target, receipt: undefined }, "read");
  if (end === "give back") yield release(target);
  if (end === "give up") yield nack(target, 0);
  if (end === "end the session" && session?.open) yield endSession(session, agentId);
  if (end === "take again") yield leaseAnswer(ask, terms);
}

const WAIVERS = ["asker", "asker", "key", "key", "debtor", "another"] as const;
const waiving = fc.record({
  n: any,
  newest: fc.boolean(),
  as: fc.constantFrom(...WAIVERS),
  end: fc.constantFrom("again", "put back", "nothing"),
});
type WaivingChoice = typeof waiving extends fc.Arbitrary<infer T> ? T : never;

/** Who waives an answer: its asker, the owner of the mesh, or one that may not. */
function waiver(o: Observer, { n, as }: WaivingChoice, ask: AskHistory): AgentId | undefined {
  if (as === "key") return undefined;
  if (as === "another") return someoneElse(o, ask.asker.id, n);
  return as === "asker" ? ask.asker.id : ask.delivery.to.id;
}

/** The question of an ask is leased, rejected and put back. */
function* putBack(o: Observer, { delivery }: AskHistory): Iterable<Question> {
  const agentId = delivery.to.id;
  if (!o.history.agent(agentId)) return;
  yield lease({ agentId, max: 25, maxBytes: 16_384, leaseMs: 10_000, session: undefined });
  const { lease: taken } = delivery;
  if (taken?.session !== undefined || !taken) return;
  yield reject({ agentId, ref: delivery.id, receipt: taken.receipt });
  yield redrive(undefined, delivery.id);
}

/** An answer that is owed, or any, is waived, once or twice, or its question dies and is put back; then lists and needs are looked at. */
function* waiveOne(o: Observer, choice: WaivingChoice): Iterable<Question> {
  const { n, newest, end } = choice;
  const owed = o.history.asks.filter(({ open }) => open);
  const asks = owed.length > 0 && n % 5 > 0 ? owed : o.history.asks;
  const ask = newest ? asks.at(-1) : pick(asks, n);
  if (!ask) return;
  yield waive(ask.delivery.of, waiver(o, choice, ask));
  if (end === "again") yield waive(ask.delivery.of, n % 2 === 0 ? undefined : ask.asker.id);
  if (end === "put back") yield* putBack(o, ask);
  yield lookAtAsk(ask);
  yield listAsks("owed", undefined);
  if (n % 4 === 0) yield lookForNeeds(undefined);
}

/** One ask through its times: asked, perhaps read and pruned, overdue, overdue twice; answered at one of them or never. */
function* askOne(
  o: Observer,
  { n, content: what, withinMs, read, prune: old, reply }: StoryChoice,
): Iterable<Question> {
  const [asker, debtor, third] = [0, 1, 2].map((i) => pickAgent(o, n + i));
  if (!asker || !debtor || !third) return;
  yield send(draft(asker.id, debtor.id, { ...what, key: undefined, ttlMs: 604_800_000 }, { answerWithinMs: withinMs }));
  const ask = o.history.asks.at(-1);
  if (!ask || ask.asker.id !== asker.id) return;
  const { of, id } = ask.delivery;
  const { threadId } = of.message;
  const answer = (to: AgentId) =>
    send(draft(debtor.id, to, { ...what, key: undefined }, { inReplyTo: of.id, threadId, answers: id }));
  if (read) yield ack({ agentId: debtor.id, ref: id, receipt: undefined }, "read");
  if (reply === "to another") yield answer(third.id);
  if (reply === "before") yield answer(asker.id);
  if (old) yield advance(RETENTION_MS);
  if (old) yield prune(RETENTION_MS, 100);
  for (const at of ["between", "after"]) {
    yield advance(Math.max(0, (ask.nudged ? ask.dueAt + withinMs : ask.dueAt) - o.now - 1));
    yield remindAsks(100);
    yield advance(1);
    yield remindAsks(100);
    if (reply === at) yield answer(asker.id);
    yield lookAtAsk(ask);
  }
  yield listAsks("waiting", asker.id);
}

export const askCommands: CommandKind[] = [
  kind("ask one and wait", 2, story, askOne),
  kind(
    "ask",
    5,
    fc.record({ from: who, to: who, content, answerWithinMs: fc.constantFrom(1_000, 20_000, 20_000, 900_000) }),
    (o, { from, to, content: what, answerWithinMs }) => {
      const [asker, debtor] = [pickAgent(o, from), pickAgent(o, to)];
      return asker && debtor && send(draft(asker.id, debtor.id, what, { answerWithinMs }));
    },
    "joins",
  ),
  kind(
    "answer an ask",
    4,
    fc.record({
      n: any,
      newest: fc.boolean(),
      by: fc.constantFrom("debtor", "debtor", "debtor", "debtor", "another"),
      to: fc.constantFrom("asker", "asker", "asker", "asker", "another"),
      keepBackMs: fc.constantFrom(undefined, undefined, 2_000),
      content,
    }),
    (o, { n, newest, by, to, keepBackMs, content: what }) => {
      const asks = o.history.asks.filter(({ delivery }) => !delivery.of.gone);
      const ask = newest ? asks.at(-1) : pick(asks, n);
      if (!ask) return undefined;
      const { of, to: debtor, id } = ask.delivery;
      const sender = by === "debtor" ? debtor.id : pickAgent(o, n)?.id;
      const recipient = to === "asker" ? ask.asker.id : pickAgent(o, n)?.id;
      const inReply = { inReplyTo: of.id, threadId: of.message.threadId, ...(by === "debtor" && { answers: id }) };
      const kept = keepBackMs === undefined ? {} : { keepBackMs };
      return sender && recipient && send(draft(sender, recipient, what, { ...inReply, ...kept }));
    },
    "joins",
  ),
  kind("take the answer to an ask", 3, taking, takeAnswer),
  kind("waive an answer", 3, waiving, waiveOne),
  kind(
    "waive",
    2,
    waiving,
    (o, choice) => {
      const ask = pick(o.history.asks, choice.n);
      return ask && waive(ask.delivery.of, waiver(o, choice, ask));
    },
    "joins",
  ),
  kind("waive what is no question", 1, any, (o, n) => {
    const of = pick(o.history.messages, n);
    return of && waive(of, n % 2 === 0 ? of.message.from.id : undefined);
  }),
  kind("look at an ask", 2, any, (o, n) => {
    const ask = pick(o.history.asks, n);
    return ask && lookAtAsk(ask);
  }),
  kind("list asks", 2, fc.record({ side: fc.constantFrom("owed", "waiting"), n: fc.option(any) }), (o, { side, n }) =>
    listAsks(side, n === null ? undefined : pickAgent(o, n)?.id),
  ),
];
