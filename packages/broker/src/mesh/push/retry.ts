/** What the mesh does with deliveries that receivers fail with, and what their senders are told. */
import { quoted } from "@agentmesh/protocol";
import type { Policy } from "../policy.ts";
import type { Bounce, RetryPolicy } from "../store.ts";
import { redeliveryDelayMs } from "./backoff.ts";

/** The retry policy of a mesh. */
export function retryPolicy({ maxAttempts }: Policy): RetryPolicy {
  return { maxAttempts, delayMs: redeliveryDelayMs, bounce };
}

/** The notice that a sender gets of a message that died or expired. */
export const bounce: Bounce = ({ deliveryId, state, reason, recipient, body }) => {
  const happened =
    state === "expired"
      ? `Your message to ${recipient} expired before it was acked.`
      : reason === "recipient_gone"
        ? `Your message to ${recipient} was not acked: that agent has left the mesh.`
        : state === "refused"
          ? `Your message to ${recipient} was refused: ${quoted(reason)}.`
          : reason === "corrupt_body"
            ? `Your message to ${recipient} was damaged on the broker's disk while it waited, and is not shown to anybody.`
            : `Your message to ${recipient} was given up: ${quoted(reason)}.`;
  const remedy =
    reason === "recipient_gone"
      ? "If it still matters, send it to an agent that is there."
      : state === "expired" || reason === "corrupt_body"
        ? "Send it again if it still matters."
        : state === "refused"
          ? "It was not shown to the agent; do not send it again."
          : `It is kept as dead letter ${deliveryId}: the owner of the mesh can put it back with agentmesh redrive.`;
  const began = body === "" ? "" : ` It began: ${quoted(body, 120)}`;
  return `${happened} ${remedy}${began}`;
};
