/**
 * When something is due next: kept in memory until the database changes. While nothing is due, and nothing was written, the
 * sweeper asks for nothing.
 */
import type { EngineContext } from "./context.ts";

/** Behind all that is ever due. */
const NEVER = Number.POSITIVE_INFINITY;

/** The earliest of each kind, along its index. */
export const NEXT = {
  leases: `SELECT lease_ends_at AS at FROM delivery WHERE state = 'leased' ORDER BY lease_ends_at LIMIT 1`,
  messages: `SELECT expires_at AS at FROM delivery WHERE state IN ('queued', 'held') ORDER BY expires_at LIMIT 1`,
  asks: `SELECT due_at AS at FROM ask WHERE closed_at IS NULL AND due_at > ? ORDER BY due_at LIMIT 1`,
  /** Of those that are overdue, and whose asker is told later; until then one that is held owes nothing. */
  unanswered: `SELECT MIN(due_at + answer_within_ms) AS at FROM ask WHERE closed_at IS NULL AND due_at <= ?`,
  delays: `SELECT ready_at AS at FROM delivery WHERE state = 'queued' AND ready_at > 0 AND ready_at > ? ORDER BY ready_at LIMIT 1`,
  focuses: `SELECT focus_until AS at FROM agent WHERE focus_until IS NOT NULL AND focus_until > ? ORDER BY focus_until LIMIT 1`,
} as const;

/** Whether something is due that a look finds; `after` is where the look begins, if it does not begin with the first. */
export type IsDue = (after?: number) => boolean;

/** Asks when the next one is due, once for each state of the database. */
export function dueTimes(
  { db, clock, changes }: EngineContext,
  look: { overdueAsk(): boolean; removed(): boolean; revoked(): boolean },
) {
  const from = (sql: string) => {
    const select = db.prepare<[number], { at: number | null }>(sql);
    return (after: number) => select.get(after)?.at ?? NEVER;
  };
  const first = (sql: string) => {
    const select = db.prepare<[], { at: number | null }>(sql);
    return () => select.get()?.at ?? NEVER;
  };
  const asks = from(NEXT.asks);
  const unanswered = from(NEXT.unanswered);
  const delays = from(NEXT.delays);
  const focuses = from(NEXT.focuses);

  const known = (next: (after: number) => number): IsDue => {
    let kept: { readonly count: number; readonly after: number; readonly at: number } | undefined;
    return (after = 0) => {
      // One that is behind the place where the look begins has been seen to.
      if (kept?.count !== changes.count || after < kept.after || kept.at <= after) {
        kept = { count: changes.count, after, at: next(after) };
      }
      return kept.at <= clock.now();
    };
  };
  return {
    leases: known(first(NEXT.leases)),
    messages: known(first(NEXT.messages)),
    asks: known(() => {
      const now = clock.now();
      return look.overdueAsk() ? 0 : Math.min(asks(now), unanswered(now));
    }),
    delays: known((after) => Math.min(delays(after), focuses(after))),
    removals: known(() => (look.removed() ? 0 : NEVER)),
    revoked: known(() => (look.revoked() ? 0 : NEVER)),
  };
}
