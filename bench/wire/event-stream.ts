/** A bare reader of Server-Sent Events: the events of one stream as they come in. */
import { connect, type Socket } from "node:net";
import { StringDecoder } from "node:string_decoder";
import { Chunks } from "./chunks.ts";
import { wireRequest } from "./http-connection.ts";

/** Told of each event: its name, and the line of its data. */
export type OnEvent = (event: string, data: string) => void;

/** Which stream, and whose. */
export interface StreamPlace {
  readonly path: string;
  readonly token?: string;
}

/** An open stream; closed on dispose. */
export class EventStream implements Disposable {
  readonly #socket: Socket;
  readonly #onEvent: OnEvent;
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";
  /** Undefined where the body comes as it is. */
  #chunks: Chunks | undefined;

  private constructor(socket: Socket, onEvent: OnEvent) {
    this.#socket = socket;
    this.#onEvent = onEvent;
  }

  /** Opens it, and waits for the head of the answer. */
  static async open(port: number, place: StreamPlace, onEvent: OnEvent): Promise<EventStream> {
    const socket = connect(port, "127.0.0.1");
    const stream = new EventStream(socket, onEvent);
    await new Promise<void>((resolve, reject) => {
      let head: Buffer = Buffer.alloc(0);
      const takeHead = (bytes: Buffer) => {
        head = Buffer.concat([head, bytes]);
        const end = head.indexOf("\r\n\r\n");
        if (end < 0) return;
        const text = head.toString("latin1", 0, end);
        if (!text.startsWith("HTTP/1.1 200"))
          return reject(new Error(`no stream at ${place.path}: ${head.toString()}`));
        if (/\r\ntransfer-encoding: *chunked/i.test(text)) stream.#chunks = new Chunks();
        socket.off("data", takeHead).on("data", (more) => stream.#take(more));
        resolve();
        stream.#take(head.subarray(end + 4));
      };
      socket.on("data", takeHead);
      socket.once("error", reject).once("close", () => reject(new Error(`no stream at ${place.path}`)));
      socket.write(wireRequest(port, { method: "GET", ...place }));
    });
    socket.on("error", () => socket.destroy());
    return stream;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    for (const part of this.#chunks?.take(bytes) ?? [bytes]) this.#rest += this.#decoder.write(part);
    for (;;) {
      const end = this.#rest.indexOf("\n\n");
      if (end < 0) return;
      const lines = this.#rest.slice(0, end);
      this.#rest = this.#rest.slice(end + 2);
      const nameEnd = lines.indexOf("\n");
      const dataAt = lines.indexOf("\ndata: ");
      if (lines.startsWith("event: ") && dataAt > 0) this.#onEvent(lines.slice(7, nameEnd), lines.slice(dataAt + 7));
    }
  }
}
