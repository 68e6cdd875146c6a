/** Tasks as which receivers are at work on what they took: followed until they are over, by the next broker where this one ends. */
import type { LeasedDelivery } from "@agentmesh/protocol";
import type { PumpParts } from "./pump-parts.ts";
import { untilDone } from "./until-done.ts";

/** So many of one webhook are followed at a time. */
const MOST_FOLLOWED = 16;
/** How long a task is followed, in milliseconds. */
export const FOLLOWED_MS = 600_000;

/** What a receiver took, as which task, and how long that is still asked for. */
export interface Followed {
  readonly delivery: Pick<LeasedDelivery, "id" | "message">;
  readonly task: string;
  readonly forMs: number;
}

/** Those of one webhook. */
export class FollowedTasks {
  readonly #parts: PumpParts;
  readonly #isOpen: () => boolean;
  #count = 0;

  constructor(parts: PumpParts, isOpen: () => boolean) {
    this.#parts = parts;
    this.#isOpen = isOpen;
  }

  /** Takes a place for what is about to be acked; false when there is none, which is said: then nothing comes of its task. */
  take(delivery: Pick<LeasedDelivery, "id">): boolean {
    if (this.#count < MOST_FOLLOWED) {
      this.#count++;
      return true;
    }
    this.#parts.onUnanswered(delivery.id, `${MOST_FOLLOWED} tasks are followed already`);
    return false;
  }

  /** Goes on with what an earlier broker followed. */
  resume(followed: Followed): void {
    this.#count++;
    this.follow(followed);
  }

  /** Follows what has a place. Nothing waits for it: whoever asked is told when it is late. */
  follow(followed: Followed): void {
    void this.#toItsEnd(followed).catch(this.#parts.onFault);
  }

  async #toItsEnd({ delivery, task, forMs }: Followed): Promise<void> {
    const { store, agent, sink, leaseMs, onUnanswered, onFault } = this.#parts;
    const text = await sink.follow(delivery.id, task, forMs).finally(() => this.#count--);
    const within = { until: performance.now() + leaseMs, isOpen: this.#isOpen, onFault };
    // What is not over when the broker stops is followed by the next one.
    if (!this.#isOpen()) return;
    if (text === undefined) onUnanswered(delivery.id, "its task came to no text, or was not over in time");
    else await untilDone(() => this.#parts.answer(agent, delivery, text), within);
    if (!this.#isOpen()) return;
    await untilDone(() => store.unfollow(agent.id, delivery.id), { ...within, until: performance.now() + leaseMs });
  }
}
