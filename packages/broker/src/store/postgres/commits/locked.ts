/** The agents that a transaction has locked. */

/** An act needs an agent that its group did not lock: it is done by itself. */
export class NotSharedError extends Error {
  override readonly name = "NotSharedError";

  constructor() {
    super("this act needs a transaction of its own");
  }
}

/** Keys of agents that are locked until the transaction ends; `isWhole` when no others may be. */
export class LockedAgents extends Set<number> {
  readonly isWhole: boolean;

  constructor(pks: Iterable<number> = [], isWhole = false) {
    super(pks);
    this.isWhole = isWhole;
  }
}
