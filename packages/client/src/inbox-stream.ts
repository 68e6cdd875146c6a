/** The push stream: Server-Sent Events parsed, watched for silence, opened again when it ends. */
import { endpoints, KEEPALIVE_MS, type LeasedDelivery, StreamEvent, type Urgency } from "@agentmesh/protocol";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import type { Connection } from "./connection.ts";

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

/** A stream that says nothing for this long is taken for dead, in milliseconds. */
export const SILENCE_MS = 3 * KEEPALIVE_MS;

/** What a stream yields: that it is open, or a delivery. */
export type StreamItem = { readonly open: true } | { readonly delivery: LeasedDelivery; readonly position: string };

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
): AsyncGenerator<StreamItem, { readonly reconnect: boolean }, void> {
  const silence = new AbortController();
  let watch = setTimeout(() => silence.abort(), SILENCE_MS);
  const both = AbortSignal.any([signal, silence.signal]);
  try {
    const response = await connection.open(endpoints.stream, { ...input }, both, {
      ...(lastPosition !== undefined && { "last-event-id": lastPosition }),
    });
    const events: EventSourceMessage[] = [];
    const parser = createParser({ onEvent: (event) => events.push(event) });
    const decoder = new TextDecoder();
    const reader = response.body?.getReader();
    if (!reader) return { reconnect: true };
    for (;;) {
      const { done, value } = await reader.read().catch(() => ({ done: true as const, value: undefined }));
      if (done) {
        connection.lost();
        return { reconnect: !signal.aborted };
      }
      clearTimeout(watch);
      watch = setTimeout(() => silence.abort(), SILENCE_MS);
      parser.feed(decoder.decode(value, { stream: true }));
      for (const raw of events.splice(0)) {
        const event = parse(raw);
        if (event?.event === "open") yield { open: true };
        else if (event?.event === "delivery") yield { delivery: event.data, position: raw.id ?? "" };
        else if (event?.event === "closing") {
          // Whoever has the port next proves itself before it is sent a token.
          connection.lost();
          return { reconnect: event.data.reconnect };
        }
      }
    }
  } finally {
    clearTimeout(watch);
    silence.abort();
  }
}

function parse(raw: EventSourceMessage): StreamEvent | undefined {
  try {
    return StreamEvent.safeParse({ event: raw.event, data: JSON.parse(raw.data) }).data;
  } catch {
    return undefined;
  }
}
