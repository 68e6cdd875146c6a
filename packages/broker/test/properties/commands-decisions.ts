/** Commands of decision: take back, put back, admit, refuse, by those who may and by others. */
import type { AgentId, DeliveryRef } from "@agentmesh/protocol";
import fc from "fast-check";
import { any, type CommandKind, kind, pick, pickAgent, rarely, someoneElse } from "./command-kind.ts";
import { content, draft } from "./commands-messages.ts";
import type { DeliveryHistory } from "./history.ts";
import type { Observer, Question } from "./observer.ts";
import { advance, expireLeases } from "./questions-care.ts";
import { admit, cancel, dismiss, listDead, redrive, refuse } from "./questions-decisions.ts";
import { lease } from "./questions-leases.ts";
import { send } from "./questions-messages.ts";
import { lookForNeeds } from "./questions-needs.ts";
import { setPolicy } from "./questions-receivers.ts";
import { reject } from "./questions-verbs.ts";

/** Which delivery, and who decides: its owner, the owner of the mesh, or somebody else. */
const choice = fc.record({
  n: any,
  other: rarely,
  as: fc.constantFrom("owner", "owner", "key", "another"),
  by: fc.constantFrom("id", "seq"),
});
type Choice = typeof choice extends fc.Arbitrary<infer T> ? T : never;

function decide(state: DeliveryHistory["state"], question: (owner: AgentId | undefined, ref: DeliveryRef) => Question) {
  return (o: Observer, { n, other, as, by }: Choice): Question | undefined => {
    const kept = o.history.deliveries.filter(({ pruned }) => !pruned);
    const wanted = kept.filter((each) => each.state === state);
    const delivery = pick(other ? kept : wanted, n);
    if (!delivery) return undefined;
    const owner = as === "owner" ? delivery.to.id : as === "key" ? undefined : someoneElse(o, delivery.to.id, n);
    return question(owner, by === "id" || owner === undefined ? delivery.id : String(delivery.seq));
  };
}

/** Somebody holds all messages, one comes, and is decided upon; then all are accepted again. */
function* holdOne(o: Observer, { n, content: what, end }: HoldChoice): Iterable<Question> {
  const [agent, sender] = [pickAgent(o, n), pickAgent(o, n + 1)];
  if (!agent || !sender) return;
  yield setPolicy(agent, { otherwise: "hold", senders: {}, trust: {} });
  yield send(draft(sender.id, agent.id, what));
  const held = o.history.held(agent.id).at(-1);
  yield lookForNeeds(chosenViewer(n, agent.id));
  if (held && end === "admit") yield admit(agent.id, held.id);
  if (held && end === "refuse") yield refuse(undefined, held.id);
  if (held && end === "take back") yield cancel(held.of, sender.id);
  if (held && end === "somebody else") yield admit(someoneElse(o, agent.id, n), held.id);
  yield setPolicy(agent, { otherwise: "accept", senders: {}, trust: {} });
}

/** All of the mesh, or one agent. */
function chosenViewer(n: number, agentId: AgentId): AgentId | undefined {
  return n % 2 === 0 ? agentId : undefined;
}

const ENDS = ["admit", "refuse", "take back", "somebody else", "nothing"] as const;
const hold = fc.record({ n: any, content, end: fc.constantFrom(...ENDS) });
type HoldChoice = typeof hold extends fc.Arbitrary<infer T> ? T : never;

/** A dead letter is put back, by one who may or not, and taken again at once. */
function* redriveOne(o: Observer, chosen: Choice): Iterable<Question> {
  const question = decide("dead", redrive)(o, chosen);
  if (!question) return;
  yield question;
  const back = o.history.deliveries.findLast(({ timeline }) => timeline.at(-1)?.event === "redriven");
  if (!back) return;
  yield lease({ agentId: back.to.id, max: 25, maxBytes: 16_384, leaseMs: 1_000, session: undefined });
  yield advance(1_000);
  yield expireLeases(100);
}

/** A dead letter is dismissed, once or twice; then the list is looked at, and perhaps it is put back, and dies again. */
function* dismissOne(o: Observer, chosen: Choice): Iterable<Question> {
  const question = decide("dead", dismiss)(o, chosen);
  if (!question) return;
  yield question;
  if (chosen.n % 3 === 0) yield question;
  yield listDead(undefined);
  yield lookForNeeds(undefined);
  const off = o.history.deliveries.findLast(({ dismissed, pruned }) => dismissed && !pruned);
  if (off && chosen.n % 2 === 0) {
    yield redrive(undefined, off.id);
    const agentId = off.to.id;
    if (off.state === "queued")
      yield lease({ agentId, max: 25, maxBytes: 16_384, leaseMs: 10_000, session: undefined });
    const { lease: taken } = off;
    if (taken && taken.session === undefined) yield reject({ agentId, ref: off.id, receipt: taken.receipt });
  }
  yield listDead(undefined);
}

export const decisionCommands: CommandKind[] = [
  kind(
    "take back",
    4,
    fc.record({ n: any, newest: fc.boolean(), foreign: rarely }),
    (o, { n, newest, foreign }) => {
      const sent = o.history.messages.filter(({ gone, message }) => !gone && message.kind === "message");
      const of = newest ? sent.at(-1) : pick(sent, n);
      return of && cancel(of, foreign ? someoneElse(o, of.message.from.id, n) : of.message.from.id);
    },
    "joins",
  ),
  kind("redrive", 3, choice, decide("dead", redrive), "joins"),
  kind("redrive and lease", 5, choice, redriveOne),
  kind("dismiss", 3, choice, dismissOne),
  kind("hold and decide", 5, hold, holdOne),
  kind("admit", 3, choice, decide("held", admit), "joins"),
  kind("refuse", 2, choice, decide("held", refuse), "joins"),
  kind("look for needs", 2, fc.option(any), (o, n) => lookForNeeds(n === null ? undefined : pickAgent(o, n)?.id)),
  kind("list dead letters", 1, fc.option(any), (o, n) => listDead(n === null ? undefined : pickAgent(o, n)?.id)),
];
