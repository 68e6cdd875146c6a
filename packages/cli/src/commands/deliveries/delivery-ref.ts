/** A delivery as people name it: its id or the beginning of one, or in the own inbox its number. */
import { DeliveryRef } from "@agentmesh/protocol";
import { usageError } from "../../command-error.ts";

/** A delivery by its id, which `list` is the command to find. @throws CommandError */
export function deliveryIdOf(text: string, list: string): DeliveryRef {
  const ref = DeliveryRef.safeParse(text);
  if (ref.success && text.startsWith("dlv_")) return ref.data;
  throw usageError(`"${text}" is no delivery. Name one as ${list} lists it: dlv_…, or at least 8 digits of it.`);
}
