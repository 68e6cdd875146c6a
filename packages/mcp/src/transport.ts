/** Stdio transport that knows when an answer has been written to the client. */
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import type { JSONRPCMessage, RequestId } from "@modelcontextprotocol/sdk/types.js";

/** Told whether the answer was written. */
type Settle = (written: boolean) => Promise<void>;

/** StdioServerTransport plus `afterAnswer`. */
export class AnsweringTransport extends StdioServerTransport {
  readonly #waiting = new Map<RequestId, Settle>();
  readonly #onFault: (error: unknown) => void;

  constructor(onFault: (error: unknown) => void) {
    super();
    this.#onFault = onFault;
  }

  /** Calls `settle` once: when the answer to this request is written, cannot be written, or was cancelled. */
  afterAnswer(id: RequestId, cancelled: AbortSignal, settle: Settle): void {
    this.#waiting.set(id, settle);
    const cancel = () => void this.#settle(id, false);
    if (cancelled.aborted) cancel();
    else cancelled.addEventListener("abort", cancel, { once: true });
  }

  override async send(message: JSONRPCMessage): Promise<void> {
    await super.send(message);
    const id = "method" in message || !("id" in message) ? undefined : message.id;
    if (id === undefined || !this.#waiting.has(id)) return;
    // The callback of an empty write comes after everything before it is written, or failed.
    process.stdout.write("", (error) => void this.#settle(id, !error));
  }

  async #settle(id: RequestId, written: boolean): Promise<void> {
    const settle = this.#waiting.get(id);
    this.#waiting.delete(id);
    await settle?.(written).catch(this.#onFault);
  }
}
