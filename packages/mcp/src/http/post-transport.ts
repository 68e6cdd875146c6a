/** MCP over one POST of Streamable HTTP: one message comes in, its answer goes out, and it is known whether it was written. */
import type { Answer, Id, Message, Notification } from "../wire/message.ts";
import type { Receiver, Settle, Transport } from "../wire/transport.ts";

/** The transport of one POST. */
export class PostTransport implements Transport {
  readonly #onNotification: (notification: Notification) => void;
  readonly #answered = Promise.withResolvers<Answer | undefined>();
  #receiver: Receiver | undefined;
  #settle: Settle | undefined;

  /** Signs of life of the call are told to the listener. */
  constructor(onNotification: (notification: Notification) => void) {
    this.#onNotification = onNotification;
  }

  /** The answer; undefined when the request was cancelled, which none is sent to. */
  get answer(): Promise<Answer | undefined> {
    return this.#answered.promise;
  }

  start(receiver: Receiver): void {
    this.#receiver = receiver;
  }

  /** Takes what was posted. */
  take(message: Message): void {
    this.#receiver?.message(message);
  }

  /** The request is over without an answer: cancelled by its client, or its client has gone. */
  cancel(requestId: Id): void {
    this.take({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId } });
    this.#answered.resolve(undefined);
  }

  async send(message: Message): Promise<void> {
    if (!("method" in message)) this.#answered.resolve(message);
    // A request of ours has nobody to go to.
    else if (!("id" in message)) this.#onNotification(message);
  }

  afterAnswer(_id: Id, cancelled: AbortSignal, settle: Settle): void {
    this.#settle = settle;
    if (cancelled.aborted) void this.written(false);
    else cancelled.addEventListener("abort", () => void this.written(false), { once: true });
  }

  /** Whether the client was written the answer; the first word counts. */
  async written(isWritten: boolean): Promise<void> {
    const settle = this.#settle;
    this.#settle = undefined;
    await settle?.(isWritten);
  }
}
