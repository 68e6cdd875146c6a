/** The act of waiving: nobody owes the answer to a question any more, and both sides are told, once. */
import type { MessageId } from "@agentmesh/protocol";
import type { Viewer, WaiveTerms, WaiveVerdict } from "../../../mesh/store.ts";
import { openAskOf, waivedAsk, withoutWaiving } from "../../shared/rows/asks.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import { notify } from "./notice.ts";

/** Waives the answer to a question of this asker, or of anybody. What a policy holds its agent has never seen, and hears nothing of. */
export async function waiveAnswer(
  engine: Engine,
  context: EngineContext,
  messageId: MessageId,
  asker: Viewer,
  { why, nudge, bounce }: WaiveTerms,
): Promise<WaiveVerdict> {
  const { agents, asks, timeline } = engine;
  const found = await asks.whole(messageId);
  if (found) await agents.lockWithMesh([found.asker_pk, found.debtor_pk]);
  // Answered, or seen to by another broker, meanwhile.
  const row = found && (await asks.whole(messageId));
  if (!row) return { kind: "no_ask" };
  const before = withoutWaiving(row, asker);
  if (before) return before;
  await asks.waive(row.message_pk);
  await timeline.note(row.delivery_pk, "waived", { attempt: row.attempt, reason: why });
  const ask = openAskOf(row, context.now);
  const about = { about: row.message_id, threadId: row.thread_id };
  if (row.state !== "held") {
    await notify(engine, context, { kind: "nudge", to: row.debtor_id, body: nudge(ask), ...about });
  }
  if (bounce) await notify(engine, context, { kind: "bounce", to: row.asker_id, body: bounce(ask), ...about });
  // A call of the asker's that waits for the answer looks, and ends; at another broker, too.
  context.hints.ready(row.asker_id);
  return waivedAsk(row, context.now);
}
