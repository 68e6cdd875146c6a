/** Commands about who may come in: machines that join, register agents and are put out, hooks, and cards by which agents are found. */
import fc from "fast-check";
import { any, type CommandKind, kind, pick, pickAgent } from "./command-kind.ts";
import { content, draft } from "./commands-messages.ts";
import type { MachineHistory } from "./history.ts";
import type { Observer, Question } from "./observer.ts";
import { register, removeAgent } from "./questions-agents.ts";
import { lookAtCards, setCard } from "./questions-cards.ts";
import { restart, stepAtStart } from "./questions-care.ts";
import { listHooks, makeHook } from "./questions-hooks.ts";
import { lease } from "./questions-leases.ts";
import { join, reach, revoke, revokeAndKill } from "./questions-machines.ts";
import { send } from "./questions-messages.ts";
import { REPOS } from "./standing.ts";

const NAMES = ["ada", "bob", "cyd", "dee", "eve"];

const registers = fc.record({ n: any, machine: any, of: fc.constantFrom("pool", "pool", "pool", "void", "another") });
type RegisterChoice = typeof registers extends fc.Arbitrary<infer T> ? T : never;

/** An agent of a machine; of the pool as it would be without one, by a token that is void, or by one of somebody else's. */
function registerOn(o: Observer, { n, machine, of }: RegisterChoice): Question | undefined {
  const on = pick(o.history.machines, machine);
  if (!on) return undefined;
  const name = pick(NAMES, n) ?? "ada";
  const gone = pick([...o.history.voidTokens], n);
  if (of === "void" && gone !== undefined) return register(name, gone, REPOS[0], n % 3 === 0 ? on : undefined);
  const foreign = pick(
    o.history.present.filter((each) => each.machine !== on.id),
    n,
  );
  if (of === "another" && foreign) return register(foreign.name, foreign.tokenHash, REPOS[0], on);
  const generation = o.history.agents.filter((each) => each.name === name && each.removed).length;
  return register(name, `token ${generation} of ${name}`, REPOS[n % 2], on);
}

/** One that is there, mostly. */
function pickMachine(o: Observer, n: number): MachineHistory | undefined {
  const there = o.history.machines.filter(({ out }) => !out);
  const hasMail = ({ id }: MachineHistory) =>
    o.history.present.some((each) => each.machine === id && o.history.alive(each.id).length > 0);
  const withMail = there.filter(hasMail);
  if (withMail.length > 0 && n % 5 > 0) return pick(withMail, n);
  return pick(there.length > 0 && n % 10 > 0 ? there : o.history.machines, n);
}

const killed = fc.record({
  n: any,
  turns: fc.constantFrom(0, 1, 1, 2, 3, 4),
  end: fc.constantFrom("kill" as const, "power cut" as const),
});

const writes = fc.record({ n: any, to: any, content });
type WritesChoice = typeof writes extends fc.Arbitrary<infer T> ? T : never;

const cards = fc.record({
  n: any,
  card: fc.constantFrom(
    undefined,
    { description: "builds", skills: [] },
    { description: "tests", skills: [{ name: "test", description: "runs the tests" }] },
  ),
});

/** Somebody who is a person on a machine writes to an agent, who reads. */
function* personWrites(o: Observer, { n, to, content: what }: WritesChoice): Iterable<Question> {
  if (!o.history.machines.some(({ out }) => !out)) yield join();
  const machine = pick(
    o.history.machines.filter(({ out }) => !out),
    n,
  );
  if (!machine) return;
  const name = "abe";
  if (!o.history.present.some((each) => each.name === name)) {
    const generation = o.history.agents.filter((each) => each.name === name).length;
    yield register(name, `token ${generation} of ${name}`, REPOS[n % 2], machine);
  }
  const person = o.history.present.find((each) => each.name === name);
  const receiver = pickAgent(o, to);
  if (!person || !receiver) return;
  yield send(draft(person.id, receiver.id, what));
  yield lease({ agentId: receiver.id, max: 25, maxBytes: 16_384, leaseMs: 10_000, session: undefined });
}

/** A hook is made, and is gone with its agent. */
function* hookComesAndGoes(o: Observer, { n, to }: { readonly n: number; readonly to: number }): Iterable<Question> {
  const free = NAMES.filter((name) => !o.history.present.some((each) => each.name === name));
  const recipient = pickAgent(o, to);
  if (!recipient) return;
  yield makeHook(pick(free, n) ?? "fay", recipient.id);
  const made = o.history.present.findLast(({ hook }) => hook !== undefined);
  if (!made) return;
  yield removeAgent(made.id);
  yield listHooks();
}

const reaches = fc.record({ n: any, at: any, by: fc.constantFrom("message" as const, "id" as const) });

export const machineCommands: CommandKind[] = [
  kind("make a hook", 1, fc.record({ n: any, to: any }), (o, { n, to }) => {
    const recipient = pickAgent(o, to);
    return recipient && makeHook(pick(NAMES, n) ?? "ada", recipient.id);
  }),
  kind("make a hook and take it away", 1, fc.record({ n: any, to: any }), hookComesAndGoes),
  kind("list the hooks", 1, any, () => listHooks()),
  kind("show a card", 1, cards, (o, { n, card }) => {
    const agent = pickAgent(o, n);
    return agent && setCard(agent, card);
  }),
  kind("look at the cards", 1, any, () => lookAtCards()),
  kind("a machine's person writes", 1, writes, personWrites),
  kind("a machine joins", 1, any, () => join()),
  kind("a machine reaches what its agents have to do with", 2, reaches, (o, { n, at, by }) => {
    const [machine, delivery] = [pick(o.history.machines, n), pick(o.history.deliveries, at)];
    return machine && delivery && reach(machine, delivery, by);
  }),
  kind("register on a machine", 3, registers, registerOn),
  kind("put a machine out", 1, any, (o, n) => {
    const machine = pickMachine(o, n);
    return machine && revoke(machine);
  }),
  kind("put a machine out and be killed", 1, killed, (o, { n, turns, end }) => {
    const machine = pickMachine(o, n);
    if (!machine || machine.out) return undefined;
    const question = revokeAndKill(machine, turns, end);
    // What a start does about the clock is judged by itself.
    return stepAtStart(o) > 0 ? [restart("kill"), question] : question;
  }),
];
