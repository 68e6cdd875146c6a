/** The act of reminding: one nudge to who owes an overdue answer, later one notice to the asker. */
import type { AskNotices } from "../../../mesh/store.ts";
import { type AskPlace, openAskOf } from "../../shared/rows/asks.ts";
import type { OwedRow } from "../asks.ts";
import { ROWS, type Slice, sum } from "../commits/slices.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import { notify } from "./notice.ts";

/** How far a round of reminding has come. */
export interface Reminded {
  readonly asks: number;
  readonly last: AskPlace | undefined;
}

/** Sends the notices that are due, of up to `limit` asks, a slice at a time; no ask has two in one round. */
export function remind(notices: AskNotices, limit: number) {
  return async (engine: Engine, context: EngineContext, kept: readonly Reminded[]): Promise<Slice<Reminded>> => {
    const left = limit - sum(kept.map(({ asks }) => asks));
    const wanted = Math.min(left, ROWS);
    const found = await engine.asks.overdue(wanted, kept.at(-1)?.last);
    await engine.agents.lockWithMesh(found.flatMap(({ asker_pk, debtor_pk }) => [asker_pk, debtor_pk]));
    let asks = 0;
    for (const { message_pk } of found) {
      // Answered, or seen to by another broker, meanwhile.
      const row = await engine.asks.overdueAt(message_pk);
      if (!row) continue;
      await remindOf(engine, context, notices, row);
      asks++;
    }
    const more = found.length > 0 && found.length === wanted && asks < left;
    return { part: { asks, last: found.at(-1) }, more };
  };
}

async function remindOf(engine: Engine, context: EngineContext, notices: AskNotices, row: OwedRow): Promise<void> {
  const ask = openAskOf(row, context.now);
  const about = { about: row.message_id, threadId: row.thread_id };
  const held = row.state === "held";
  if (row.nudged_at === null && !held) {
    await notify(engine, context, { kind: "nudge", to: row.debtor_id, body: notices.nudge(ask), ...about });
    await engine.asks.setNudged(row.message_pk);
  } else {
    await notify(engine, context, { kind: "bounce", to: row.asker_id, body: notices.bounce(ask, held), ...about });
    await engine.asks.giveUp(row.message_pk);
  }
}
