/** The states of a delivery. */
import * as z from "zod";

/**
 * State of a delivery. `queued → leased → acked`; `leased → queued` when the lease ends without an ack;
 * `→ dead` after the last failure or a reject; `→ expired` at the message's `expiresAt`; `queued → cancelled` when its
 * sender takes the message back before the first lease; `dead → queued` when it is redriven. `held` by the receiver's
 * policy becomes `queued` when it is admitted, and `refused`, `expired` or `cancelled` otherwise.
 */
export const DeliveryState = z.enum(["queued", "leased", "acked", "dead", "expired", "cancelled", "held", "refused"]);
export type DeliveryState = z.infer<typeof DeliveryState>;
