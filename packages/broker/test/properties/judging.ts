/** The order in which answers are judged: that in which the store must have done the acts of one turn, slice by slice. */
import type { AgentId } from "@agentmesh/protocol";

/** Holds an answer to the promises; runs when the log was read up to it. */
export type Judge = () => void;

/** What is judged of an act in slices, with a `yield` between each two of them; of what a sender sends, in its lane. */
export interface Sent {
  readonly sender: AgentId | undefined;
  readonly slices: () => Iterator<undefined, void>;
}

/** The judge of an act of a sender that is done in one slice. */
export function sent(sender: AgentId, judge: Judge): Sent {
  const next = () => {
    judge();
    return { done: true, value: undefined } as const;
  };
  return { sender, slices: () => ({ next }) };
}

/**
 * Judges the acts of a turn in the order in which they were seen to be done: `order` has an entry for each slice of each. What
 * was asked that is no act, or is not seen, comes behind.
 */
export function judgeInOrder(judges: readonly (Judge | Sent)[], order: readonly number[]): void {
  const slices = judges.map((each) => (typeof each === "function" ? sent("agt_", each) : each).slices());
  const isDone = slices.map(() => false);
  const goOn = (n: number): void => {
    if (isDone[n] === false) isDone[n] = slices[n]?.next().done === true;
  };
  for (const n of order) goOn(n);
  for (const n of slices.keys()) while (isDone[n] === false) goOn(n);
}

interface Act {
  readonly sender: AgentId | undefined;
  readonly slices: Iterator<undefined, void>;
}

/**
 * Judges the acts of a turn. What is whole is done in the order of asking; of those with more slices each has one in its
 * turn, after all that is whole; and what a sender asked later waits until its act before is done.
 */
export function judgeAll(judges: readonly (Judge | Sent)[]): void {
  const waiting: Act[] = judges.map((each) =>
    typeof each === "function"
      ? { sender: undefined, slices: sent("agt_", each).slices() }
      : { sender: each.sender, slices: each.slices() },
  );
  const underWay: Act[] = [];
  const behind = new Map<AgentId, Act[]>();
  const goOn = (act: Act): void => {
    if (act.slices.next().done !== true) {
      underWay.push(act);
      if (act.sender && !behind.has(act.sender)) behind.set(act.sender, []);
    } else if (act.sender) {
      waiting.unshift(...(behind.get(act.sender) ?? []));
      behind.delete(act.sender);
    }
  };
  do {
    const next = underWay.shift();
    for (let act = waiting.shift(); act; act = waiting.shift()) {
      const before = act.sender && behind.get(act.sender);
      if (before) before.push(act);
      else goOn(act);
    }
    if (next) goOn(next);
  } while (waiting.length > 0 || underWay.length > 0);
}
