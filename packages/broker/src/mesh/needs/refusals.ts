/** Refusals that a person should know of: what the loop guard stopped, and who would have waited for themselves. In memory. */
import { type NeedKind, type Party, REFUSAL_TOLD_MS } from "@agentmesh/protocol";
import type { Clock } from "../clock.ts";

/** Most that are kept; then those that were noted first make room. */
const MOST = 256;

/** Something that was refused, again and again maybe. */
export interface Refusal {
  readonly kind: Extract<NeedKind, "loop" | "deadlock">;
  readonly from: Party;
  readonly to: Party;
  /** The newest refusal, in the words in which it was told. */
  readonly why: string;
  readonly count: number;
  readonly since: number;
  readonly last: number;
}

/** The refusals of the last minutes, one for two agents and a kind; a restart forgets them. */
export class Refusals {
  readonly #clock: Clock;
  readonly #kept = new Map<string, Refusal>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes one. */
  note({ kind, from, to, why }: Pick<Refusal, "kind" | "from" | "to" | "why">): void {
    const now = this.#clock.now();
    const key = `${kind} ${from.id} ${to.id}`;
    const before = this.#isTold(this.#kept.get(key), now);
    // At the end of the line: what is refused again is the last to make room.
    this.#kept.delete(key);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= MOST && oldest !== undefined) this.#kept.delete(oldest);
    const { since = now, count = 0 } = before ?? {};
    this.#kept.set(key, { kind, from, to, why, since, last: now, count: count + 1 });
  }

  /** Those that are still told. */
  all(): Refusal[] {
    const now = this.#clock.now();
    return [...this.#kept.values()].filter((each) => this.#isTold(each, now));
  }

  /** An agent has left the mesh: of it nothing is told any more. */
  forget(agentId: Party["id"]): void {
    for (const [key, { from, to }] of this.#kept) {
      if (from.id === agentId || to.id === agentId) this.#kept.delete(key);
    }
  }

  #isTold(refusal: Refusal | undefined, now: number): Refusal | undefined {
    return refusal && Math.abs(now - refusal.last) < REFUSAL_TOLD_MS ? refusal : undefined;
  }
}
