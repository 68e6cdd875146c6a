/** Misdelivered: a message came to another agent than it was sent to. */
import type { Rule } from "./records.ts";

/** One finding for each delivery that came to the wrong receiver. */
export const misdelivered: Rule = ({ received }) =>
  received
    .filter(({ to, by }) => to !== by)
    .map(({ from, to, n, by, messageId }) => {
      return { kind: "misdelivered", detail: `${from} → ${to} #${n} was received by ${by}`, messageId };
    });
