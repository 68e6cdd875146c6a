/** The act of reminding: one nudge to who owes an overdue answer, later one notice to the asker. */
import type { AskNotices } from "../../../mesh/store.ts";
import { type AskPlace, type OpenAskRow, openAskOf } from "../../shared/rows/asks.ts";
import { type Budget, each, ROWS, type Slice, sum } from "../commits/slices.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import { notify } from "./notice.ts";

/** How far a round of reminding has come. */
export interface Reminded {
  readonly asks: number;
  readonly last: AskPlace | undefined;
}

/** Sends the notices that are due, of up to `limit` asks, a slice at a time; no ask has two in one round. */
export function remind(engine: Engine, context: EngineContext, notices: AskNotices, limit: number) {
  return (budget: Budget, kept: readonly Reminded[]): Slice<Reminded> => {
    const left = limit - sum(kept.map(({ asks }) => asks));
    const wanted = Math.min(left, ROWS);
    let last = kept.at(-1)?.last;
    const { part: asks, more } = each(budget, engine.asks.overdue(wanted, last), wanted, (row) => {
      remindOf(row);
      last = row;
    });
    return { part: { asks, last }, more: more && asks < left };
  };

  function remindOf(row: OpenAskRow): void {
    const now = context.clock.now();
    const ask = openAskOf(row, now);
    const about = { about: row.message_id, threadId: row.thread_id };
    const held = row.state === "held";
    if (row.nudged_at === null && !held) {
      notify(engine, context, { kind: "nudge", to: row.debtor_id, body: notices.nudge(ask), ...about });
      engine.asks.setNudged(row.message_pk);
    } else {
      notify(engine, context, { kind: "bounce", to: row.asker_id, body: notices.bounce(ask, held), ...about });
      engine.asks.giveUp(row.message_pk);
    }
  }
}
