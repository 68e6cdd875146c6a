/** Bodies that are not what was accepted: found by a lease or by the check of all, then ended, their senders told. */
import type { Bounce } from "../../../mesh/store.ts";
import { DAMAGED, damagedBounce } from "../../shared/ending.ts";
import { isIntact } from "../../shared/rows/body.ts";
import { MESH_AGENT_ID } from "../../shared/rows/messages.ts";
import type { MessageRow } from "../../shared/rows/rows.ts";
import { each, ROWS, type Slice, sum } from "../commits/slices.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import { endUnacked } from "./end.ts";
import { lockFound } from "./lock-found.ts";
import { notify } from "./notice.ts";

/** Bodies that one look compares: one may have 64 KiB. */
const BODIES = 16;

/** Compares some of the next `limit` bodies with their hashes; `end` when these were the last, and the next call begins anew. */
export async function checkSome(
  { messages }: Engine,
  { damage }: EngineContext,
  limit: number,
): Promise<{ readonly checked: number; readonly end: boolean }> {
  const rows = await messages.bodiesAfter(damage.checkedUntil, Math.min(limit, BODIES));
  for (const row of rows) if (!isIntact(row)) damage.note(row.pk);
  damage.checkedUntil = rows.at(-1)?.pk ?? 0;
  return { checked: rows.length, end: rows.length === 0 };
}

/** How far the ending of damaged messages has come. */
export interface Ended {
  /** Of so many messages nothing waits any more. */
  readonly messages: number;
  /** Of the one it is at: the first delivery that waited, and how many have ended. */
  readonly first: number | undefined;
  readonly deliveries: number;
}

/**
 * Ends what waits of the damaged messages, a slice of one at a time; their senders get one notice each. What is leased stays:
 * its holder has the text as it was accepted.
 */
export function endDamaged(messagePks: readonly number[], bounce: Bounce | undefined) {
  return async (engine: Engine, context: EngineContext, kept: readonly Ended[]): Promise<Slice<Ended>> => {
    const done = sum(kept.map(({ messages }) => messages));
    const pk = messagePks[done];
    const message = pk === undefined ? undefined : await engine.messages.wholeByPk(pk);
    const isLast = done + 1 >= messagePks.length;
    if (pk === undefined || !message) return { part: { messages: 1, first: undefined, deliveries: 0 }, more: !isLast };
    const last = kept.at(-1);
    const before = last && last.messages === 0 ? last : { first: undefined, deliveries: 0 };
    const waiting = (limit: number) => engine.deliveryPages.waitingOf(pk, limit);
    const { rows, more } = await lockFound(engine, ROWS, waiting, [message.sender_pk]);
    const { part: ended } = await each(rows, ROWS, (row) =>
      endUnacked(engine, context, row.pk, { state: "dead", event: "dead", reason: DAMAGED, bounce }),
    );
    const at = { first: before.first ?? rows[0]?.pk, deliveries: before.deliveries + ended };
    if (more) return { part: { messages: 0, ...at }, more: true };
    await tell(engine, context, { message, bounce, ...at });
    return { part: { messages: 1, ...at }, more: !isLast };
  };
}

/** The sender of a published message gets one notice for all who had it waiting. */
async function tell(
  engine: Engine,
  context: EngineContext,
  found: {
    readonly message: MessageRow;
    readonly bounce: Bounce | undefined;
    readonly first: number | undefined;
    readonly deliveries: number;
  },
): Promise<void> {
  const { message, bounce, deliveries } = found;
  const first = found.first === undefined ? undefined : await engine.deliveries.byPk(found.first);
  if (bounce && first && message.topic !== null && message.sender_id !== MESH_AGENT_ID) {
    await notify(engine, context, {
      ...{ kind: "bounce", to: message.sender_id, about: message.message_id, threadId: message.thread_id },
      body: damagedBounce(bounce, first, message.topic),
    });
  }
  if (await engine.messages.markDamaged(message.message_id)) {
    const from = message.sender_name;
    context.notice("error", "message.damaged", { messageId: message.message_id, from, ended: deliveries });
  }
}
