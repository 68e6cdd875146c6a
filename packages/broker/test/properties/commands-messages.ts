/** Commands about messages: send, send again, answer, look up, page. */
import type { AgentId } from "@agentmesh/protocol";
import fc from "fast-check";
import { newId } from "../../src/mesh/ids.ts";
import type { MessageToEnqueue } from "../../src/mesh/store.ts";
import { any, type CommandKind, kind, pick, pickAgent, rarely, who } from "./command-kind.ts";
import { listInbox, look, readLog, send } from "./questions-messages.ts";
import { KEY_WINDOW_MS } from "./world.ts";

/** Small pools, so that keys and contents meet again; three of the long bodies fill an inbox. */
export const content = fc.record({
  body: fc.constantFrom("yes", "no", "ß".repeat(30), "x".repeat(200), "y".repeat(250)),
  ttlMs: fc.constantFrom(1_000, 20_000, ...Array<number>(6).fill(600_000), 604_800_000, 604_800_000),
  key: fc.constantFrom(undefined, undefined, undefined, "k1", "k2", "k3"),
  urgency: fc.constantFrom(undefined, undefined, undefined, undefined, "normal", "fyi", "interrupt"),
});
export type Content = typeof content extends fc.Arbitrary<infer T> ? T : never;

/** What is the same of a message to an agent and of one to a topic. */
export function draftOf(senderId: AgentId, { body, ttlMs, key, urgency }: Content, hashed: unknown[]) {
  const id = newId("msg");
  const contentHash = JSON.stringify([body, ttlMs, urgency, ...hashed]);
  return {
    ...{ id, threadId: `thr_${id.slice(4)}` as const, senderId, body, bodyBytes: Buffer.byteLength(body), ttlMs },
    ...(urgency !== undefined && { urgency }),
    idempotency: key === undefined ? undefined : { key, contentHash, windowMs: KEY_WINDOW_MS },
  };
}

export function draft(from: AgentId, to: AgentId, what: Content, more: Partial<MessageToEnqueue> = {}) {
  const to_ = { recipientId: to, deliveryId: newId("dlv"), inReplyTo: undefined, answers: undefined };
  const made = draftOf(from, what, [to, more.inReplyTo, more.answerWithinMs]);
  return { ...made, ...to_, ...more } satisfies MessageToEnqueue;
}

export const messageCommands: CommandKind[] = [
  kind(
    "send",
    12,
    fc.record({ from: who, to: who, content }),
    (o, { from, to, content: what }) => {
      const [sender, recipient] = [pickAgent(o, from), pickAgent(o, to)];
      return sender && recipient && send(draft(sender.id, recipient.id, what));
    },
    "joins",
  ),
  kind(
    "send several",
    3,
    fc.tuple(who, fc.array(content, { minLength: 3, maxLength: 7, size: "max" })),
    (o, [to, several]) => {
      const recipient = pickAgent(o, to);
      const from = (n: number) => pickAgent(o, n)?.id ?? newId("agt");
      return recipient && several.map((what, n) => send(draft(from(n % 2), recipient.id, what)));
    },
  ),
  kind("send with a removed agent", 1, fc.record({ n: any, asSender: fc.boolean(), content }), (o, choice) => {
    const removed =
      pick(
        o.history.agents.filter(({ removed }) => removed),
        choice.n,
      )?.id ?? newId("agt");
    const other = pickAgent(o, choice.n)?.id;
    if (!other) return undefined;
    const [from, to] = choice.asSender ? [removed, other] : [other, removed];
    return send(draft(from, to, choice.content));
  }),
  kind(
    "send again",
    4,
    fc.record({ n: any, newest: fc.boolean(), changed: rarely }),
    (o, { n, newest, changed }) => {
      const keyed = o.history.sends.filter(({ idempotency }) => idempotency !== undefined);
      const first = newest ? keyed.at(-1) : pick(keyed, n);
      if (!first?.idempotency) return undefined;
      const again = { ...first, id: newId("msg"), deliveryId: newId("dlv") };
      if (!changed) return send(again);
      return send({
        ...again,
        body: "other",
        bodyBytes: 5,
        idempotency: { ...first.idempotency, contentHash: "other" },
      });
    },
    "joins",
  ),
  kind(
    "answer",
    3,
    fc.record({ n: any, foreign: rarely, content }),
    (o, { n, foreign, content: what }) => {
      const answered = pick(o.history.deliveries.slice(-12), n);
      if (!answered) return undefined;
      const { id, of, to } = answered;
      const sender = foreign ? pickAgent(o, n)?.id : to.id;
      const inReply = { inReplyTo: of.id, threadId: of.message.threadId, answers: id };
      return sender && send(draft(sender, of.message.from.id, what, inReply));
    },
    "joins",
  ),
  kind(
    "look",
    3,
    fc.record({ n: any, by: fc.constantFrom("message", "id", "seq"), viewer: fc.option(any) }),
    (o, { n, by, viewer }) => {
      const delivery = pick(o.history.deliveries, n);
      return delivery && look(delivery, by, viewer === null ? undefined : pickAgent(o, viewer)?.id);
    },
  ),
  kind(
    "list inbox",
    1,
    fc.record({
      n: any,
      which: fc.constantFrom("open", "held", "all"),
      after: fc.nat(5),
      limit: fc.constantFrom(1, 3, 50),
    }),
    (o, { n, which, after, limit }) => {
      const agent = pick(o.history.agents, n);
      return agent && listInbox(agent.id, which, after, limit);
    },
  ),
  kind("read log", 3, fc.record({ viewer: fc.option(any), limit: fc.constantFrom(1, 4, 50) }), (o, { viewer, limit }) =>
    readLog(viewer === null ? undefined : pickAgent(o, viewer)?.id, limit),
  ),
];
