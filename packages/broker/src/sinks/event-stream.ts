/** A stream of events as a sink: each event's id is the cursor behind it. */
import type { ServerResponse } from "node:http";
import type { EventStreamItem, MeshEvent } from "@agentmesh/protocol";
import type { EventSink } from "../mesh/events/sink.ts";
import { Gathering, type Rests } from "./gathering.ts";
import { eventText, SseResponse } from "./sse.ts";

/** Unwritten bytes at which nothing more is written; what is left out is read from the disk later. */
const FULL_BYTES = 131_072;

/** Made once for all who read the same event. */
const texts = new WeakMap<MeshEvent, string>();

/** Writes events to a hijacked response. */
export class EventStreamSink implements EventSink {
  readonly #sse: SseResponse;
  readonly #gathering: Gathering | undefined;
  #cursor: string;

  /** With rests what comes within them is written together. */
  constructor(response: ServerResponse, cursor: string, rests?: Rests) {
    this.#sse = new SseResponse(response, FULL_BYTES);
    this.#cursor = cursor;
    if (rests !== undefined) {
      const gathering = new Gathering((text) => this.#sse.write(text), rests);
      this.#gathering = gathering;
      this.#sse.onClose(() => gathering.end());
    }
    this.#sse.write(textOf({ event: "open", data: { cursor } }, cursor));
  }

  get hasRoom(): boolean {
    return this.#sse.hasRoom;
  }

  onRoom(listener: () => void): void {
    this.#sse.onRoom(listener);
  }

  onClose(listener: () => void): void {
    this.#sse.onClose(listener);
  }

  event(event: MeshEvent): void {
    let text = texts.get(event);
    if (text === undefined) {
      text = textOf({ event: "event", data: event }, event.cursor);
      texts.set(event, text);
    }
    if (this.#gathering) this.#gathering.add(text);
    else this.#sse.write(text);
  }

  /** The next keepalive says so: whoever comes back does not go through what was none of it. */
  passed(cursor: string): void {
    this.#cursor = cursor;
  }

  /** Writes a keepalive; false when the client does not take what was written before. */
  keepalive(): boolean {
    // What is written says that the broker is there; the cursor is ahead of it.
    if (this.#gathering?.flush()) return true;
    return this.#sse.keepalive(textOf({ event: "keepalive", data: {} }, this.#cursor));
  }

  close(code: string, reconnect: boolean): void {
    this.#gathering?.flush();
    this.#sse.close(textOf({ event: "closing", data: { code, reconnect } }));
  }
}

function textOf(item: EventStreamItem, cursor?: string): string {
  return eventText(item, cursor);
}
