/** The inbox without a stream: asked for again and again, each time until something comes. For where streams are held back. */
import type { LeasedDelivery, SessionId } from "@agentmesh/protocol";
import { pause } from "../backoff.ts";
import type { LeaseWatch } from "../delivery-handle.ts";
import type { MeshCalls } from "../mesh-calls.ts";
import { STREAM_AGAIN_MS } from "../sse.ts";
import type { StreamOptions } from "./stream.ts";

/** What is said when it begins. */
export const HELD_BACK =
  "the broker answers, but something on the way holds its stream back: deliveries are asked for instead";

/** Longest wait of one question: shorter than proxies leave a connection idle, in milliseconds. */
const WAIT_MS = 20_000;

/** How often it is looked whether there is credit again, in milliseconds. */
const CREDIT_MS = 100;

/** A delivery, and who is to be told what becomes of its lease. */
export interface Polled {
  readonly delivery: LeasedDelivery;
  readonly watch: LeaseWatch;
}

/**
 * Deliveries within the credit of a stream, until it is time to try one again and nothing is held, or the signal.
 * @throws MeshApiError, BrokerUnreachableError
 */
export async function* readPolls(
  client: MeshCalls,
  { maxInFlight = 16, leaseMs = 60_000, urgency, maxPushes, session }: StreamOptions & { readonly session: SessionId },
  signal: AbortSignal,
): AsyncGenerator<Polled, void, void> {
  const end = performance.now() + STREAM_AGAIN_MS;
  /** When each lease ends that was neither ended nor renewed. */
  const held = new Map<string, number>();
  const toPush = { ...(urgency && { urgency }), ...(maxPushes !== undefined && { maxPushes }) };
  while (!signal.aborted) {
    const now = performance.now();
    for (const [id, endsAt] of held) if (endsAt <= now) held.delete(id);
    if (now > end && held.size === 0) return;
    const max = maxInFlight - held.size;
    if (max <= 0) {
      await pause(CREDIT_MS, signal);
      continue;
    }
    const { deliveries } = await client.lease({ session, max, leaseMs, waitMs: WAIT_MS, toPush }, { signal });
    const leasedAt = performance.now();
    for (const { id } of deliveries) held.set(id, leasedAt + leaseMs);
    for (const delivery of deliveries) {
      const { id } = delivery;
      const watch = {
        over: () => void held.delete(id),
        renewed: (ms: number) => void held.set(id, performance.now() + ms),
      };
      yield { delivery, watch };
    }
  }
}
