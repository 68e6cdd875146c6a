/** The Store's verbs of an inbox's owner on what is not on its way: held, or dead. */
import type { Store } from "../../../mesh/store.ts";
import { allTaken } from "../../shared/decisions.ts";
import { laneOf } from "../../shared/lanes.ts";
import { BEHIND_ALL } from "../../shared/rows/cursor.ts";
import { type DeliveryRow, inboxEntryOf } from "../../shared/rows/rows.ts";
import { admitHeld, cancelMessage, dismissDelivery, onHeld, redriveDelivery } from "../acts/decisions.ts";
import { endUnacked } from "../acts/end.ts";
import type { Engine } from "../engine.ts";
import type { VerbParts } from "./parts.ts";

/** Verbs of an inbox's owner on what is not on its way: held, or dead. */
export function decisionVerbs({
  read,
  write,
  writeSliced,
}: VerbParts): Pick<Store, "cancel" | "admit" | "refuse" | "redrive" | "dismiss" | "listDead"> {
  return {
    cancel: async (messageId, senderId) =>
      allTaken(await writeSliced(laneOf.sends(senderId), cancelMessage(messageId, senderId))),
    admit: (owner, ref) => write(laneOf.owner(owner), (engine, context) => admitHeld(engine, context, owner, ref)),
    refuse: (owner, ref, { reason, bounce }) =>
      write(laneOf.owner(owner), (engine, context) =>
        onHeld(engine, owner, ref, ({ pk }) =>
          endUnacked(engine, context, pk, { state: "refused", event: "refused", reason, bounce }),
        ),
      ),
    redrive: (owner, ref, quota) =>
      write(laneOf.owner(owner), (engine, context) => redriveDelivery(engine, context, owner, ref, quota)),
    dismiss: (owner, ref) => write(laneOf.owner(owner), (engine) => dismissDelivery(engine, owner, ref)),
    listDead: (query) => read((engine, { now }) => deadPage(engine, query, now)),
  };
}

/** One page of dead letters, its bodies read one after the other up to a size. */
async function deadPage(
  { agents, deliveries, deliveryPages }: Engine,
  { owner, after, limit, maxBytes }: Parameters<Store["listDead"]>[0],
  now: number,
): Promise<Awaited<ReturnType<Store["listDead"]>>> {
  const place = after ?? { at: BEHIND_ALL, id: "" };
  const agent = owner === undefined ? undefined : await agents.pkOf(owner);
  const found = await deliveryPages.dead(agent, { ...place, limit: limit + 1 });
  const rows: DeliveryRow[] = [];
  let bytes = 0;
  for (const { pk, bytes: more } of found.slice(0, limit)) {
    bytes += more;
    if (rows.length > 0 && bytes > maxBytes) break;
    const row = await deliveries.byPk(pk);
    if (row) rows.push(row);
  }
  const last = rows.at(-1);
  return {
    entries: rows.map((row) => inboxEntryOf(row, now)),
    nextAfter: rows.length < found.length && last ? { at: last.ended_at ?? 0, id: last.id } : undefined,
  };
}
