/** Phantom: a message came that nobody has tried to send. */
import type { Rule } from "./records.ts";

/** One finding for each delivery of a message that nobody has tried to send. */
export const phantom: Rule = ({ received, tried }) =>
  received
    .filter(({ from, to, n, by }) => to === by && !tried.has(`${from} ${to} ${n}`))
    .map(({ from, to, n, messageId }) => {
      return { kind: "phantom", detail: `${from} → ${to} #${n} was never sent`, messageId };
    });
