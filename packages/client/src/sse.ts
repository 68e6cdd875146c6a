/** Server-Sent Events of one open response: parsed, watched for silence, until it ends. */
import { type Endpoint, KEEPALIVE_MS } from "@agentmesh/protocol";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import type { Connection } from "./connection.ts";

/** A response that says nothing for this long is taken for dead, in milliseconds. */
export const SILENCE_MS = 3 * KEEPALIVE_MS;

/** A stream that does not say within this time that it is open is held back on the way, or the way is gone, in milliseconds. */
export const OPENS_WITHIN_MS = 10_000;

/** For how long a stream that is held back on the way is not tried again, in milliseconds. */
export const STREAM_AGAIN_MS = 600_000;

/** One event; its data is JSON, or undefined when it is none. */
export interface SseItem {
  readonly event: string | undefined;
  readonly id: string | undefined;
  readonly data: unknown;
}

/**
 * Reads one response until it ends; returns whether to ask again. `lastId` is the id of the last event of an earlier one.
 * @throws MeshApiError when the broker refuses it, BrokerUnreachableError when nobody answers
 */
export async function* readSse(
  connection: Connection,
  row: Endpoint,
  input: Record<string, unknown>,
  lastId: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<SseItem, { readonly reconnect: boolean }, void> {
  const silence = new AbortController();
  let watch = setTimeout(() => silence.abort(), SILENCE_MS);
  const both = AbortSignal.any([signal, silence.signal]);
  let off = () => {};
  try {
    const response = await connection.open(row, input, both, {
      ...(lastId !== undefined && { headers: { "last-event-id": lastId } }),
    });
    off = connection.onBack(() => silence.abort());
    const events: EventSourceMessage[] = [];
    const parser = createParser({ onEvent: (event) => events.push(event) });
    const decoder = new TextDecoder();
    const reader = response.body?.getReader();
    if (!reader) return { reconnect: true };
    for (;;) {
      const { done, value } = await reader.read().catch(() => ({ done: true as const, value: undefined }));
      if (done) {
        connection.lost(response);
        return { reconnect: !signal.aborted };
      }
      clearTimeout(watch);
      watch = setTimeout(() => silence.abort(), SILENCE_MS);
      parser.feed(decoder.decode(value, { stream: true }));
      for (const { event, id, data: text } of events.splice(0)) {
        const data = parse(text);
        if (event !== "closing") {
          yield { event, id, data };
          continue;
        }
        // Whoever has the port next proves itself before it is sent a token.
        connection.lost(response);
        return { reconnect: isReconnect(data) };
      }
    }
  } finally {
    off();
    clearTimeout(watch);
    silence.abort();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isReconnect(data: unknown): boolean {
  return typeof data !== "object" || data === null || !("reconnect" in data) || data.reconnect === true;
}
