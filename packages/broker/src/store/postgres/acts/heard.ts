/** Signs of life that a verb on a delivery gives. */
import type { OwnDeliveryRow } from "../../shared/rows/rows.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";

/** A verb on a delivery is a sign of the session that holds it, or held it last: it may be late, but it is there. */
export async function heardOfHolder(
  { sessions, timeline }: Engine,
  { hints }: EngineContext,
  row: OwnDeliveryRow,
  position?: number,
): Promise<void> {
  const holder = row.state === "leased" ? row.session_id : await timeline.lastHolder(row.pk);
  if (holder === null) return;
  if (await sessions.hear(holder, position ?? (await timeline.lastPosition()))) hints.ready(row.recipient_id);
}
