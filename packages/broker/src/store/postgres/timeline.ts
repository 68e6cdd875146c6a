/** SQL of the timeline: everything that happens to a delivery, in order. */
import type { TimelineEvent } from "@agentmesh/protocol";
import { MAX_ENTRIES_PER_EVENT, type Note, type Parties, REPEATABLE } from "../shared/timeline.ts";
import type { EngineContext } from "./context.ts";

/** The statements on the timeline. */
export function timelineStatements({ db, now, numbers, hints }: EngineContext) {
  const partiesOf = (deliveryPk: number) =>
    db.get<Parties>(
      `SELECT d.agent_pk AS recipient_pk, m.sender_pk
       FROM delivery d JOIN message m ON m.pk = d.message_pk WHERE d.pk = $1`,
      [deliveryPk],
    );
  const dropOldest = (deliveryPk: number, event: TimelineEvent) =>
    db.run(
      `DELETE FROM timeline WHERE pk = (
         SELECT pk FROM timeline WHERE delivery_pk = $1 AND event = $2 ORDER BY pk DESC LIMIT 1 OFFSET $3)`,
      [deliveryPk, event, MAX_ENTRIES_PER_EVENT],
    );

  return {
    /** Of the newest entry, also of one that was pruned. */
    lastPosition: async (): Promise<number> => (await numbers.last()).timeline,
    /** Session of a delivery's newest lease. */
    lastHolder: async (deliveryPk: number): Promise<string | null> =>
      (
        await db.get<{ session_id: string | null }>(
          `SELECT session_id FROM timeline WHERE delivery_pk = $1 AND event = 'leased' ORDER BY pk DESC LIMIT 1`,
          [deliveryPk],
        )
      )?.session_id ?? null,

    /** Notes an event; returns its position. */
    async note(deliveryPk: number, event: TimelineEvent, note: Note): Promise<number> {
      const { attempt, session = null, path = null, reason = null } = note;
      const parties = note.parties ?? (await partiesOf(deliveryPk));
      if (!parties) throw new Error(`delivery ${deliveryPk} vanished before its ${event} was noted`);
      const { recipient_pk, sender_pk } = parties;
      const pk = await numbers.next("timeline");
      hints.advanced();
      await db.run(
        `INSERT INTO timeline (pk, delivery_pk, agent_pk, sender_pk, at, event, attempt, session_id, path, reason)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
        [pk, deliveryPk, recipient_pk, sender_pk, now, event, attempt, session, path, reason],
      );
      if (attempt > MAX_ENTRIES_PER_EVENT || REPEATABLE.has(event)) await dropOldest(deliveryPk, event);
      return pk;
    },
  };
}
