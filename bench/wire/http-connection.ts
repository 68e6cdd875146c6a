/** One bare HTTP/1.1 connection: requests in a row, answers in the same order. As little of a client as there can be. */
import { connect, type Socket } from "node:net";

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** A request: what stands in its first line, whose it is, what it says. */
export interface Request {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly token?: string;
  readonly body?: string;
}

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

const HEAD_END = Buffer.from("\r\n\r\n");
const NOTHING = Buffer.alloc(0);

/** A connection to this machine's loopback; opened again where the server has closed it in a pause. Closed on dispose. */
export class HttpConnection implements Disposable {
  readonly #port: number;
  readonly #waiting: Waiting[] = [];
  #socket: Socket;
  #rest: Buffer = NOTHING;

  private constructor(port: number, socket: Socket) {
    this.#port = port;
    this.#socket = this.#listen(socket);
  }

  /** Connects. */
  static async open(port: number): Promise<HttpConnection> {
    const socket = connect(port, "127.0.0.1");
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    return new HttpConnection(port, socket);
  }

  /** Asks, whatever the status of the answer. */
  ask(request: Request): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) this.#socket = this.#listen(connect(this.#port, "127.0.0.1"));
      this.#waiting.push({ resolve, reject });
      this.#socket.write(wireRequest(this.#port, request));
    });
  }

  /** Asks, and fails when the answer is no success. */
  async must(request: Request): Promise<string> {
    const { status, text } = await this.ask(request);
    if (status >= 300) throw new Error(`${request.method} ${request.path}: ${status} ${text.slice(0, 500)}`);
    return text;
  }

  [Symbol.dispose](): void {
    this.#socket.removeAllListeners("close").destroy();
  }

  #listen(socket: Socket): Socket {
    this.#rest = NOTHING;
    return socket
      .setNoDelay(true)
      .on("data", (chunk) => this.#take(chunk))
      .on("end", () => socket.destroy())
      .on("error", (error) => this.#fail(error))
      .on("close", () => this.#fail(new Error(`the server on port ${this.#port} closed the connection`)));
  }

  #take(chunk: Buffer): void {
    let rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const headEnd = rest.indexOf(HEAD_END);
      if (headEnd < 0) break;
      const head = rest.toString("latin1", 0, headEnd);
      const length = Number(
        /\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? (head.startsWith("HTTP/1.1 204") ? 0 : Number.NaN),
      );
      if (Number.isNaN(length)) {
        this.#fail(new Error(`an answer without a length: ${head.slice(0, 200)}`));
        return;
      }
      const bodyAt = headEnd + HEAD_END.length;
      if (rest.length < bodyAt + length) break;
      const text = rest.toString("utf8", bodyAt, bodyAt + length);
      rest = rest.subarray(bodyAt + length);
      this.#waiting.shift()?.resolve({ status: Number(head.slice(9, 12)), text });
    }
    this.#rest = rest;
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

/** A request as it goes over the wire. */
export function wireRequest(port: number, { method, path, token, body }: Request): string {
  const secret = token === undefined ? "" : `authorization: Bearer ${token}\r\n`;
  const head = `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${secret}`;
  if (body === undefined) return `${head}\r\n`;
  return `${head}content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
