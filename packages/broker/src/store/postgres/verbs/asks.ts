/** The Store's verbs on asks. */
import type { DeliveryState } from "@agentmesh/protocol";
import type { Store } from "../../../mesh/store.ts";
import { laneOf } from "../../shared/lanes.ts";
import { messageOf } from "../../shared/rows/rows.ts";
import { remind } from "../acts/remind.ts";
import { sum } from "../commits/slices.ts";
import type { VerbParts } from "./parts.ts";

const ENDED: ReadonlySet<DeliveryState> = new Set(["dead", "expired", "refused", "cancelled"]);

/** Verbs on asks. */
export function askVerbs({ read, writeSliced }: VerbParts): Pick<Store, "askStatus" | "listAsks" | "remindAsks"> {
  return {
    askStatus: (messageId) =>
      read(async ({ asks, deliveries }, { now }) => {
        const ask = await asks.one(messageId);
        if (!ask) return undefined;
        const row = ask.reply_delivery_pk === null ? undefined : await deliveries.byPk(ask.reply_delivery_pk);
        const message = row && messageOf(row);
        // A damaged answer is none; it ends like any other, and who answered is told.
        const reply =
          row && message && !message.damaged
            ? { message, deliveryId: row.id, trust: row.trust ?? undefined }
            : undefined;
        return { dueAt: ask.due_at, overdue: ask.due_at <= now, ended: ENDED.has(ask.state), reply };
      }),
    listAsks: (side, agentId, limit) => read(({ asks }) => asks.list(side, agentId, limit)),
    remindAsks: async (notices, limit) =>
      sum((await writeSliced(laneOf.care, remind(notices, limit))).map(({ asks }) => asks)),
  };
}
