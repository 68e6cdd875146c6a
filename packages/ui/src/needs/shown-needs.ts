/** Which needs are rows: of a kind that there is very much of the first ones, until the person asks for all. */
import type { Need } from "./needs.ts";

/** Rows of one kind that are shown at first. */
export const FIRST = 25;

/** A need, or how many more there are of its kind. */
export type Shown = { readonly need: Need } | { readonly more: number; readonly kind: Need["kind"] };

/** The rows, in the order of the needs. */
export function shownNeeds(needs: readonly Need[], opened: ReadonlySet<Need["kind"]>): Shown[] {
  const kinds = Map.groupBy(needs, ({ kind }) => kind);
  return [...kinds].flatMap(([kind, all]): Shown[] => {
    const rows = opened.has(kind) ? all : all.slice(0, FIRST);
    const more = all.length - rows.length;
    return [...rows.map((need) => ({ need })), ...(more > 0 ? [{ more, kind }] : [])];
  });
}
