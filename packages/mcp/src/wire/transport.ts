/** MCP over stdin and stdout: nothing that comes in goes without a word, and it is known when an answer is written. */
import type { Log } from "../log.ts";
import { LineReader } from "./lines.ts";
import { type Id, type Message, readMessage } from "./message.ts";

/** Told whether the answer was written. */
export type Settle = (written: boolean) => Promise<void>;

/** Who is told what comes. */
export interface Receiver {
  message(message: Message): void;
  failed(error: Error): void;
}

/** How messages come and go. */
export interface Transport {
  start(receiver: Receiver): void;
  /** Resolves when more can be sent. */
  send(message: Message): Promise<void>;
  /** Calls `settle` once: when the answer to this request is written, cannot be written, or was cancelled. */
  afterAnswer(id: Id, cancelled: AbortSignal, settle: Settle): void;
}

/** The stdio transport of MCP (2025-11-25, transports), plus `afterAnswer`. */
export class StdioTransport implements Transport {
  readonly #waiting = new Map<Id, Settle>();
  readonly #lines = new LineReader();
  readonly #log: Log;
  #receiver: Receiver | undefined;
  #drained: Promise<void> | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  start(receiver: Receiver): void {
    this.#receiver = receiver;
    process.stdin.on("data", this.#take);
    process.stdin.on("error", this.#fail);
  }

  /** Resolves when stdout takes more. What is settled by its answer is not answered when a cancellation of it has come by then. */
  async send(message: Message): Promise<void> {
    const id = "method" in message ? undefined : message.id;
    if (id === undefined || id === null || !this.#waiting.has(id)) return this.#write(message);
    await whatCameIsRead();
    if (!this.#waiting.has(id)) return;
    await this.#write(message);
    // The callback of an empty write comes after everything before it is written, or failed.
    process.stdout.write("", (error) => void this.#settle(id, !error));
  }

  /** Calls `settle` once: when the answer to this request is written, cannot be written, or was cancelled. */
  afterAnswer(id: Id, cancelled: AbortSignal, settle: Settle): void {
    this.#waiting.set(id, settle);
    const cancel = () => void this.#settle(id, false);
    if (cancelled.aborted) cancel();
    else cancelled.addEventListener("abort", cancel, { once: true });
  }

  readonly #take = (chunk: Buffer): void => {
    for (const line of this.#lines.read(chunk)) {
      const read = readMessage(line);
      if (read?.kind === "message") {
        if (read.dropped.length > 0) this.#log.debug("protocol.dropped", { fields: read.dropped });
        this.#receiver?.message(read.message);
      } else if (read?.kind === "refused") {
        this.#log.warn("protocol.refused", { why: read.answer.error.message });
        this.#write(read.answer).catch(this.#fail);
      } else if (read) {
        this.#log.warn("protocol.ignored", { why: read.why });
      }
    }
  };

  readonly #fail = (error: Error): void => this.#receiver?.failed(error);

  async #write(message: Message): Promise<void> {
    if (process.stdout.write(`${JSON.stringify(message)}\n`)) return;
    // One wait for all: a client that reads nothing may have asked for much.
    this.#drained ??= new Promise((resolve) => {
      process.stdout.once("drain", () => {
        this.#drained = undefined;
        resolve();
      });
    });
    await this.#drained;
  }

  async #settle(id: Id, written: boolean): Promise<void> {
    const settle = this.#waiting.get(id);
    this.#waiting.delete(id);
    await settle?.(written).catch((error: unknown) => this.#log.warn("transport.failed", { error }));
  }
}

/** Resolves when what lay in stdin by now has been read: this turn of the event loop may have looked there before, the next one looks anew. */
async function whatCameIsRead(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}
