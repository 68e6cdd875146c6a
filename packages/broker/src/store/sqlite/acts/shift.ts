/** The act of following a step of the wall clock: whatever runs goes on as long as it had to. */
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";

/** The statements that move what runs by `:ms` milliseconds. */
export function shiftStatements({ db, callers }: EngineContext, { sessions }: Pick<Engine, "sessions">) {
  const deliveries = db.prepare<[{ ms: number }]>(
    `UPDATE delivery SET expires_at = expires_at + :ms, lease_ends_at = lease_ends_at + :ms,
       ready_at = iif(ready_at > 0, max(1, ready_at + :ms), 0)
     WHERE state IN ('queued', 'leased', 'held')`,
  );
  const focuses = db.prepare<[{ ms: number }]>(
    `UPDATE agent SET focus_until = focus_until + :ms WHERE focus_until IS NOT NULL`,
  );
  const asks = db.prepare<[{ ms: number }]>(`UPDATE ask SET due_at = due_at + :ms WHERE closed_at IS NULL`);
  const followed = db.prepare<[{ ms: number }]>(`UPDATE followed SET ends_at = ends_at + :ms`);
  const invites = db.prepare<[{ ms: number }]>(
    `UPDATE invite SET expires_at = expires_at + :ms WHERE used_at IS NULL AND taken_back_at IS NULL`,
  );
  const overlaps = db.prepare<[{ ms: number }]>(
    `UPDATE agent SET former_until = former_until + :ms WHERE former_token_hash IS NOT NULL`,
  );
  const overlapsOfMachines = db.prepare<[{ ms: number }]>(
    `UPDATE machine SET former_until = former_until + :ms WHERE former_token_hash IS NOT NULL`,
  );
  const heardOf = db.prepare<[{ ms: number }]>(
    `UPDATE agent SET last_seen_at = last_seen_at + :ms WHERE last_seen_at IS NOT NULL AND removed_at IS NULL`,
  );
  const machinesHeardOf = db.prepare<[{ ms: number }]>(
    `UPDATE machine SET last_seen_at = last_seen_at + :ms WHERE last_seen_at IS NOT NULL`,
  );
  const all = [deliveries, focuses, asks, followed, invites, overlaps, overlapsOfMachines, heardOf, machinesHeardOf];
  return (ms: number) => {
    for (const each of all) each.run({ ms });
    callers.forgetAll();
    sessions.shift(ms);
  };
}

/** How far a clock is behind before that counts as a step, in milliseconds. */
const STEP_MS = 1_000;

/**
 * Follows a step of the clock backwards that was made while no broker ran, as far as it shows: a session was heard of at
 * a time that is still to come. What waited would wait for longer by as much.
 */
export function followStepBack(context: EngineContext, engine: Pick<Engine, "sessions">): void {
  const { clock, notice } = context;
  // A doubt makes a session look older than its heartbeat, and hides no step of the clock.
  const newest = engine.sessions.memory.newestBeat();
  const ms = clock.now() - newest;
  if (ms > -STEP_MS) return;
  shiftStatements(context, engine)(ms);
  notice("info", "clock.stepped", { ms, detail: "the clock was set back while no broker ran" });
}
