/** Commands about agents and their sessions. */
import fc from "fast-check";
import { any, type CommandKind, kind, pick, pickAgent, rarely, someoneElse, who } from "./command-kind.ts";
import type { SessionHistory } from "./history.ts";
import type { Observer, Question } from "./observer.ts";
import {
  call,
  doubtAll,
  doubtSession,
  endSession,
  expireSessions,
  heartbeat,
  openSession,
  register,
  removeAgent,
  removeAndKill,
  say,
} from "./questions-agents.ts";
import { advance, restart, stepAtStart, writeHeartbeats } from "./questions-care.ts";
import { lease } from "./questions-leases.ts";
import { REPOS } from "./standing.ts";
import { type End, OFFLINE_AFTER_MS } from "./world.ts";

const NAMES = ["ada", "bob", "cyd", "dee"];

/** Registers an agent of the pool, or resumes it; a removed one's name is registered anew with another token. */
export function registerNamed(o: Observer, n: number): Question {
  const name = pick(NAMES, n) ?? "ada";
  const generation = o.history.agents.filter((each) => each.name === name && each.removed).length;
  return register(name, `token ${generation} of ${name}`, pick(REPOS, n >> 3));
}

/** A session: open and its owner's, mostly. */
const session = fc.record({ n: any, over: rarely, foreign: fc.nat(5).map((n) => n === 5) });
type SessionChoice = typeof session extends fc.Arbitrary<infer T> ? T : never;

function withSession(question: (session: SessionHistory, as: SessionHistory["agentId"]) => Question) {
  return (o: Observer, { n, over, foreign }: SessionChoice): Question | undefined => {
    const some = o.history.sessions.filter((each) => each.open !== over);
    const holders = some.filter(({ id }) => o.history.heldBy(id).length > 0);
    const found = pick(holders.length > 0 && n % 4 > 0 ? holders : some, n);
    return found && question(found, foreign ? someoneElse(o, found.agentId, n) : found.agentId);
  };
}

const ends = fc.record({ n: any, end: fc.constantFrom("in order", "gone", "missed", "doubted") });
type EndChoice = typeof ends extends fc.Arbitrary<infer T> ? T : never;

/** A session with mail takes some, as does another one of its agent; then it ends, in order or not. */
function* streamAndEnd(o: Observer, { n, end }: EndChoice): Iterable<Question> {
  const some = o.history.sessions.filter((each) => each.open && o.history.queued(each.agentId).length > 0);
  const holder = pick(some, n);
  if (!holder) return;
  const stream = { maxInFlight: 1, maxPushes: undefined };
  const terms = { agentId: holder.agentId, max: 1, maxBytes: 16_384, leaseMs: 300_000, stream };
  for (const each of some) if (each.agentId === holder.agentId) yield lease({ ...terms, session: each.id });
  if (end === "in order") yield endSession(holder, holder.agentId);
  if (end === "missed") yield advance(OFFLINE_AFTER_MS);
  if (end === "doubted") yield doubtSession(holder, OFFLINE_AFTER_MS);
  if (end === "gone") yield endSession(holder, holder.agentId, "gone");
  if (end === "missed" || end === "doubted") yield expireSessions(OFFLINE_AFTER_MS);
}

const beats = fc.record({
  n: any,
  before: fc.constantFrom(1_000, 59_000, 60_000, 100_000),
  write: fc.boolean(),
  after: fc.constantFrom(0, 30_000, 60_000, 80_000),
  end: fc.constantFrom<End>("kill", "power cut", "clean"),
});
type BeatChoice = typeof beats extends fc.Arbitrary<infer T> ? T : never;

/** Heartbeats come, are written or not, and the broker is killed or stopped; then sessions are over, or not yet. */
function* beatAndRestart(o: Observer, { n, before, write, after, end }: BeatChoice): Iterable<Question> {
  const found = pick(
    o.history.sessions.filter(({ open }) => open),
    n,
  );
  if (!found) return;
  yield heartbeat(found, found.agentId);
  yield advance(before);
  yield heartbeat(found, found.agentId);
  if (write) yield writeHeartbeats;
  yield advance(after);
  yield restart(end);
  yield expireSessions(OFFLINE_AFTER_MS);
}

const killed = fc.record({
  n: any,
  turns: fc.constantFrom(0, 1, 1, 2, 3, 4),
  end: fc.constantFrom("kill" as const, "power cut" as const),
});

export const agentCommands: CommandKind[] = [
  kind("stream and end", 3, ends, streamAndEnd),
  kind("register", 2, any, registerNamed),
  kind("register under a taken name", 1, any, (o, n) => {
    const taken = pickAgent(o, n);
    return taken && register(taken.name, "a token of nobody");
  }),
  kind("call", 2, fc.record({ n: any, summary: fc.constantFrom("", "tests", "docs") }), (o, { n, summary }) => {
    const agent = pick(o.history.agents, n);
    if (!agent) return undefined;
    return summary === "" ? call(agent.id) : [call(agent.id), say(agent.id, summary), call(agent.id)];
  }),
  kind("remove", 1, fc.record({ n: any, really: fc.boolean() }), (o, { n, really }) => {
    const agent = really ? pickAgent(o, n) : undefined;
    return agent && removeAgent(agent.id);
  }),
  kind("remove and be killed", 1, killed, (o, { n, turns, end }) => {
    const agent = o.history.present.length > 2 ? pickAgent(o, n) : undefined;
    if (!agent) return undefined;
    const removal = removeAndKill(agent.id, turns, end);
    // What a start does about the clock is judged by itself.
    return stepAtStart(o) > 0 ? [restart("kill"), removal] : removal;
  }),
  kind("open session", 4, who, (o, n) => {
    const agent = pick(o.history.agents, n);
    return agent && openSession(agent.id);
  }),
  kind("end session", 2, session, withSession(endSession)),
  kind(
    "end session of a process that is gone",
    1,
    session,
    withSession((found, as) => endSession(found, as, "gone")),
  ),
  kind("heartbeat between two writes", 2, beats, beatAndRestart),
  kind("heartbeat", 2, session, withSession(heartbeat)),
  kind(
    "doubt session",
    1,
    fc.record({ n: any, ageMs: fc.constantFrom(45_000, OFFLINE_AFTER_MS) }),
    (o, { n, ageMs }) => {
      const found = pick(o.history.sessions, n);
      return found && doubtSession(found, ageMs);
    },
  ),
  kind("doubt all sessions", 1, fc.constantFrom(45_000, OFFLINE_AFTER_MS), (_, ageMs) => doubtAll(ageMs)),
];
