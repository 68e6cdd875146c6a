/** The one place where a delivery ends without an ack, and its sender is told. */
import { bounceText, type Ending } from "../../shared/ending.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import { notify } from "./notice.ts";

/** Ends a delivery, notes it, and puts one notice into the inbox of its sender, who may have left. */
export function endUnacked(engine: Engine, context: EngineContext, pk: number, ending: Ending): void {
  const { deliveries, timeline } = engine;
  const row = deliveries.byPk(pk);
  if (!row) return;
  deliveries.markEnded(pk, ending.state, ending.reason);
  timeline.note(pk, ending.event, {
    attempt: row.attempt,
    session: row.session_id,
    reason: ending.reason,
    parties: row,
  });
  engine.asks.giveUp(row.message_pk);
  const body = bounceText(row, ending);
  if (body === undefined) return;
  const about = { about: row.message_id, threadId: row.thread_id };
  const seq = notify(engine, context, { kind: "bounce", to: row.sender_id, body, ...about });
  if (seq === undefined) return;
  timeline.note(pk, "bounced", { attempt: row.attempt, reason: `#${seq} of ${row.sender_name}'s inbox`, parties: row });
}
