/** The one place where a delivery ends without an ack, and its sender is told. */
import type { TimelineEvent } from "@agentmesh/protocol";
import type { Bounce } from "../../../mesh/store.ts";
import { isIntact } from "../../shared/rows/body.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import { MESH_AGENT_ID } from "../messages.ts";
import { notify } from "./notice.ts";

/** How a delivery ends. */
export interface Ending {
  readonly state: "dead" | "expired" | "refused";
  readonly event: Extract<TimelineEvent, "dead" | "expired" | "rejected" | "refused">;
  readonly reason: string;
  /** Writes the sender's notice; without it none is sent. */
  readonly bounce: Bounce | undefined;
}

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
  // What was published has many recipients; its sender asked for none in particular.
  if (!ending.bounce || row.topic !== null || row.sender_id === MESH_AGENT_ID) return;
  const seq = notify(engine, context, {
    kind: "bounce",
    to: row.sender_id,
    about: row.message_id,
    threadId: row.thread_id,
    body: ending.bounce({
      deliveryId: row.id,
      seq: row.seq,
      state: ending.state,
      reason: ending.reason,
      recipient: row.recipient_name,
      body: isIntact(row) ? row.body : "",
    }),
  });
  if (seq === undefined) return;
  timeline.note(pk, "bounced", { attempt: row.attempt, reason: `#${seq} of ${row.sender_name}'s inbox`, parties: row });
}
