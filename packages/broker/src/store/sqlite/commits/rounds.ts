/**
 * Who is next: the acts that wait, in rounds. They run in the order they came, but a caller has a share of each round: one
 * caller's thousand acts do not stand before another's one, and who asks for one thing goes before what is left of a round.
 */

/** An act that waits, or one that is done a slice at a time. */
export interface Waiting {
  /** Whose it is: acts of one lane are done in the order they came. */
  readonly lane: string;
  /** It may be big: it takes several transactions, and what came later in its lane waits until it is whole. */
  readonly sliced: boolean;
  /** A slice of it is on disk. */
  readonly begun: boolean;
}

/** The round in which a lane's newest act waits, and how many of its acts do. */
interface Place {
  round: number;
  inRound: number;
  waiting: number;
}

/** The acts that wait. */
export class Rounds<T extends Waiting> {
  /** The round that is being done. It takes nothing more: one that grew on and on would keep those who had their share waiting. */
  #current: T[] = [];
  /** What came during this round in lanes in which nothing else waits: once in each lane, before the rest of it. */
  readonly #early: T[] = [];
  readonly #hadEarly = new Set<string>();
  /** The rounds behind it, and the number of the first of them. */
  readonly #rounds: T[][] = [];
  #next = 0;
  readonly #places = new Map<string, Place>();
  /** Sliced acts between two slices. */
  readonly #underWay: T[] = [];
  readonly #actsInRound: (lane: string) => number;
  /** What waits in the lane of a sliced act that was begun. */
  readonly #behind = new Map<string, T[]>();

  /** `actsInRound` says how many acts of a lane fit into one. */
  constructor(actsInRound: (lane: string) => number) {
    this.#actsInRound = actsInRound;
  }

  get isEmpty(): boolean {
    return [this.#early, this.#current, this.#rounds, this.#underWay].every(({ length }) => length === 0);
  }

  /**
   * Puts an act behind what came before it in its lane: the first one before what is left of the round, others in the next
   * round or the first one in which the lane has a share left.
   */
  add(act: T): void {
    if (this.#current.length > 0 && !this.#places.has(act.lane) && !this.#hadEarly.has(act.lane)) {
      this.#hadEarly.add(act.lane);
      this.#early.push(act);
      this.#places.set(act.lane, { round: this.#next - 1, inRound: 1, waiting: 1 });
      return;
    }
    const place = this.#places.get(act.lane) ?? { round: this.#next, inRound: 0, waiting: 0 };
    if (place.round < this.#next) Object.assign(place, { round: this.#next, inRound: 0 });
    else if (place.inRound === this.#actsInRound(act.lane))
      Object.assign(place, { round: place.round + 1, inRound: 0 });
    place.inRound++;
    place.waiting++;
    this.#places.set(act.lane, place);
    const ahead = place.round - this.#next;
    while (this.#rounds.length <= ahead) this.#rounds.push([]);
    this.#rounds[ahead]?.push(act);
  }

  /** The next act; from a sliced one on, its lane waits until it is whole. */
  next(): T | undefined {
    for (;;) {
      const act = this.#takeFirst();
      if (!act) return undefined;
      const behind = this.#behind.get(act.lane);
      if (behind) {
        behind.push(act);
        continue;
      }
      if (act.sliced) this.#behind.set(act.lane, []);
      return act;
    }
  }

  /** Whether a sliced act waits for its next slice. */
  get hasBegun(): boolean {
    return this.#underWay.length > 0;
  }

  /** The next sliced act that was begun, for one slice more. */
  nextSliced(): T | undefined {
    return this.#underWay.shift();
  }

  /** A sliced act is not whole yet: it waits for its next slice behind the others. */
  goOn(act: T): void {
    this.#underWay.push(act);
  }

  /** A sliced act is whole, or was refused: what waited behind it goes on. */
  whole({ lane }: T): void {
    this.#putFirst(this.#behind.get(lane) ?? []);
    this.#behind.delete(lane);
  }

  /** Puts acts that were taken, in this order, back to where they were taken from. */
  putBack(acts: readonly T[]): void {
    for (const act of acts.toReversed()) {
      if (act.begun) {
        this.#underWay.unshift(act);
        this.#behind.set(act.lane, this.#behind.get(act.lane) ?? []);
      } else {
        if (act.sliced) this.whole(act);
        this.#putFirst([act]);
      }
    }
  }

  /** Takes out all that wait. */
  takeAll(): T[] {
    const all = [
      ...this.#underWay.splice(0),
      ...[...this.#behind.values()].flat(),
      ...this.#early.splice(0),
      ...this.#current,
      ...this.#rounds.splice(0).flat(),
    ];
    this.#current = [];
    this.#behind.clear();
    this.#places.clear();
    return all;
  }

  #takeFirst(): T | undefined {
    if (this.#current.length === 0 && this.#early.length === 0) {
      this.#current = this.#rounds.shift() ?? [];
      this.#hadEarly.clear();
      this.#next++;
    }
    const act = this.#early.shift() ?? this.#current.shift();
    if (!act) return undefined;
    const place = this.#places.get(act.lane);
    if (place && --place.waiting === 0) this.#places.delete(act.lane);
    return act;
  }

  #putFirst(acts: readonly T[]): void {
    this.#current.unshift(...acts);
    for (const { lane } of acts) {
      const place = this.#places.get(lane) ?? { round: this.#next, inRound: 0, waiting: 0 };
      place.waiting++;
      this.#places.set(lane, place);
    }
  }
}
