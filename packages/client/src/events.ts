/** What happens in the mesh as something to loop over: goes on by itself after a lost broker, and says so. */
import { type EventFilter, EventStreamItem, endpoints, type MeshEvent } from "@agentmesh/protocol";
import { backoffMs, pause } from "./backoff.ts";
import type { Connection } from "./connection.ts";
import { MeshApiError, mayPass, StreamHeldBackError } from "./errors.ts";
import { OPENS_WITHIN_MS, readSse } from "./sse.ts";

/** Which events. */
export interface EventsOptions {
  /** Cursor of the last event that was dealt with, or of such news; left out, what happens from now on. */
  readonly after?: string;
  /** Nouns and types that are wanted; left out, all. */
  readonly types?: readonly EventFilter[];
  /** With the mesh key: what this agent may see. */
  readonly agent?: string;
  /** Ends the iterator. */
  readonly signal?: AbortSignal;
}

/**
 * What is said between the events: the stream is open for the first time, the broker was lost, it is back and nothing was
 * missed, or something was: some of what happened is not kept any more, or the database is another one. What follows a gap
 * happened behind its cursor; what one knows is to be read anew.
 */
export type EventsNews =
  | { readonly type: "opened" | "reconnected"; readonly cursor: string }
  | { readonly type: "lost" }
  | { readonly type: "gap"; readonly why: "cursor_gone" | "cursor_invalid"; readonly cursor: string };

/**
 * Events in the order of happening, each once, and news of the stream, until the signal.
 * @throws MeshApiError when the broker refuses, StreamHeldBackError when it answers and nothing of the stream comes through
 */
export async function* readEvents(
  connection: Connection,
  { after, types, agent, signal = new AbortController().signal }: EventsOptions,
): AsyncGenerator<MeshEvent | EventsNews, void, void> {
  const asked = { ...(types && { types: types.join(",") }), ...(agent !== undefined && { agent }) };
  let cursor = after;
  let gap: "cursor_gone" | "cursor_invalid" | undefined;
  let wasOpen = false;
  // Two, or one where nothing was lost before, and the broker answers: then it is no network that was away.
  let heldBack = 0;
  for (let failures = 0; !signal.aborted; ) {
    const lost = failures;
    const from = cursor === undefined ? {} : { after: cursor };
    const held = new AbortController();
    const watch = setTimeout(() => held.abort(), OPENS_WITHIN_MS);
    const both = AbortSignal.any([signal, held.signal]);
    const items = readSse(connection, endpoints.events, { ...asked, ...from }, undefined, both);
    let isOpen = false;
    try {
      for (;;) {
        const { done, value } = await items.next();
        if (done) {
          if (!value.reconnect && !held.signal.aborted) return;
          failures++;
          break;
        }
        const { event, data, id } = value;
        const item = EventStreamItem.safeParse({ event, data }).data;
        if (item?.event === "open") {
          clearTimeout(watch);
          isOpen = true;
          failures = 0;
          const { cursor: place } = item.data;
          cursor = place;
          if (gap) yield { type: "gap", why: gap, cursor: place };
          else yield { type: wasOpen ? "reconnected" : "opened", cursor: place };
          gap = undefined;
          wasOpen = true;
        } else {
          // Of a type that a newer broker knows, the place is enough.
          cursor = id ?? cursor;
          if (item?.event === "event") yield item.data;
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      const gone = goneOf(error);
      if (gone && cursor !== undefined) {
        gap = gone;
        cursor = undefined;
        continue;
      }
      if (!mayPass(error)) throw error;
      failures++;
    } finally {
      clearTimeout(watch);
      // A loop that ends by break or return leaves the stream behind.
      await items.return({ reconnect: false });
    }
    if (!held.signal.aborted || isOpen || signal.aborted) heldBack = 0;
    else heldBack = (await isAnswered(connection, signal)) ? heldBack + (lost === 0 ? 2 : 1) : 0;
    if (heldBack > 1) throw await heldBackError(connection);
    if (failures === 1 && wasOpen) yield { type: "lost" };
    await pause(backoffMs(failures, 50, 2_000), signal);
  }
}

function isAnswered(connection: Connection, signal: AbortSignal): Promise<boolean> {
  return connection.call(endpoints.livez, {}, { signal }).then(
    () => true,
    () => false,
  );
}

/** Where calls are answered and a stream is not even said to be open, no time will help. */
async function heldBackError(connection: Connection): Promise<StreamHeldBackError> {
  return new StreamHeldBackError(
    `The broker at ${await connection.url()} answers, but something on the way holds its stream of events back, as a proxy does that passes an answer on when it is whole. What happened to messages can be asked for instead, GET /v1/log with waitMs; or let the proxy pass text/event-stream on as it comes.`,
  );
}

function goneOf(error: unknown): "cursor_gone" | "cursor_invalid" | undefined {
  if (!(error instanceof MeshApiError)) return undefined;
  return error.code === "cursor_gone" || error.code === "cursor_invalid" ? error.code : undefined;
}
