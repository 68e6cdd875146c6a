/** The push stream: what a session is streamed, opened again by whoever reads it when it ends. */
import { endpoints, type LeasedDelivery, StreamEvent, type Urgency } from "@agentmesh/protocol";
import type { Connection } from "../connection.ts";
import { OPENS_WITHIN_MS, readSse } from "../sse.ts";

/** Credit and lease of a stream. */
export interface StreamOptions {
  /** Most unacked leases at once, 1–256. Default 16. */
  readonly maxInFlight?: number;
  /** Length of each lease in milliseconds. Default 60,000. */
  readonly leaseMs?: number;
  /** Leave out deliveries that this session has reported as pushed that often. */
  readonly maxPushes?: number;
  /** Least urgency that is streamed; less urgent mail rests for `lease`. Default fyi: everything. */
  readonly urgency?: Urgency;
}

/** What a stream yields: that it is open, or a delivery. */
export type StreamItem = { readonly open: true } | { readonly delivery: LeasedDelivery; readonly position: string };

/** How a stream ended: whether to open it again, and whether nothing at all came of it, not even that it is open. */
export interface StreamEnd {
  readonly reconnect: boolean;
  readonly isHeldBack?: boolean;
}

/**
 * Reads one stream until it ends; returns whether to open it again. `lastPosition` of an earlier stream of the session
 * tells the broker what arrived: leases after it were lost on the way and come again at once.
 * @throws MeshApiError when the broker refuses it, BrokerUnreachableError when nobody answers
 */
export async function* readStream(
  connection: Connection,
  input: StreamOptions & { readonly session: string },
  lastPosition: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<StreamItem, StreamEnd, void> {
  const held = new AbortController();
  const watch = setTimeout(() => held.abort(), OPENS_WITHIN_MS);
  const both = AbortSignal.any([signal, held.signal]);
  const items = readSse(connection, endpoints.stream, { ...input }, lastPosition, both);
  const isHeldBack = () => held.signal.aborted && !signal.aborted;
  try {
    for (;;) {
      const { done, value } = await items.next();
      if (done) return isHeldBack() ? { reconnect: true, isHeldBack: true } : value;
      const { event, data, id } = value;
      const known = StreamEvent.safeParse({ event, data }).data;
      if (known?.event === "open") {
        clearTimeout(watch);
        yield { open: true };
      } else if (known?.event === "delivery") yield { delivery: known.data, position: id ?? "" };
    }
  } catch (error) {
    if (isHeldBack()) return { reconnect: true, isHeldBack: true };
    throw error;
  } finally {
    clearTimeout(watch);
    await items.return({ reconnect: false });
  }
}
