/** Wakes whoever watches a task when something happened in its thread; all watchers share the one look of the events. */
import type { MeshEvent, ThreadId } from "@agentmesh/protocol";
import type { EventSink } from "../mesh/events/sink.ts";

/** A sink that keeps of what happens that something did. */
export class ThreadWatch implements EventSink {
  readonly hasRoom = true;
  readonly #threadId: ThreadId;
  readonly #closing = new Set<() => void>();
  #wake = Promise.withResolvers<void>();
  /** Why nothing more comes. */
  #over: { readonly code: string; readonly reconnect: boolean } | undefined;

  constructor(threadId: ThreadId) {
    this.#threadId = threadId;
  }

  get over(): { readonly code: string; readonly reconnect: boolean } | undefined {
    return this.#over;
  }

  onRoom(): void {}

  onClose(listener: () => void): void {
    if (this.#over) listener();
    else this.#closing.add(listener);
  }

  event(event: MeshEvent): void {
    if ("threadId" in event && event.threadId === this.#threadId) this.#wake.resolve();
  }

  passed(): void {}

  close(code: string, reconnect: boolean): void {
    if (this.#over) return;
    this.#over = { code, reconnect };
    for (const listener of this.#closing) listener();
    this.#wake.resolve();
  }

  /** Resolves when something has happened since the last time, and at the latest after `ms`. */
  async next(ms: number): Promise<void> {
    const timer = setTimeout(() => this.#wake.resolve(), ms);
    await this.#wake.promise;
    clearTimeout(timer);
    // What happens from here on is another wake: it is looked at again.
    this.#wake = Promise.withResolvers<void>();
  }
}
