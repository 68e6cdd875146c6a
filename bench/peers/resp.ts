/** One bare connection to Redis: commands in a row, replies in the same order (RESP2). */
import type { Socket } from "node:net";

/** What Redis answers. */
export type Reply = string | number | null | readonly Reply[];

interface Waiting {
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

class ReplyError extends Error {}

/** Asks over a socket that is connected. */
export class RespConnection {
  readonly #socket: Socket;
  readonly #waiting: Waiting[] = [];
  #rest: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk) => this.#take(chunk));
    socket.on("close", () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error("Redis closed the connection"));
    });
  }

  /** Asks. @throws what Redis says is wrong */
  ask(...words: readonly string[]): Promise<Reply> {
    const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.write(`*${words.length}\r\n${parts.join("")}`);
    });
  }

  #take(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (let at = 0; ; ) {
      const read = readReply(this.#rest, at);
      if (!read) {
        this.#rest = this.#rest.subarray(at);
        return;
      }
      at = read.end;
      const waiting = this.#waiting.shift();
      if (read.reply instanceof ReplyError) waiting?.reject(read.reply);
      else waiting?.resolve(read.reply);
    }
  }
}

/** The reply that begins there and where it ends; undefined while it is not whole. */
function readReply(bytes: Buffer, at: number): { reply: Reply | ReplyError; end: number } | undefined {
  const lineEnd = bytes.indexOf("\r\n", at);
  if (lineEnd < 0) return undefined;
  const line = bytes.toString("utf8", at + 1, lineEnd);
  const begin = lineEnd + 2;
  switch (String.fromCharCode(bytes[at] ?? 0)) {
    case "+":
      return { reply: line, end: begin };
    case ":":
      return { reply: Number(line), end: begin };
    case "-":
      return { reply: new ReplyError(line), end: begin };
    case "$": {
      const length = Number(line);
      if (length < 0) return { reply: null, end: begin };
      if (bytes.length < begin + length + 2) return undefined;
      return { reply: bytes.toString("utf8", begin, begin + length), end: begin + length + 2 };
    }
    case "*": {
      const replies: Reply[] = [];
      let end = begin;
      for (let i = 0; i < Number(line); i++) {
        const read = readReply(bytes, end);
        if (!read) return undefined;
        if (read.reply instanceof ReplyError) return read;
        replies.push(read.reply);
        end = read.end;
      }
      return { reply: Number(line) < 0 ? null : replies, end };
    }
    default:
      throw new Error(`not a reply of Redis: ${bytes.toString("utf8", at, at + 100)}`);
  }
}
