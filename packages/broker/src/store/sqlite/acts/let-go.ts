/** The act of letting go: history before its time, where a quota of what is kept asks for it. */
import { timestamp } from "../../../mesh/clock.ts";
import type { KeepingQuota } from "../../../mesh/store/keeping.ts";
import { isBeyond, letGoBeyond } from "../../shared/quota.ts";
import { ROWS, sliceBudget } from "../commits/slices.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";

/** How many messages one look for old history goes through. */
const LOOK = 256;

/** Whose history has to go: nobody's, some senders', everybody's. */
export function scopesBeyond({ keeping }: Engine, quota: KeepingQuota): (number | undefined)[] {
  const { most, least, mesh } = letGoBeyond(quota);
  const senders = Number.isFinite(least) ? keeping.beyond(least).filter((pk) => isBeyond(keeping.of(pk), most)) : [];
  return isBeyond(keeping.all(), mesh) ? [undefined, ...senders] : senders;
}

/** Lets go of the oldest that may go; false when it has come to the end, or to what is too young. */
export function letGoOf(
  engine: Engine,
  { clock, notice }: EngineContext,
  terms: {
    readonly scope: number | undefined;
    readonly edges: Map<number | undefined, number>;
    readonly keepMs: number;
    readonly limit: number;
  },
): boolean {
  const { keeping } = engine;
  const { scope, edges, keepMs } = terms;
  const before = clock.now() - keepMs;
  let { limit } = terms;
  let messages = 0;
  let until = 0;
  const rows = keeping.old(scope, edges.get(scope) ?? 0, LOOK).filter(({ accepted_at }) => accepted_at <= before);
  const budget = sliceBudget();
  let isCut = false;
  for (const { pk, accepted_at, ended } of rows) {
    if (limit <= 0 || !budget.fits()) {
      isCut = true;
      break;
    }
    if (ended === 1) {
      const { deliveries, whole } = keeping.drop(pk, Math.min(limit, ROWS));
      limit -= deliveries + 1;
      if (!whole) {
        isCut = true;
        break;
      }
      messages++;
      until = accepted_at;
    }
    edges.set(scope, pk);
  }
  if (messages > 0) {
    keeping.noteLetGo(messages, until);
    notice("warn", "history.let_go", {
      messages,
      acceptedUntil: timestamp(until),
      of: scope === undefined ? "all" : "one sender",
    });
  }
  const more = isCut || rows.length === LOOK || limit <= 0;
  if (!more) edges.delete(scope);
  return more;
}
