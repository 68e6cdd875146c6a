/** The act of following a step of the wall clock: whatever runs goes on as long as it had to. */
import type { EngineContext } from "./context.ts";

/** The statements that move what runs by `:ms` milliseconds. */
export function shiftStatements({ db }: EngineContext) {
  const deliveries = db.prepare<[{ ms: number }]>(
    `UPDATE delivery SET expires_at = expires_at + :ms, lease_ends_at = lease_ends_at + :ms,
       ready_at = iif(ready_at > 0, max(1, ready_at + :ms), 0)
     WHERE state IN ('queued', 'leased', 'held')`,
  );
  const sessions = db.prepare<[{ ms: number }]>(`UPDATE session SET seen_at = seen_at + :ms`);
  const focuses = db.prepare<[{ ms: number }]>(
    `UPDATE agent SET focus_until = focus_until + :ms WHERE focus_until IS NOT NULL`,
  );
  const asks = db.prepare<[{ ms: number }]>(`UPDATE ask SET due_at = due_at + :ms WHERE closed_at IS NULL`);
  return (ms: number) => {
    for (const each of [deliveries, sessions, focuses, asks]) each.run({ ms });
  };
}
