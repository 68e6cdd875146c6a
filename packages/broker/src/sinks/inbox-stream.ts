/** The push stream as a sink: deliveries as Server-Sent Events. */
import type { ServerResponse } from "node:http";
import type { LeasedDelivery, StreamEvent } from "@agentmesh/protocol";
import type { Sink } from "../mesh/push/sink.ts";
import { eventText, SseResponse } from "./sse.ts";

/** Unwritten bytes at which the broker stops leasing to this stream; its mail stays in the inbox. */
const FULL_BYTES = 1_048_576;

/** The one event that says nothing, in its bytes. */
const KEEPALIVE = Buffer.from(textOf({ event: "keepalive", data: {} }));

/** Writes deliveries to a hijacked response. */
export class InboxStreamSink implements Sink {
  readonly #sse: SseResponse;

  constructor(response: ServerResponse, queued: number) {
    this.#sse = new SseResponse(response, FULL_BYTES);
    this.#sse.write(textOf({ event: "open", data: { queued } }));
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

  push(delivery: LeasedDelivery, position: number): void {
    this.#sse.write(textOf({ event: "delivery", data: delivery }, position));
  }

  /** Writes a keepalive; false when the client does not take what was written before. */
  keepalive(): boolean {
    return this.#sse.keepalive(KEEPALIVE);
  }

  close(code: string, reconnect: boolean): void {
    this.#sse.close(textOf({ event: "closing", data: { code, reconnect } }));
  }
}

function textOf(event: StreamEvent, position?: number): string {
  return eventText(event, position);
}
