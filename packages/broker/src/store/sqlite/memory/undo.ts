/** What goes back in memory when the database does: an act was refused, or its transaction is lost. */

/** The steps back of the transaction under way. */
export class Undo {
  #steps: (() => void)[] | undefined;

  /** A transaction begins. */
  begin(): void {
    this.#steps = [];
  }

  /** How far it has come. */
  get place(): number {
    return this.#steps?.length ?? 0;
  }

  /** Says how to take back what changes in memory now; what changes outside of a transaction stays. */
  note(step: () => void): void {
    this.#steps?.push(step);
  }

  /** Takes back what has changed since a place, the newest first. */
  back(place = 0): void {
    for (const step of this.#steps?.splice(place).reverse() ?? []) step();
  }

  /** The transaction is over, on disk or taken back. */
  end(): void {
    this.#steps = undefined;
  }
}
