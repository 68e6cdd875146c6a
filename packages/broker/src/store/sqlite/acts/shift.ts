/** The act of following a step of the wall clock: whatever runs goes on as long as it had to. */
import type { EngineContext } from "../context.ts";

/** The statements that move what runs by `:ms` milliseconds. */
export function shiftStatements({ db }: EngineContext) {
  const deliveries = db.prepare<[{ ms: number }]>(
    `UPDATE delivery SET expires_at = expires_at + :ms, lease_ends_at = lease_ends_at + :ms,
       ready_at = iif(ready_at > 0, max(1, ready_at + :ms), 0)
     WHERE state IN ('queued', 'leased', 'held')`,
  );
  const sessions = db.prepare<[{ ms: number }]>(
    `UPDATE session SET seen_at = seen_at + :ms, beat_at = beat_at + :ms, doubted_at = doubted_at + :ms,
       proven_at = proven_at + :ms`,
  );
  const focuses = db.prepare<[{ ms: number }]>(
    `UPDATE agent SET focus_until = focus_until + :ms WHERE focus_until IS NOT NULL`,
  );
  const asks = db.prepare<[{ ms: number }]>(`UPDATE ask SET due_at = due_at + :ms WHERE closed_at IS NULL`);
  return (ms: number) => {
    for (const each of [deliveries, sessions, focuses, asks]) each.run({ ms });
  };
}

/** The newest heartbeat there is. A doubt makes a session look older than that, and hides no step of the clock. */
export const NEWEST_BEAT = "SELECT MAX(beat_at) AS at FROM session";

/** How far a clock is behind before that counts as a step, in milliseconds. */
const STEP_MS = 1_000;

/**
 * Follows a step of the clock backwards that was made while no broker ran, as far as it shows: a session was heard of at
 * a time that is still to come. What waited would wait for longer by as much.
 */
export function followStepBack(context: EngineContext): void {
  const { db, clock, notice } = context;
  const newest = db.prepare<[], { at: number | null }>(NEWEST_BEAT).get()?.at ?? 0;
  const ms = clock.now() - newest;
  if (ms > -STEP_MS) return;
  shiftStatements(context)(ms);
  notice("info", "clock.stepped", { ms, detail: "the clock was set back while no broker ran" });
}
