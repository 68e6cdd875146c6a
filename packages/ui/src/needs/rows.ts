/** Which rows the needs are: those of a kind after each other, and where there are more of it than are held, a row that says so. */
import type { Need } from "@agentmesh/protocol";
import { MAX_NEEDS_OF_A_KIND } from "@agentmesh/protocol/shown";

/** A need, or how many more there are of its kind. */
export type Row = { readonly need: Need } | { readonly more: string; readonly kind: string };

/** The rows, in the order of the needs. */
export function rowsOf(needs: readonly Need[], counts: Readonly<Record<string, number>>): Row[] {
  return [...Map.groupBy(needs, ({ kind }) => kind)].flatMap(([kind, all]): Row[] => {
    const count = counts[kind] ?? 0;
    const more = `${count - all.length}${count < MAX_NEEDS_OF_A_KIND ? "" : "+"}`;
    return [...all.map((need) => ({ need })), ...(count > all.length ? [{ more, kind }] : [])];
  });
}
