/** Server-Sent Events on one open response: how much may be unread, for how long, and how it ends. */
import type { ServerResponse } from "node:http";
import { PROTOCOL_HEADER, PROTOCOL_VERSION } from "@agentmesh/protocol";

/** How long a response may stay full before it is closed. */
const STALLED_MS = 30_000;

/** What is written: its name, and its data as JSON. */
export interface SseEvent {
  readonly event: string;
  readonly data: object;
}

/** A hijacked response. */
export class SseResponse {
  readonly #response: ServerResponse;
  readonly #fullBytes: number;
  #stalled: NodeJS.Timeout | undefined;

  /** Has room until so many bytes are unwritten. */
  constructor(response: ServerResponse, fullBytes: number) {
    this.#response = response;
    this.#fullBytes = fullBytes;
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
  }

  get hasRoom(): boolean {
    return this.#isOpen && this.#response.writableLength < this.#fullBytes;
  }

  /** Calls the listener each time all that was written has been taken. */
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

  /** Writes an event. A response that is full by it is closed when it stays so. */
  write(text: string | Buffer): void {
    if (!this.#isOpen) return;
    this.#response.write(text);
    if (!this.hasRoom) this.#stalled ??= setTimeout(() => this.#response.destroy(), STALLED_MS);
  }

  /** Writes one that says nothing; false when the client does not take what was written before. */
  keepalive(text: string | Buffer): boolean {
    if (!this.#isOpen || this.#response.writableLength > 0) return false;
    this.#response.write(text);
    return true;
  }

  /** Writes a last event and ends. */
  close(text: string): void {
    clearTimeout(this.#stalled);
    if (!this.#isOpen) return;
    this.#response.write(text);
    this.#response.end();
  }

  get #isOpen(): boolean {
    return !this.#response.writableEnded && !this.#response.destroyed;
  }
}

/** An event as it is written. */
export function eventText({ event, data }: SseEvent, id?: string | number): string {
  return dataText(event, JSON.stringify(data), id);
}

/** The same, of data that are JSON already; it may be an event without a name. */
export function dataText(event: string | undefined, json: string, id?: string | number): string {
  return `${event === undefined ? "" : `event: ${event}\n`}${id === undefined ? "" : `id: ${id}\n`}data: ${json}\n\n`;
}
