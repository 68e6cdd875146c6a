/** Whether something needs a person that did not before. */
import type { Need } from "@agentmesh/protocol";

/** The needs that are held, and how many there are of each kind. */
export interface Seen {
  readonly needs: readonly Pick<Need, "kind" | "key">[];
  readonly counts: Readonly<Record<string, number>>;
}

/** By their keys where all of a kind were held; else by their number: who comes into sight may have waited for long. */
export function hasNew(before: Seen, after: Seen): boolean {
  const held = Map.groupBy(before.needs, ({ kind }) => kind);
  const keys = new Set(before.needs.map(({ key }) => key));
  const wereAllHeld = (kind: string) => (held.get(kind)?.length ?? 0) >= (before.counts[kind] ?? 0);
  return (
    after.needs.some(({ kind, key }) => wereAllHeld(kind) && !keys.has(key)) ||
    Object.entries(after.counts).some(([kind, count]) => count > (before.counts[kind] ?? 0))
  );
}
