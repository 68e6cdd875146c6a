/** A fault that is made of parts: which of them are asked for, which comes next, and which have had no turn. */

/** The parts of one fault, each done once. */
export class Parts<T extends { readonly name: string }> {
  readonly #fault: string;
  readonly #chosen: readonly T[];
  #first: number | undefined;
  #begun = 0;
  /** What all there are are called, whether they are asked for or not. */
  readonly names: readonly string[];

  /** Of what is asked for by name, those to be done: all of them, unless some are named and the fault itself is not. */
  constructor(fault: string, all: readonly T[], only: readonly string[] = []) {
    this.#fault = fault;
    this.names = all.map((part) => this.nameOf(part));
    const some = all.filter((part) => only.includes(this.nameOf(part)));
    this.#chosen = some.length === 0 || only.includes(fault) ? all : some;
  }

  /** By which name a part is asked for. */
  nameOf({ name }: T): string {
    return `${this.#fault}/${name.replaceAll(/[^a-z0-9]+/g, "-")}`;
  }

  /** Those that are to be done. */
  get chosen(): readonly T[] {
    return this.#chosen;
  }

  /** How many are to be done, those done with them. */
  get count(): number {
    return this.#chosen.length;
  }

  /** Begins the next one; with which it begins is the choice of the first seed. */
  next(seed: number): T | undefined {
    this.#first ??= seed % Math.max(1, this.count);
    return this.isOver ? undefined : this.#at(this.#begun++);
  }

  /** Whether each has had its turn. */
  get isOver(): boolean {
    return this.#begun >= this.count;
  }

  /** Those that have had no turn. */
  left(): string[] {
    return this.#chosen.flatMap((_, n) => {
      const part = n < this.#begun ? undefined : this.#at(n);
      return part ? [this.nameOf(part)] : [];
    });
  }

  #at(n: number): T | undefined {
    return this.#chosen[((this.#first ?? 0) + n) % this.count];
  }
}
