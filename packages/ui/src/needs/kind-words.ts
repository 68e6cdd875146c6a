/** What the kinds of needs are called in their rows. */

const words = new Map([
  ["disk", "disk"],
  ["question", "asks you"],
  ["held", "held"],
  ["dead", "dead letter"],
  ["nearly_full", "inbox full"],
  ["deadlock", "deadlock"],
  ["loop", "loop guard"],
  ["overdue", "overdue"],
  ["webhook", "webhook"],
  ["push", "push path"],
  ["backlog", "backlog"],
  ["mail", "mail"],
]);

/** A kind in words; one of a later version by its name. */
export function kindWord(kind: string): string {
  return words.get(kind) ?? kind.replaceAll("_", " ");
}
