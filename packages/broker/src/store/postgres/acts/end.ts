/** The one place where a delivery ends without an ack, and its sender is told. */
import { bounceText, type Ending } from "../../shared/ending.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import { notify } from "./notice.ts";

/**
 * Ends a delivery, notes it, and puts one notice into the inbox of its sender, who may have left. Both of them and the mesh are
 * locked before (`agents.lockWithMesh`).
 */
export async function endUnacked(engine: Engine, context: EngineContext, pk: number, ending: Ending): Promise<void> {
  const { asks, deliveries, timeline } = engine;
  const row = await deliveries.byPk(pk);
  if (!row) return;
  const { attempt, session_id: session } = row;
  await deliveries.markEnded(pk, ending.state, ending.reason);
  await timeline.note(pk, ending.event, { attempt, session, reason: ending.reason, parties: row });
  await asks.giveUp(row.message_pk);
  const body = bounceText(row, ending);
  if (body === undefined) return;
  const about = { about: row.message_id, threadId: row.thread_id };
  const seq = await notify(engine, context, { kind: "bounce", to: row.sender_id, body, ...about });
  if (seq === undefined) return;
  await timeline.note(pk, "bounced", { attempt, reason: `#${seq} of ${row.sender_name}'s inbox`, parties: row });
}
