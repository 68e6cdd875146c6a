/** Hints that a log has grown, from the events: the truth is in the log, and whoever gets none asks it all the same. */
import { type MeshClient, pause, StreamHeldBackError } from "@agentmesh/client";
import type { ThreadId } from "@agentmesh/protocol";

/** What is said where something on the way holds the events back, and what is done instead. */
export function heldBackWords(url: string, instead: string): string {
  return `Something on the way to ${url} holds the stream of events back, as a proxy does that buffers answers. ${instead}, and nothing is missed. How such a proxy lets streams through: docs/operations.md, Behind a proxy.`;
}

/** Follows the events of deliveries until it is disposed. */
export class LogGrowth implements Disposable {
  readonly #end = new AbortController();
  #isTold = true;
  /** There are no events to be had: of an older broker, or of an agent that has left. */
  #isOver = false;
  #told = () => {};

  /** `heldBack` is told, once, where something on the way lets no stream through: then there are no events. */
  constructor(
    client: MeshClient,
    of: { readonly agent?: string; readonly thread?: ThreadId },
    heldBack: (error: StreamHeldBackError) => void,
  ) {
    void this.#follow(client, of, heldBack);
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

  async #follow(
    client: MeshClient,
    { agent, thread }: { readonly agent?: string; readonly thread?: ThreadId },
    heldBack: (error: StreamHeldBackError) => void,
  ) {
    const { signal } = this.#end;
    try {
      const asked = { types: ["delivery" as const], ...(agent !== undefined && { agent }), signal };
      // What is said of the stream itself is a hint, too: what was added while it was not open came without an event.
      for await (const each of client.events(asked))
        if (thread === undefined || !("threadId" in each) || each.threadId === thread) this.#tell();
    } catch (error) {
      // Whoever asks the log is told any other reason.
      if (error instanceof StreamHeldBackError) heldBack(error);
    }
    this.#isOver = true;
    this.#tell();
  }

  #tell(): void {
    this.#isTold = true;
    this.#told();
  }
}
