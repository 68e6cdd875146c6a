/** A stream as a sink: Server-Sent Events on one open response. */
import type { ServerResponse } from "node:http";
import { type LeasedDelivery, PROTOCOL_HEADER, PROTOCOL_VERSION, type StreamEvent } from "@agentmesh/protocol";
import type { Sink } from "../mesh/push/sink.ts";

/** Unwritten bytes at which the broker stops leasing to this stream. */
const FULL_BYTES = 1_048_576;
/** How long a stream may stay full before it is closed; its mail stays in the inbox. */
const STALLED_MS = 30_000;

/** The one event that says nothing, in its bytes. */
const KEEPALIVE = Buffer.from(eventText({ event: "keepalive", data: {} }));

/** Writes events to a hijacked response. */
export class SseSink implements Sink {
  readonly #response: ServerResponse;
  #stalled: NodeJS.Timeout | undefined;

  constructor(response: ServerResponse, queued: number) {
    this.#response = response;
    response.on("error", () => response.destroy());
    // Not in chunks: it ends with its connection, and an event is one write instead of three.
    response.removeHeader("transfer-encoding");
    response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
      [PROTOCOL_HEADER]: String(PROTOCOL_VERSION),
      connection: "close",
    });
    this.#write({ event: "open", data: { queued } });
  }

  get hasRoom(): boolean {
    return this.#isOpen && this.#response.writableLength < FULL_BYTES;
  }

  onRoom(listener: () => void): void {
    this.#response.on("drain", () => {
      clearTimeout(this.#stalled);
      this.#stalled = undefined;
      listener();
    });
  }

  onClose(listener: () => void): void {
    if (this.#response.closed) listener();
    else this.#response.once("close", listener);
  }

  push(delivery: LeasedDelivery, position: number): void {
    this.#write({ event: "delivery", data: delivery }, position);
    if (!this.hasRoom) this.#stalled ??= setTimeout(() => this.#response.destroy(), STALLED_MS);
  }

  /** Writes a keepalive; false when the client does not take what was written before. */
  keepalive(): boolean {
    if (!this.#isOpen || this.#response.writableLength > 0) return false;
    this.#response.write(KEEPALIVE);
    return true;
  }

  close(code: string, reconnect: boolean): void {
    clearTimeout(this.#stalled);
    if (!this.#isOpen) return;
    this.#write({ event: "closing", data: { code, reconnect } });
    this.#response.end();
  }

  get #isOpen(): boolean {
    return !this.#response.writableEnded && !this.#response.destroyed;
  }

  #write(event: StreamEvent, position?: number): void {
    if (!this.#isOpen) return;
    this.#response.write(eventText(event, position));
  }
}

function eventText({ event, data }: StreamEvent, position?: number): string {
  const id = position === undefined ? "" : `id: ${position}\n`;
  return `event: ${event}\n${id}data: ${JSON.stringify(data)}\n\n`;
}
