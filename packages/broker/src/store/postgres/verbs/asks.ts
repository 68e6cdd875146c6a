/** The Store's verbs on asks. */
import type { Store } from "../../../mesh/store.ts";
import { laneOf } from "../../shared/lanes.ts";
import { ENDED_QUESTION } from "../../shared/rows/asks.ts";
import { messageOf } from "../../shared/rows/rows.ts";
import { remind } from "../acts/remind.ts";
import { waiveAnswer } from "../acts/waive.ts";
import { sum } from "../commits/slices.ts";
import type { VerbParts } from "./parts.ts";

/** Verbs on asks. */
export function askVerbs({
  read,
  write,
  writeSliced,
}: VerbParts): Pick<Store, "askStatus" | "listAsks" | "remindAsks" | "waive"> {
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
        const waived = ask.waived_at !== null;
        return {
          ...{ dueAt: ask.due_at, overdue: ask.due_at <= now },
          ...{ ended: waived || ENDED_QUESTION.has(ask.state), waived, reply },
        };
      }),
    listAsks: (side, agentId, limit) => read(({ asks }) => asks.list(side, agentId, limit)),
    remindAsks: async (notices, limit) =>
      sum((await writeSliced(laneOf.care, remind(notices, limit))).map(({ asks }) => asks)),
    waive: (messageId, asker, terms) =>
      write(laneOf.owner(asker), (engine, context) => waiveAnswer(engine, context, messageId, asker, terms)),
  };
}
