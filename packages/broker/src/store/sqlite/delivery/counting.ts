/** SQL of the counters that follow the deliveries, moved once for many of them. */
import { type DeliveryState, KEPT_BYTES_PER_DELIVERY } from "@agentmesh/protocol";
import type { Database } from "../driver/database.ts";

/** By how much the counters of inboxes move, each of them by the same. */
interface Move {
  readonly agents: string;
  readonly numbers: number;
  readonly queued: number;
  readonly held: number;
  readonly open: number;
  readonly bytes: number;
}

/** Moves the counters of some inboxes. */
export const MOVE = `
  UPDATE agent SET next_seq = next_seq + :numbers, queued_count = queued_count + :queued,
    held_count = held_count + :held, open_count = open_count + :open, open_bytes = open_bytes + :bytes
  WHERE pk IN (SELECT value FROM json_each(:agents))`;

/** What of a state counts as queued, held and open. */
const countsOf = (state: DeliveryState) => ({
  queued: state === "queued" ? 1 : 0,
  held: state === "held" ? 1 : 0,
  open: state === "queued" || state === "leased" || state === "held" ? 1 : 0,
});

/** The statements on counters. */
export function countingStatements(db: Database) {
  const set = db.prepare<[0 | 1]>(`UPDATE counting SET by_act = ?`);
  const move = db.prepare<[Move]>(MOVE);
  const tally = db.prepare<[number, DeliveryState]>(`UPDATE tally SET n = n + ? WHERE what = ?`);
  const keep = db.prepare<[number, number]>(`UPDATE keeping SET bytes = bytes + ? WHERE agent_pk = ?`);

  /** One new delivery in each of these inboxes. */
  const counted = (state: DeliveryState, bytes: number, agentPks: readonly number[]): void => {
    if (agentPks.length === 0) return;
    const counts = countsOf(state);
    const { changes } = move.run({
      agents: JSON.stringify(agentPks),
      numbers: 1,
      ...counts,
      bytes: counts.open * bytes,
    });
    if (changes !== agentPks.length) throw new Error(`${agentPks.length} deliveries are for ${changes} inboxes`);
    tally.run(agentPks.length, state);
  };

  return {
    /** Runs statements that move deliveries and are counted by their act. One that throws takes its act with it, and the mark. */
    byAct(statements: () => void): void {
      set.run(1);
      statements();
      set.run(0);
    },
    /** New deliveries of a message, each in another inbox, whose next number it took. */
    inserted(
      message: { readonly senderPk: number; readonly bytes: number },
      all: readonly { readonly agentPk: number; readonly state: DeliveryState }[],
    ): void {
      for (const state of ["queued", "leased", "held"] as const) {
        const agentPks = all.filter((each) => each.state === state).map(({ agentPk }) => agentPk);
        counted(state, message.bytes, agentPks);
      }
      keep.run(all.length * KEPT_BYTES_PER_DELIVERY, message.senderPk);
    },
    /** So many deliveries of one inbox, with so many bytes, are in another state. */
    moved(agentPk: number, from: DeliveryState, to: DeliveryState, moved: { count: number; bytes: number }): void {
      const [before, after] = [countsOf(from), countsOf(to)];
      move.run({
        agents: JSON.stringify([agentPk]),
        numbers: 0,
        queued: (after.queued - before.queued) * moved.count,
        held: (after.held - before.held) * moved.count,
        open: (after.open - before.open) * moved.count,
        bytes: (after.open - before.open) * moved.bytes,
      });
      tally.run(-moved.count, from);
      tally.run(moved.count, to);
    },
  };
}

/** The statements on counters. */
export type CountingStatements = ReturnType<typeof countingStatements>;
