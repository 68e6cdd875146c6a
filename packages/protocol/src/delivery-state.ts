/** The states of a delivery. */
import { z } from "zod";

/**
 * State of a delivery. `queued → leased → acked`; `leased → queued` when the lease ends without an ack;
 * `→ dead` after the last attempt or a reject; `→ expired` at the message's `expiresAt`.
 */
export const DeliveryState = z.enum(["queued", "leased", "acked", "dead", "expired"]);
export type DeliveryState = z.infer<typeof DeliveryState>;
