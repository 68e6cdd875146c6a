/** Commands about many acks in one call: own deliveries and others', open and ended, twice the same. */
import type { DeliveryRef } from "@agentmesh/protocol";
import fc from "fast-check";
import { any, type CommandKind, kind, pick, pickAgent, someoneElse } from "./command-kind.ts";
import { draft } from "./commands-messages.ts";
import type { AgentHistory, DeliveryHistory } from "./history.ts";
import type { Observer, Question } from "./observer.ts";
import { ackMany, type ManyTargets } from "./questions-acks.ts";
import { lease } from "./questions-leases.ts";
import { send } from "./questions-messages.ts";

const entry = fc.record({
  n: any,
  among: fc.constantFrom(...Array(8).fill("open" as const), "kept", "kept", "others'", "unknown"),
  by: fc.constantFrom("id", "id", "seq"),
  receipt: fc.constantFrom("current", "current", "none", "none", "stale"),
});
type Entry = typeof entry extends fc.Arbitrary<infer T> ? T : never;

const call = fc.record({
  n: any,
  as: fc.constantFrom("owner", "owner", "owner", "owner", "another"),
  evidence: fc.constantFrom("handled", "handled", "read", "transcript"),
  entries: fc.array(entry, { minLength: 1, maxLength: 7, size: "max" }),
});
type Call = typeof call extends fc.Arbitrary<infer T> ? T : never;

function deliveryOf(o: Observer, owner: AgentHistory, { among, n }: Entry): DeliveryHistory | undefined {
  if (among === "open") return pick(o.history.open(owner.id), n) ?? pick(o.history.kept(owner.id), n);
  if (among === "kept") return pick(o.history.kept(owner.id), n);
  const others = o.history.deliveries.filter(({ to, pruned }) => to.id !== owner.id && !pruned);
  return among === "others'" ? pick(others, n) : undefined;
}

function targetOf(o: Observer, owner: AgentHistory, choice: Entry): ManyTargets[number] {
  const delivery = deliveryOf(o, owner, choice);
  const unknown: DeliveryRef = choice.by === "id" ? `dlv_${"0".repeat(32)}` : "999";
  const ref = delivery ? (choice.by === "id" ? delivery.id : String(delivery.seq)) : unknown;
  const receipt = choice.receipt === "stale" ? "a receipt that never was" : delivery?.lease?.receipt;
  return { ref, receipt: choice.receipt === "none" ? undefined : receipt };
}

/** Somebody with mail, and what is to be acked; by it, or by another agent all of it. */
function called(o: Observer, { n, as, entries }: Call) {
  const withMail = o.history.present.filter(({ id }) => o.history.open(id).length > 0);
  const owner = pick(withMail, n) ?? pickAgent(o, n);
  if (!owner) return undefined;
  const targets = entries.map((each) => targetOf(o, owner, each));
  return { owner, targets, agentId: as === "owner" ? owner.id : someoneElse(o, owner.id, n) };
}

const taking = fc.record({ n: any, max: fc.constantFrom(25, 60, 60), maxBytes: fc.constantFrom(16_384, 16_384, 300) });

/** A reader takes what there is, also by a lease in slices, and acks all of it in one call. */
function* takeAndAck(
  o: Observer,
  { n, max, maxBytes }: { readonly n: number; readonly max: number; readonly maxBytes: number },
): Iterable<Question> {
  const reader = pick(
    o.history.present.filter(({ id }) => o.history.queued(id).length > 0),
    n,
  );
  if (!reader) return;
  yield lease({ agentId: reader.id, max, maxBytes, leaseMs: 10_000, session: undefined });
  const taken = o.history.kept(reader.id).filter(({ lease: its }) => its !== undefined);
  const targets = taken.map((each) => ({ ref: each.id, receipt: each.lease?.receipt }));
  if (targets.length > 0) yield ackMany(reader.id, targets, "handled");
}

export const ackCommands: CommandKind[] = [
  kind("ack many", 5, call, (o, choice) => {
    const asked = called(o, choice);
    return asked && ackMany(asked.agentId, asked.targets, choice.evidence);
  }),
  kind("take and ack", 4, taking, takeAndAck),
  kind("ack many and answer", 3, call, (o, choice) => {
    const asked = called(o, choice);
    if (!asked) return undefined;
    const { owner, targets, agentId } = asked;
    const answered = o.history.named(owner.id, targets.at(-1)?.ref ?? "1");
    const acks = ackMany(agentId, targets, choice.evidence);
    if (!answered) return [acks];
    const what = { body: "yes", ttlMs: 600_000, key: undefined, urgency: undefined };
    const { of, id: answers } = answered;
    const inReply = { inReplyTo: of.id, threadId: of.message.threadId, answers };
    return [[acks, send(draft(owner.id, of.message.from.id, what, inReply))]];
  }),
];
