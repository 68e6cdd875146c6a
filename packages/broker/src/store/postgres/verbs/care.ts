/** The Store's verbs of care: what is past its life or its keeping ends, a slice at a time. */
import type { Store } from "../../../mesh/store.ts";
import type { FoundDamage } from "../../shared/damage.ts";
import { laneOf } from "../../shared/lanes.ts";
import { checkSome, endDamaged } from "../acts/damage.ts";
import { endUnacked } from "../acts/end.ts";
import { runOut } from "../acts/lease.ts";
import { lockFound } from "../acts/lock-found.ts";
import { prune } from "../acts/prune.ts";
import { Hints } from "../commits/hints.ts";
import { each, ROWS, type Slice, sum } from "../commits/slices.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import type { FoundDelivery } from "../pages/deliveries.ts";
import type { VerbParts } from "./parts.ts";

/** Verbs that the sweeper calls. */
export function careVerbs(
  { read, writeSliced, hint }: VerbParts,
  damage: FoundDamage,
): Pick<
  Store,
  "shiftTimes" | "expireLeases" | "expireMessages" | "announceDue" | "prune" | "checkBodies" | "endDamaged"
> {
  /** Until when delays that are over were announced: a hint. */
  const announced = { until: 0 };
  const upTo = async <Row extends FoundDelivery>(
    limit: number,
    find: (engine: Engine, limit: number) => Promise<readonly Row[]>,
    piece: (engine: Engine, context: EngineContext, row: Row) => Promise<void>,
  ): Promise<number> => {
    const slice = async (engine: Engine, context: EngineContext, kept: readonly number[]): Promise<Slice<number>> => {
      const left = limit - sum(kept);
      const { rows, more } = await lockFound(engine, Math.min(left, ROWS), (most) => find(engine, most));
      const { part } = await each(rows, ROWS, (row) => piece(engine, context, row));
      return { part, more: more && part < left };
    };
    return sum(await writeSliced(laneOf.care, slice));
  };
  return {
    // Times are the database's: a step of one broker's clock is no step of them.
    shiftTimes: async (ms, step) => step(ms),
    expireLeases: (limit, retry) =>
      upTo(
        limit,
        ({ deliveryPages }, most) => deliveryPages.overdue(most),
        (engine, context, lease) => runOut(engine, context, lease, retry),
      ),
    expireMessages: (limit, bounce) => {
      const reason = "not acked within the life of the message";
      return upTo(
        limit,
        ({ deliveryPages }, most) => deliveryPages.expired(most),
        (engine, context, { pk }) =>
          endUnacked(engine, context, pk, { state: "expired", event: "expired", reason, bounce }),
      );
    },
    announceDue: async () => {
      const hints = new Hints();
      const { since, until } = await read(async ({ settings }, { now }) => {
        // When the clock was set back, what is due may have been announced before.
        const from = announced.until > now ? 0 : announced.until;
        for (const { id } of await settings.focusEnded(from, now)) hints.ready(id);
        return { since: from, until: now };
      });
      // What is delayed from now on counts anew.
      announced.until = until;
      const end = Number.MAX_SAFE_INTEGER;
      for (let place = { ready_at: since, agent_pk: end, pk: end }; ; ) {
        const { ready_at: after, agent_pk: agent, pk } = place;
        const over = await read(({ deliveryPages }) => deliveryPages.due({ after, agent, pk, until, limit: ROWS }));
        for (const { agent_id } of over) hints.ready(agent_id);
        const last = over.at(-1);
        if (last === undefined || over.length < ROWS) break;
        place = last;
      }
      hint(hints);
      // It is told when this is answered.
      await new Promise(setImmediate);
    },
    prune: async (retentionMs, limit) => {
      const parts = await writeSliced(laneOf.care, prune(retentionMs, limit));
      return sum(parts.map(({ dropped }) => dropped));
    },
    checkBodies: async (limit) => {
      for (let left = limit; left > 0; ) {
        const { checked, end } = await read((engine, context) => checkSome(engine, context, left));
        if (end) return true;
        left -= checked;
      }
      return false;
    },
    endDamaged: async (limit, bounce) => {
      const found = damage.list(limit);
      if (found.length === 0) return 0;
      const ended = await writeSliced(laneOf.care, endDamaged(found, bounce));
      damage.forget(found);
      return sum(ended.map(({ messages }) => messages));
    },
  };
}
