/** The push stream as a sink: deliveries as Server-Sent Events. */
import type { ServerResponse } from "node:http";
import type { LeasedDelivery, Message, StreamEvent } from "@agentmesh/protocol";
import type { Sink } from "../mesh/push/sink.ts";
import { dataText, eventText, SseResponse } from "./sse.ts";

/** Unwritten bytes at which the broker stops leasing to this stream; its mail stays in the inbox. */
const FULL_BYTES = 1_048_576;

/** The one event that says nothing, in its bytes. */
const KEEPALIVE = Buffer.from(textOf({ event: "keepalive", data: {} }));

/** Messages that were published, as JSON: made once for all whom they are pushed to. */
const published = new WeakMap<Message, string>();

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
    this.#sse.write(dataText("delivery" satisfies StreamEvent["event"], jsonOf(delivery), position));
  }

  /** Writes a keepalive; false when the client does not take what was written before. */
  keepalive(): boolean {
    return this.#sse.keepalive(KEEPALIVE);
  }

  close(code: string, reconnect: boolean): void {
    this.#sse.close(textOf({ event: "closing", data: { code, reconnect } }));
  }
}

/** A delivery as JSON, whose message comes last. */
function jsonOf(delivery: LeasedDelivery): string {
  const { message, ...rest } = delivery;
  if (message.topic === undefined) return JSON.stringify(delivery);
  let text = published.get(message);
  if (text === undefined) {
    text = JSON.stringify(message);
    published.set(message, text);
  }
  return `${JSON.stringify(rest).slice(0, -1)},"message":${text}}`;
}

function textOf(event: StreamEvent, position?: number): string {
  return eventText(event, position);
}
