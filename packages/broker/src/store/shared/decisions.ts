/** What engines share of decisions on deliveries: what taking a message back has come to, and what cannot be put back. */
import { MeshError } from "../../mesh/errors.ts";
import type { DeliveryRecord } from "../../mesh/store.ts";
import type { DeliveryRow } from "./rows/rows.ts";

/** What one slice of taking a message back has come to. */
export interface TakenBack {
  readonly cancelled: number;
  readonly before: number;
  readonly left: readonly DeliveryRecord[];
  /** The last delivery looked at. */
  readonly last: number;
}

/** What all slices of taking a message back have come to. */
export function allTaken(parts: readonly TakenBack[]) {
  return {
    cancelled: parts.reduce((all, { cancelled }) => all + cancelled, 0),
    before: parts.reduce((all, { before }) => all + before, 0),
    left: parts.flatMap(({ left }) => left),
  };
}

/** The error for a dead letter whose text is not what was accepted. */
export function bodyDamaged({ id, sender_name }: Pick<DeliveryRow, "id" | "sender_name">): MeshError {
  return new MeshError(
    "body_damaged",
    `The text of ${id} is damaged on the broker's disk: it cannot be put back. Ask ${sender_name} to send it again.`,
  );
}
