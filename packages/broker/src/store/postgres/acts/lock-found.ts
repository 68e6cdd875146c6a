/** Deliveries that an act found by what they are, as they are once nobody else can move them. */
import type { Engine } from "../engine.ts";
import type { FoundDelivery } from "../pages/deliveries.ts";

/**
 * Finds up to `limit`, locks their recipients, their senders and the mesh, and finds them again: what others have moved
 * meanwhile is left out. `more` when there may be others behind them.
 */
export async function lockFound<Row extends FoundDelivery>(
  { agents }: Engine,
  limit: number,
  find: (limit: number) => Promise<readonly Row[]>,
  others: readonly number[] = [],
): Promise<{ readonly rows: readonly Row[]; readonly more: boolean }> {
  const found = await find(limit);
  await agents.lockWithMesh([...others, ...found.flatMap(({ agent_pk, sender_pk }) => [agent_pk, sender_pk])]);
  const locked = new Set(found.map(({ pk }) => pk));
  const again = found.length === 0 ? [] : await find(limit);
  return { rows: again.filter(({ pk }) => locked.has(pk)), more: found.length > 0 && found.length === limit };
}
