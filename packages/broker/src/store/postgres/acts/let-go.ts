/** The act of letting go: history before its time, where a quota of what is kept asks for it. */
import { timestamp } from "../../../mesh/clock.ts";
import type { KeepingQuota } from "../../../mesh/store/keeping.ts";
import { isBeyond, letGoBeyond } from "../../shared/quota.ts";
import { ROWS } from "../commits/slices.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";

/** How many messages one look for old history goes through. */
const LOOK = 256;

/** Whose history has to go: nobody's, some senders', everybody's. */
export async function scopesBeyond({ keeping }: Engine, quota: KeepingQuota): Promise<(number | undefined)[]> {
  const { most, mesh, least } = letGoBeyond(quota);
  const scopes: (number | undefined)[] = isBeyond(await keeping.all(), mesh) ? [undefined] : [];
  for (const pk of Number.isFinite(least) ? await keeping.beyond(least) : []) {
    if (isBeyond(await keeping.of(pk), most)) scopes.push(pk);
  }
  return scopes;
}

/** Lets go of the oldest that may go, of all or of one sender, behind `edge`. */
export async function letGoOf(
  { agents, keeping }: Engine,
  { notice, now, numbers }: EngineContext,
  terms: {
    readonly scope: number | undefined;
    readonly edge: number;
    readonly keepMs: number;
    readonly limit: number;
  },
): Promise<{ readonly edge: number; readonly more: boolean }> {
  const { scope, keepMs } = terms;
  const find = async () =>
    (await keeping.old(scope, terms.edge, LOOK)).filter(({ accepted_at }) => accepted_at <= now - keepMs);
  const found = await find();
  const ended = found.filter((row) => row.ended === 1);
  await agents.lock(ended.map(({ sender_pk }) => sender_pk));
  // What was put into another inbox meanwhile stays; with the timeline goes its place in the numbers of all.
  if (ended.length > 0) await numbers.hold();
  const mayGo = new Set((ended.length > 0 ? await find() : []).flatMap((row) => (row.ended === 1 ? [row.pk] : [])));
  let { edge, limit } = terms;
  let [messages, until, isCut] = [0, 0, false];
  for (const { pk, accepted_at, sender_pk } of found) {
    if (limit <= 0) isCut = true;
    if (isCut) break;
    if (mayGo.has(pk) && agents.holds(sender_pk)) {
      const { deliveries, whole } = await keeping.drop(pk, Math.min(limit, ROWS));
      limit -= deliveries + 1;
      isCut = !whole;
      if (isCut) break;
      messages++;
      until = accepted_at;
    }
    edge = pk;
  }
  if (messages > 0) {
    await keeping.noteLetGo(messages, until);
    notice("warn", "history.let_go", {
      ...{ messages, acceptedUntil: timestamp(until), of: scope === undefined ? "all" : "one sender" },
    });
  }
  return { edge, more: isCut || found.length === LOOK || limit <= 0 };
}
