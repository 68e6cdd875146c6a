/** The act of following a step of the clock: whatever runs goes on as long as it had to. */
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";

/** All agents, in the one order. */
const LOCK_ALL = `SELECT pk FROM agent ORDER BY pk FOR NO KEY UPDATE`;

/** What runs, and is moved by $1 milliseconds. */
const SHIFTED = [
  `UPDATE delivery SET expires_at = expires_at + $1, lease_ends_at = lease_ends_at + $1,
     ready_at = CASE WHEN ready_at > 0 THEN GREATEST(1, ready_at + $1) ELSE 0 END
   WHERE state IN ('queued', 'leased', 'held')`,
  `UPDATE agent SET focus_until = focus_until + $1 WHERE focus_until IS NOT NULL`,
  `UPDATE ask SET due_at = due_at + $1 WHERE closed_at IS NULL`,
  `UPDATE followed SET ends_at = ends_at + $1`,
  `UPDATE invite SET expires_at = expires_at + $1 WHERE used_at IS NULL AND taken_back_at IS NULL`,
  `UPDATE agent SET former_until = former_until + $1 WHERE former_token_hash IS NOT NULL`,
  `UPDATE machine SET former_until = former_until + $1 WHERE former_token_hash IS NOT NULL`,
  `UPDATE agent SET last_seen_at = last_seen_at + $1 WHERE last_seen_at IS NOT NULL AND removed_at IS NULL`,
  `UPDATE machine SET last_seen_at = last_seen_at + $1 WHERE last_seen_at IS NOT NULL`,
] as const;

/** Moves what runs. */
export async function shift({ sessions }: Engine, { db }: EngineContext, ms: number): Promise<void> {
  await db.all(LOCK_ALL);
  for (const sql of SHIFTED) await db.run(sql, [ms]);
  await sessions.shift(ms);
}
