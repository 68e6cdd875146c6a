/** What the kinds of needs are called in their rows. */
import type { Need } from "./needs.ts";

/** Each kind. */
export const kindWords: Readonly<Record<Need["kind"], string>> = {
  disk: "disk",
  question: "asks you",
  held: "held",
  dead: "dead letter",
  nearly_full: "inbox full",
  overdue: "overdue",
  webhook: "webhook",
  push: "push path",
  backlog: "backlog",
  mail: "mail",
};
