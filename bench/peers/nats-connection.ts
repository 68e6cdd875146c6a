/** One bare connection to NATS: publish, subscribe, and requests with an answer. */
import type { Socket } from "node:net";

/** A message that came in: where an answer goes, and what it says. */
export interface NatsMessage {
  readonly reply: string;
  readonly text: string;
}

let connections = 0;

/** Speaks over a socket that is connected. */
export class NatsConnection {
  readonly #socket: Socket;
  readonly #listeners = new Map<string, (message: NatsMessage) => void>();
  readonly #answers = new Map<string, (message: NatsMessage) => void>();
  readonly #inbox = `_INBOX.bench${++connections}`;
  #rest: Buffer = Buffer.alloc(0);
  #ids = 0;
  #asked = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk) => this.#take(chunk));
    socket.write('CONNECT {"verbose":false,"pedantic":false,"lang":"bench","version":"0"}\r\n');
    this.subscribe(`${this.#inbox}.*`, () => undefined);
  }

  publish(subject: string, text: string, reply = ""): void {
    const head = reply === "" ? subject : `${subject} ${reply}`;
    this.#socket.write(`PUB ${head} ${Buffer.byteLength(text)}\r\n${text}\r\n`);
  }

  /** Listens, from the next message that the server takes on. */
  subscribe(subject: string, onMessage: (message: NatsMessage) => void): void {
    const id = String(++this.#ids);
    this.#listeners.set(id, onMessage);
    this.#socket.write(`SUB ${subject} ${id}\r\n`);
  }

  /** Publishes, and waits for the answer. */
  request(subject: string, text: string): Promise<string> {
    const reply = `${this.#inbox}.${++this.#asked}`;
    return new Promise((resolve) => {
      this.#answers.set(reply, (message) => resolve(message.text));
      this.publish(subject, text, reply);
    });
  }

  #take(chunk: Buffer): void {
    let rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const lineEnd = rest.indexOf("\r\n");
      if (lineEnd < 0) break;
      const [word = "", ...fields] = rest.toString("utf8", 0, lineEnd).split(" ");
      const begin = lineEnd + 2;
      if (word === "MSG") {
        const [subject = "", id = ""] = fields;
        const length = Number(fields.at(-1));
        if (rest.length < begin + length + 2) break;
        const message = {
          reply: fields.length === 4 ? (fields[2] ?? "") : "",
          text: rest.toString("utf8", begin, begin + length),
        };
        rest = rest.subarray(begin + length + 2);
        this.#given(subject, id, message);
        continue;
      }
      if (word === "-ERR") throw new Error(`NATS: ${fields.join(" ")}`);
      if (word === "PING") this.#socket.write("PONG\r\n");
      rest = rest.subarray(begin);
    }
    this.#rest = rest;
  }

  #given(subject: string, id: string, message: NatsMessage): void {
    const answer = this.#answers.get(subject);
    this.#answers.delete(subject);
    if (answer) answer(message);
    else this.#listeners.get(id)?.(message);
  }
}
