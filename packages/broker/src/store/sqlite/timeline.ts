/** SQL of the timeline: everything that happens to a delivery, in order. */
import type { TimelineEvent } from "@agentmesh/protocol";
import { MAX_ENTRIES_PER_EVENT, type Note, type Parties, REPEATABLE } from "../shared/timeline.ts";
import type { EngineContext } from "./context.ts";

/** One of many entries that are noted at once. */
export interface NewEntry {
  readonly deliveryPk: number;
  readonly parties: Parties;
  readonly event: Extract<TimelineEvent, "accepted" | "held" | "leased" | "acked">;
  readonly attempt: number;
  readonly session?: string | null;
  readonly reason?: string;
}

const insertFrom = (columns: string) => `
  INSERT INTO timeline (at, pk, delivery_pk, agent_pk, sender_pk, event, attempt, session_id, reason)
  SELECT :at, value ->> 0, value ->> 1, value ->> 2, ${columns} FROM json_each(:all)`;

/** A list of them as JSON, each a list in the order of the columns that differ: all of them, or those of acceptances of one message. */
const INSERT = {
  any: insertFrom("value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7"),
  accepted: insertFrom(":sender, 'accepted', 0, NULL, NULL"),
};

/** The statements on the timeline. */
export function timelineStatements({ db, clock, advanced }: EngineContext) {
  const selectParties = db.prepare<[number], Parties>(
    `SELECT d.agent_pk AS recipient_pk, m.sender_pk FROM delivery d JOIN message m ON m.pk = d.message_pk WHERE d.pk = ?`,
  );
  const insert = db.prepare<
    [number, number, number, number, TimelineEvent, number, string | null, string | null, string | null],
    { pk: number }
  >(
    `INSERT INTO timeline (delivery_pk, agent_pk, sender_pk, at, event, attempt, session_id, path, reason)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING pk`,
  );
  // Counts on when old entries are pruned, where MAX(pk) would fall back.
  const selectLast = db.prepare<[], { pk: number }>(`SELECT seq AS pk FROM sqlite_sequence WHERE name = 'timeline'`);

  const selectLastHolder = db.prepare<[number], { session_id: string | null }>(
    `SELECT session_id FROM timeline WHERE delivery_pk = ? AND event = 'leased' ORDER BY pk DESC LIMIT 1`,
  );

  const dropOldest = db.prepare<[number, string, number]>(
    `DELETE FROM timeline WHERE pk = (
       SELECT pk FROM timeline WHERE delivery_pk = ? AND event = ? ORDER BY pk DESC LIMIT 1 OFFSET ?)`,
  );

  const insertAny = db.prepare<[{ at: number; all: string }]>(INSERT.any);
  const insertAccepted = db.prepare<[{ at: number; sender: number; all: string }]>(INSERT.accepted);

  const lastPosition = (): number => selectLast.get()?.pk ?? 0;

  /** Of what can be noted again and again the newest are kept. */
  const dropBeyond = (deliveryPk: number, event: TimelineEvent, attempt: number): void => {
    if (attempt > MAX_ENTRIES_PER_EVENT || REPEATABLE.has(event)) {
      dropOldest.run(deliveryPk, event, MAX_ENTRIES_PER_EVENT);
    }
  };

  return {
    lastPosition,
    /** Session of a delivery's newest lease. */
    lastHolder: (deliveryPk: number) => selectLastHolder.get(deliveryPk)?.session_id ?? null,

    /** Notes events in this order, from the position on that is returned. */
    noteAll(entries: readonly NewEntry[]): number {
      const [first, at] = [lastPosition() + 1, clock.now()];
      const sender = entries[0]?.parties.sender_pk ?? 0;
      const rows: Record<"any" | "accepted", unknown[][]> = { any: [], accepted: [] };
      for (const [n, { deliveryPk, parties, event, attempt, session = null, reason = null }] of entries.entries()) {
        const row = [first + n, deliveryPk, parties.recipient_pk];
        const isPlain = event === "accepted" && parties.sender_pk === sender && attempt === 0 && reason === null;
        if (isPlain) rows.accepted.push(row);
        else rows.any.push([...row, parties.sender_pk, event, attempt, session, reason]);
      }
      advanced();
      if (rows.accepted.length > 0) insertAccepted.run({ at, sender, all: JSON.stringify(rows.accepted) });
      if (rows.any.length > 0) insertAny.run({ at, all: JSON.stringify(rows.any) });
      for (const { deliveryPk, event, attempt } of entries) dropBeyond(deliveryPk, event, attempt);
      return first;
    },
    /** Notes an event; returns its position. */
    note(deliveryPk: number, event: TimelineEvent, note: Note): number {
      const { attempt, session = null, path = null, reason = null } = note;
      const parties = note.parties ?? selectParties.get(deliveryPk);
      if (!parties) throw new Error(`delivery ${deliveryPk} vanished before its ${event} was noted`);
      const { recipient_pk, sender_pk } = parties;
      advanced();
      const at = clock.now();
      const pk = insert.get(deliveryPk, recipient_pk, sender_pk, at, event, attempt, session, path, reason)?.pk ?? 0;
      dropBeyond(deliveryPk, event, attempt);
      return pk;
    },
  };
}
