/** Commands of time and care: the clock, restarts, the sweeper's verbs. */
import fc from "fast-check";
import { any, type CommandKind, kind, pick } from "./command-kind.ts";
import { isAlive } from "./history.ts";
import type { Observer, Question } from "./observer.ts";
import { expireSessions } from "./questions-agents.ts";
import { remindAsks } from "./questions-asks.ts";
import {
  advance,
  announceDue,
  expireLeases,
  expireMessages,
  prune,
  restart,
  stepClock,
  tellPresences,
  writeHeartbeats,
} from "./questions-care.ts";
import { lease } from "./questions-leases.ts";
import { type End, KEY_WINDOW_MS, OFFLINE_AFTER_MS, RETENTION_MS, STALE_AFTER_MS } from "./world.ts";

const limit = fc.constantFrom(1, 2, 100, 100);

const nearDeadline = fc.record({ n: fc.constantFrom(0, 0, 0, 0, 1, 1, 2, 4), off: fc.constantFrom(-1, 0, 0, 1) });

/** How long it is until one of the next deadlines, or a moment before or after it. */
function until(o: Observer, { n, off }: { readonly n: number; readonly off: number }): number {
  return Math.max(0, (deadlines(o)[n] ?? o.now) - o.now + off);
}

/** A lease that outlives its message, or not, is held while the broker restarts. */
function* restartUnderLease(o: Observer, { n, ms, how }: RestartChoice): Iterable<Question> {
  const withMail = o.history.present.filter(({ id }) => o.history.queued(id).length > 0);
  const agent = pick(withMail, n);
  if (!agent) return;
  yield lease({ agentId: agent.id, max: 25, maxBytes: 16_384, leaseMs: 300_000, session: undefined });
  yield advance(ms);
  yield restart(how);
}

const held = fc.record({
  n: any,
  ms: fc.constantFrom(0, 1_000, 20_000),
  how: fc.constantFrom<End>("clean", "kill", "power cut"),
});
type RestartChoice = typeof held extends fc.Arbitrary<infer T> ? T : never;

export const careCommands: CommandKind[] = [
  kind("restart under a lease", 2, held, restartUnderLease),
  kind("advance", 2, fc.constantFrom(1, 500, 1_000, 5_000, 30_000), (_, ms) => advance(ms)),
  // With the announcement that the sweeper makes within 250 ms. A delay that begins and ends between such a step and
  // that announcement is announced only if the clock is then still behind the announcement before the step.
  kind("set the clock back", 1, fc.constantFrom(1, 700, 40_000), (_, ms) => [advance(-ms), announceDue]),
  kind("step the clock", 2, fc.constantFrom(-40_000, -1_000, 5_000, 3_600_000), (_, ms) => [
    stepClock(ms),
    announceDue,
  ]),
  kind("advance far", 1, fc.constantFrom(120_000, KEY_WINDOW_MS, 3_600_000), (_, ms) => advance(ms)),
  kind("advance to a deadline", 3, nearDeadline, (o, choice) => advance(until(o, choice))),
  kind("sweep at a deadline", 7, nearDeadline, (o, choice) => [
    advance(until(o, choice)),
    expireSessions(OFFLINE_AFTER_MS),
    expireMessages(100),
    expireLeases(100),
    remindAsks(100),
    announceDue,
  ]),
  kind("restart", 1, fc.constantFrom<End>("clean", "kill", "power cut"), (_, how) => restart(how)),
  kind("write heartbeats", 1, fc.constant("now"), () => writeHeartbeats),
  kind("expire leases", 2, limit, (_, n) => expireLeases(n)),
  kind("expire messages", 2, limit, (_, n) => expireMessages(n)),
  kind("expire sessions", 1, fc.constant(OFFLINE_AFTER_MS), (_, ms) => expireSessions(ms)),
  kind("tell presences", 3, fc.constant(STALE_AFTER_MS), (_, ms) => tellPresences(ms)),
  kind("remind asks", 2, limit, (_, n) => remindAsks(n)),
  kind("announce due", 2, fc.constant("now"), () => announceDue),
  kind("prune", 2, fc.record({ later: fc.boolean(), n: limit }), (_, { later, n }) =>
    later ? [advance(RETENTION_MS), prune(RETENTION_MS, n)] : prune(RETENTION_MS, n),
  ),
];

/** Times at which something known will be over, soonest first. */
export function deadlines(o: Observer): number[] {
  const { deliveries, sessions, asks, present } = o.history;
  const times = [
    ...asks.filter(({ open }) => open).map(({ dueAt, withinMs, nudged }) => (nudged ? dueAt + withinMs : dueAt)),
    ...present.map(({ focus }) => focus?.until ?? 0),
    ...deliveries.filter(isAlive).flatMap((each) => [each.expiresAt, each.dueAt, each.lease?.endsAt ?? 0]),
    ...deliveries.map(({ endedAt }) => (endedAt ?? 0) + RETENTION_MS),
    ...sessions.filter(({ open }) => open).map(({ seenAt }) => seenAt + OFFLINE_AFTER_MS),
    ...sessions.filter(({ open }) => open).map(({ seenAt }) => seenAt + STALE_AFTER_MS),
  ];
  return [...new Set(times)].filter((at) => at > o.now).sort((a, b) => a - b);
}
