/** How a delivery ends without an ack, and what its sender is told. */
import type { TimelineEvent } from "@agentmesh/protocol";
import type { Bounce } from "../../mesh/store.ts";
import { isIntact } from "./rows/body.ts";
import { MESH_AGENT_ID } from "./rows/messages.ts";
import type { DeliveryRow } from "./rows/rows.ts";

/** How a delivery ends. */
export interface Ending {
  readonly state: "dead" | "expired" | "refused";
  readonly event: Extract<TimelineEvent, "dead" | "expired" | "rejected" | "refused">;
  readonly reason: string;
  /** Writes the sender's notice; without it none is sent. */
  readonly bounce: Bounce | undefined;
}

/** The text of the sender's notice; undefined when it gets none. */
export function bounceText(row: DeliveryRow, { state, reason, bounce }: Ending): string | undefined {
  // What was published has many recipients; its sender asked for none in particular.
  if (!bounce || row.topic !== null || row.sender_id === MESH_AGENT_ID) return undefined;
  const body = isIntact(row) ? row.body : "";
  return bounce({ deliveryId: row.id, seq: row.seq, state, reason, recipient: row.recipient_name, body });
}

/** Why a delivery ends whose text is not what was accepted. */
export const DAMAGED = "corrupt_body";

/** The text of the notice for the sender of a published message whose text is damaged, from the first that had it waiting. */
export function damagedBounce(bounce: Bounce, { id, seq }: Pick<DeliveryRow, "id" | "seq">, topic: string): string {
  return bounce({ deliveryId: id, seq, state: "dead", reason: DAMAGED, recipient: topic, body: "" });
}
