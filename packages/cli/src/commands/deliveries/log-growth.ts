/** Hints that a log has grown, from the events: the truth is in the log, and whoever gets none asks it all the same. */
import { type MeshClient, pause } from "@agentmesh/client";
import type { ThreadId } from "@agentmesh/protocol";

/** Follows the events of deliveries until it is disposed. */
export class LogGrowth implements Disposable {
  readonly #end = new AbortController();
  #isTold = true;
  /** There are no events to be had: of an older broker, or of an agent that has left. */
  #isOver = false;
  #told = () => {};

  constructor(client: MeshClient, of: { readonly agent?: string; readonly thread?: ThreadId }) {
    void this.#follow(client, of);
  }

  /** Resolves when something may have been added since the last time, after `ms` at most; false when that is not known, at once. */
  async wait(ms: number, signal: AbortSignal): Promise<boolean> {
    if (!this.#isTold && !this.#isOver) {
      const over = new AbortController();
      const told = new Promise<void>((resolve) => {
        this.#told = resolve;
      });
      await Promise.race([told, pause(ms, AbortSignal.any([signal, over.signal]))]);
      over.abort();
    }
    this.#isTold = false;
    return !this.#isOver;
  }

  [Symbol.dispose](): void {
    this.#end.abort();
  }

  async #follow(client: MeshClient, { agent, thread }: { readonly agent?: string; readonly thread?: ThreadId }) {
    const { signal } = this.#end;
    try {
      const asked = { types: ["delivery" as const], ...(agent !== undefined && { agent }), signal };
      // What is said of the stream itself is a hint, too: what was added while it was not open came without an event.
      for await (const each of client.events(asked))
        if (thread === undefined || !("threadId" in each) || each.threadId === thread) this.#tell();
    } catch {
      // Whoever asks the log is told why.
    }
    this.#isOver = true;
    this.#tell();
  }

  #tell(): void {
    this.#isTold = true;
    this.#told();
  }
}
