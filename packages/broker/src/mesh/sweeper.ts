/** Care in the background: leases and sessions that are over, messages past their life, old history. */
import { IDEMPOTENCY_WINDOW_MS, MAX_AUDIT_ENTRIES } from "@agentmesh/protocol";
import { askNotices } from "./asks.ts";
import { type Clock, SteadyClock } from "./clock.ts";
import { keepingQuota, type Policy } from "./policy.ts";
import { bounce, retryPolicy } from "./push/retry.ts";
import type { Sessions } from "./sessions.ts";
import type { Store } from "./store.ts";

const TICK_MS = 250;
const PRUNE_EVERY_TICKS = 240;
const CHUNK = 500;
/** How many deliveries one act lets go of for a quota, and how many acts of a minute are for that. */
const LET_GO_CHUNK = 50;
const LET_GO_ROUNDS = 400;
/** A day: bodies are compared with what was accepted after each start, and once a day, a few at a time. */
const CHECK_EVERY_TICKS = 345_600;
const CHECK_CHUNK = 100;
/** What the wall clock differs by is a step from here on, in milliseconds; less is a drift, which is followed as it is. */
const STEP_MS = 1_000;
const DRIFT_MS = 50;

/** What is cared for. */
export interface SweepParts {
  readonly store: Store;
  readonly policy: Policy;
  readonly clock: Clock;
  readonly sessions: Pick<Sessions, "over" | "endGone">;
}

/** Starts the sweeper; the returned function stops it after the round under way. */
export function startSweeper(parts: SweepParts & { readonly onFault: (error: unknown) => void }): () => Promise<void> {
  const { store, onFault } = parts;
  let round: Promise<void> = Promise.resolve();
  let ticks = 0;
  let busy = false;
  let checking = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    if (ticks % CHECK_EVERY_TICKS === 0) checking = true;
    round = sweep(parts, ticks++ % PRUNE_EVERY_TICKS === 0)
      .then(async () => {
        if (checking && store.isOnDuty()) checking = !(await store.checkBodies(CHECK_CHUNK));
      })
      .catch(onFault)
      .finally(() => {
        busy = false;
      });
  }, TICK_MS);
  return async () => {
    clearInterval(timer);
    await round;
  };
}

/** One round, in chunks; the store does each in slices, so that nobody is kept waiting for long. */
export async function sweep({ store, policy, clock, sessions }: SweepParts, prune: boolean): Promise<void> {
  const retry = retryPolicy(policy);
  if (clock instanceof SteadyClock) await followWall(store, clock);
  if (store.isOnDuty()) {
    await store.endBrokers({ graceMs: policy.streamGraceMs, ageMs: policy.staleAfterMs }, retry);
    for (const session of await store.expireSessions(policy.offlineAfterMs, retry)) sessions.over(session);
  }
  await store.writeHeartbeats();
  await sessions.endGone();
  // Each act finds in the database what is left: that two do it for a moment, when one takes it over, does no harm.
  if (store.isOnDuty()) {
    await store.expireMessages(CHUNK, bounce);
    await store.leaveRevoked(CHUNK);
    await store.endRemoved(CHUNK, bounce);
    await store.tellPresences(policy.staleAfterMs);
    await store.expireLeases(CHUNK, retry);
    await store.endDamaged(CHUNK, bounce);
    await store.remindAsks(askNotices, CHUNK);
    await store.finishPublishes();
  }
  await store.announceDue();
  if (!prune || !store.isOnDuty()) return;
  while ((await store.prune(policy.retentionMs, CHUNK)) === CHUNK);
  for (let round = 0; round < LET_GO_ROUNDS; round++) {
    if (!(await store.letGo(keepingQuota(policy), IDEMPOTENCY_WINDOW_MS, LET_GO_CHUNK))) break;
  }
  await store.pruneAccess(MAX_AUDIT_ENTRIES, policy.retentionMs);
  while ((await store.archiveAgents(policy.archiveAfterMs, CHUNK)) === CHUNK);
}

/** Follows the wall clock; when it was set, or the machine slept, nothing that runs is shorter or longer for it. */
async function followWall(store: Store, clock: SteadyClock): Promise<void> {
  const ms = clock.step();
  if (Math.abs(ms) < DRIFT_MS) return;
  if (Math.abs(ms) < STEP_MS) clock.follow(ms);
  else await store.shiftTimes(ms, (by) => clock.follow(by));
}
