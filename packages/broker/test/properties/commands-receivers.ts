/** Commands about what receivers want: policy and focus. */
import fc from "fast-check";
import { any, type CommandKind, kind, pick, pickAgent, who } from "./command-kind.ts";
import { content, draft } from "./commands-messages.ts";
import type { Observer, Question } from "./observer.ts";
import { advance, announceDue } from "./questions-care.ts";
import { lease } from "./questions-leases.ts";
import { send } from "./questions-messages.ts";
import { setFocus, setPolicy } from "./questions-receivers.ts";
import { classOf } from "./standing.ts";

const action = fc.constantFrom("accept", "accept", "hold", "refuse");

const CLASSES = ["operator", "same-repo", "same-machine", "remote", "unverified"] as const;

const story = fc.record({
  n: any,
  allows: fc.constantFrom("interrupt", "nothing"),
  content: fc.array(content, { minLength: 2, maxLength: 2 }),
  end: fc.constantFrom("by itself", "by hand", "never"),
});
type StoryChoice = typeof story extends fc.Arbitrary<infer T> ? T : never;

/** An agent with a stream begins a focus; messages come, then the focus ends. */
function* focusOne(o: Observer, { n, allows, content: some, end }: StoryChoice): Iterable<Question> {
  const session = pick(
    o.history.sessions.filter((each) => each.open),
    n,
  );
  const agent = session && o.history.agent(session.agentId);
  const sender = pickAgent(o, n);
  if (!agent || !sender) return;
  const { id: agentId } = agent;
  const stream = lease({
    ...{ agentId, session: session.id, max: 25, maxBytes: 16_384, leaseMs: 10_000 },
    stream: { maxInFlight: 3, maxPushes: undefined },
  });
  yield setFocus(agent, { forMs: 1_000, allows, reason: undefined });
  for (const what of some) yield send(draft(sender.id, agentId, what));
  yield send(draft(sender.id, agentId, { body: "now", ttlMs: 600_000, key: undefined, urgency: "interrupt" }));
  yield stream;
  if (end === "by hand") yield setFocus(agent, undefined);
  if (end === "by itself") yield advance(1_000);
  yield announceDue;
  yield stream;
}

const rules = fc.record({ from: any, to: any, closer: fc.option(action), wider: action, rest: action, content });
type RulesChoice = typeof rules extends fc.Arbitrary<infer T> ? T : never;

/** A policy with a rule for how a message of somebody comes, or none, and others for whatever is wider; then it comes. */
function* closestRule(o: Observer, { from, to, closer, wider, rest, content: what }: RulesChoice): Iterable<Question> {
  const [sender, receiver] = [pickAgent(o, from), pickAgent(o, to)];
  if (!sender || !receiver) return;
  const wide = sender.machine === receiver.machine ? "same-machine" : "remote";
  const closest = closer === null ? {} : { [classOf(sender, receiver)]: closer };
  const trust = { verified: rest, [wide]: wider, ...closest };
  yield setPolicy(receiver, { otherwise: rest, senders: {}, trust });
  yield send(draft(sender.id, receiver.id, what));
}

export const receiverCommands: CommandKind[] = [
  kind("the closest rule", 1, rules, closestRule),
  kind("focus on one stream", 2, story, focusOne),
  kind(
    "policy",
    2,
    fc.record({
      n: who,
      otherwise: fc.constantFrom("accept", "accept", "accept", "hold", "hold", "refuse"),
      verified: fc.option(action),
      classes: fc.array(fc.tuple(fc.constantFrom(...CLASSES), action), { maxLength: 2 }),
      senders: fc.array(fc.tuple(any, action), { maxLength: 2 }),
    }),
    (o, { n, otherwise, verified, classes, senders }) => {
      const agent = pickAgent(o, n);
      const rules = senders.map(([by, does]) => [pick(o.history.agents, by)?.id ?? "agt_nobody", does]);
      const trust = { ...Object.fromEntries(classes), ...(verified !== null && { verified }) };
      return agent && setPolicy(agent, { otherwise, senders: Object.fromEntries(rules), trust });
    },
  ),
  kind(
    "focus",
    2,
    fc.record({
      n: who,
      forMs: fc.constantFrom(1_000, 20_000, 600_000),
      allows: fc.constantFrom("interrupt", "nothing"),
      reason: fc.constantFrom(undefined, "thinking"),
    }),
    (o, { n, ...focus }) => {
      const agent = pickAgent(o, n);
      return agent && setFocus(agent, focus);
    },
  ),
  kind("end focus", 1, any, (o, n) => {
    const agent = pick(
      o.history.present.filter(({ focus }) => focus !== undefined),
      n,
    );
    return agent && setFocus(agent, undefined);
  }),
];
