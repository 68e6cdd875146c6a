/** The Store's verbs of care: what is past its life or its keeping ends, a slice at a time. */
import type { Store } from "../../../mesh/store.ts";
import { checkBodies, endDamaged } from "../acts/damage.ts";
import { endUnacked } from "../acts/end.ts";
import { runOut } from "../acts/lease.ts";
import { prune } from "../acts/prune.ts";
import { endOfRemoved } from "../acts/remove-agent.ts";
import { shiftStatements } from "../acts/shift.ts";
import { laneOf, ROWS, sum, upTo } from "../commits/slices.ts";
import type { VerbParts } from "./parts.ts";

/** Verbs that the sweeper calls. */
export function careVerbs({
  engine,
  context,
  peek,
  write,
  writeSliced,
  hint,
}: VerbParts): Pick<
  Store,
  | "shiftTimes"
  | "expireLeases"
  | "expireMessages"
  | "endRemoved"
  | "announceDue"
  | "prune"
  | "archiveAgents"
  | "checkBodies"
  | "endDamaged"
> {
  const { agents, archive, damage, deliveries, due } = engine;
  const { announced, clock } = context;
  const shift = shiftStatements(context, engine);
  const inSlices = async (slice: Parameters<typeof writeSliced<number>>[1]) =>
    sum(await writeSliced(laneOf.care, slice));
  return {
    shiftTimes: async (ms, step) => {
      let stepped = 0;
      // The clock is no part of the database: an act that runs twice steps it once, and one that is lost takes it back.
      const follow = (by: number) => {
        if (stepped === by) return;
        step(by - stepped);
        announced.until += by - stepped;
        stepped = by;
      };
      try {
        await write(laneOf.care, () => {
          shift(ms);
          follow(ms);
        });
      } catch (error) {
        follow(0);
        throw error;
      }
      context.notice("info", "clock.stepped", { ms, detail: "the clock was set, or the machine slept" });
    },
    expireLeases: async (limit, retry) => {
      if (!(await peek(() => due.leases()))) return 0;
      return inSlices(upTo(limit, deliveries.overdue, (lease) => runOut(engine, context, lease, retry)));
    },
    expireMessages: async (limit, bounce) => {
      if (!(await peek(() => due.messages()))) return 0;
      const reason = "not acked within the life of the message";
      return inSlices(
        upTo(limit, deliveries.expired, ({ pk }) =>
          endUnacked(engine, context, pk, { state: "expired", event: "expired", reason, bounce }),
        ),
      );
    },
    endRemoved: async (limit, bounce) =>
      (await peek(() => due.removals())) ? inSlices(endOfRemoved(engine, context, limit, bounce)) : 0,
    announceDue: async () => {
      const until = clock.now();
      const since = Math.min(announced.until, until);
      // What is delayed from now on counts anew.
      announced.until = until;
      if (!(await peek(() => due.delays(since)))) return;
      for (const { id } of await peek(() => agents.focusEnded(since, until))) hint(id);
      const end = Number.MAX_SAFE_INTEGER;
      for (let place = { ready_at: since, agent_pk: end, pk: end }; ; ) {
        const { ready_at: after, agent_pk: agent, pk } = place;
        const over = await peek(() => deliveries.due({ after, agent, pk, until, limit: ROWS }));
        for (const agentId of new Set(over.map(({ agent_id }) => agent_id))) hint(agentId);
        const last = over.at(-1);
        if (last === undefined || over.length < ROWS) return;
        place = last;
        await new Promise(setImmediate);
      }
    },
    prune: async (retentionMs, limit) => {
      const parts = await writeSliced(laneOf.care, prune(engine, context, retentionMs, limit));
      return sum(parts.map(({ dropped }) => dropped));
    },
    archiveAgents: async (quietMs, limit) =>
      archive.isDue(quietMs) ? inSlices(upTo(limit, (count) => archive.quiet(quietMs, count), archive.archive)) : 0,
    checkBodies: (limit) => peek(() => checkBodies(engine, limit)),
    endDamaged: async (limit, bounce) => {
      const found = damage.list(limit);
      if (found.length === 0) return 0;
      const ended = await writeSliced(laneOf.care, endDamaged(engine, context, found, bounce));
      damage.forget(found);
      return sum(ended.map(({ messages }) => messages));
    },
  };
}
