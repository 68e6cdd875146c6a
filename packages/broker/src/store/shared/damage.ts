/** Messages that were found damaged, in memory until they are ended. */

/** Messages that were found damaged and wait to be ended, and how far the check of all bodies has come. */
export class FoundDamage {
  readonly #messages = new Set<number>();
  checkedUntil = 0;

  note(messagePk: number): void {
    this.#messages.add(messagePk);
  }

  list(limit: number): readonly number[] {
    return [...this.#messages].slice(0, limit);
  }

  forget(messagePks: readonly number[]): void {
    for (const pk of messagePks) this.#messages.delete(pk);
  }
}
