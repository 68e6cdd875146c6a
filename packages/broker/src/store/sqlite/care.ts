/** The Store's verbs of care: what is past its life or its keeping ends, a chunk at a time. */
import { MAX_RETAINED } from "@agentmesh/protocol";
import type { Store } from "../../mesh/store.ts";
import { checkBodies, endDamaged } from "./damage.ts";
import { endUnacked } from "./end.ts";
import { shiftStatements } from "./shift.ts";
import type { VerbParts } from "./verbs.ts";

/** Free pages (4 KiB each) that the database keeps for what comes next, and how many one prune gives back to the disk. */
const KEPT_PAGES = 2_560;
const GIVEN_BACK_PAGES = 512;

/** Verbs that the sweeper calls. */
export function careVerbs({
  engine,
  context,
  read,
  write,
}: VerbParts): Pick<Store, "shiftTimes" | "expireMessages" | "prune" | "archiveAgents" | "checkBodies" | "endDamaged"> {
  const { archive, damage, deliveries, messages, topics } = engine;
  const shift = shiftStatements(context);
  return {
    shiftTimes: (ms, step) =>
      write(() => {
        shift(ms);
        step();
        context.announced.until += ms;
        context.notice("info", "clock.stepped", { ms, detail: "the clock was set, or the machine slept" });
      }),
    expireMessages: async (limit, bounce) => {
      if (deliveries.expired(1).length === 0) return 0;
      return write(() => {
        const expired = deliveries.expired(limit);
        const reason = "not acked within the life of the message";
        for (const { pk } of expired) {
          endUnacked(engine, context, pk, { state: "expired", event: "expired", reason, bounce });
        }
        return expired.length;
      });
    },
    prune: (retentionMs, limit) =>
      write(() => {
        messages.dropOldKeys();
        const ended = messages.ended(retentionMs, limit);
        for (const { pk } of ended) messages.drop(pk);
        topics.prune(MAX_RETAINED, limit);
        if (Number(context.db.pragma("freelist_count", { simple: true })) > KEPT_PAGES) {
          context.db.pragma(`incremental_vacuum(${GIVEN_BACK_PAGES})`);
        }
        return ended.length;
      }),
    archiveAgents: async (quietMs, limit) =>
      archive.isDue(quietMs) ? write(() => archive.archive(quietMs, limit)) : 0,
    checkBodies: (limit) => read(() => checkBodies(engine, limit)),
    endDamaged: async (limit, bounce) => {
      const found = damage.list(limit);
      if (found.length === 0) return 0;
      const ended = await write(() => endDamaged(engine, context, found, bounce));
      damage.forget(found);
      return ended;
    },
  };
}
