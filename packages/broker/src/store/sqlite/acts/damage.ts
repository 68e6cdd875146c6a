/** Bodies that are not what was accepted: found by a lease or by the check of all, then ended, their senders told. */
import type { Bounce } from "../../../mesh/store.ts";
import { DAMAGED, damagedBounce } from "../../shared/ending.ts";
import { isIntact } from "../../shared/rows/body.ts";
import { MESH_AGENT_ID } from "../../shared/rows/messages.ts";
import type { DeliveryRow, MessageRow } from "../../shared/rows/rows.ts";
import { type Budget, each, ROWS, type Slice, sliceBudget, sum } from "../commits/slices.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import { endUnacked } from "./end.ts";
import { notify } from "./notice.ts";

/** Compares the next `limit` bodies with their hashes; true when these were the last, and the next call begins anew. */
export function checkBodies({ messages, damage }: Engine, limit: number): boolean {
  const budget = sliceBudget();
  for (let left = limit; left > 0 && budget.fits(); left--) {
    // One at a time: a body may have 64 KiB, and its hash is as long in the making.
    const [row] = messages.bodiesAfter(damage.checkedUntil, 1);
    damage.checkedUntil = row?.pk ?? 0;
    if (!row) return true;
    if (!isIntact(row)) damage.note(row.pk);
  }
  return false;
}

/** How far the ending of damaged messages has come. */
export interface Ended {
  /** Of so many messages nothing waits any more. */
  readonly messages: number;
  /** Of the one it is at: the first delivery that waited, and how many have ended. */
  readonly first: DeliveryRow | undefined;
  readonly deliveries: number;
}

const BEGIN = { first: undefined, deliveries: 0 } as const;

/**
 * Ends what waits of the damaged messages, a slice at a time; their senders get one notice each. What is leased stays: its
 * holder has the text as it was accepted.
 */
export function endDamaged(
  engine: Engine,
  context: EngineContext,
  messagePks: readonly number[],
  bounce: Bounce | undefined,
) {
  return (budget: Budget, kept: readonly Ended[]): Slice<Ended> => {
    let at: Omit<Ended, "messages"> = kept.at(-1) ?? BEGIN;
    let messages = 0;
    for (const pk of messagePks.slice(sum(kept.map((part) => part.messages)))) {
      const message = engine.messages.wholeByPk(pk);
      if (message) {
        const waiting = engine.deliveries.waitingOf(pk, ROWS);
        const { part, more } = each(budget, waiting, ROWS, (row) =>
          endUnacked(engine, context, row.pk, { state: "dead", event: "dead", reason: DAMAGED, bounce }),
        );
        at = { first: at.first ?? waiting[0], deliveries: at.deliveries + part };
        if (more) return { part: { messages, ...at }, more: true };
        tell(message, at);
      }
      messages++;
      at = BEGIN;
    }
    return { part: { messages, ...at }, more: false };
  };

  /** The sender of a published message gets one notice for all who had it waiting. */
  function tell(message: MessageRow, { first, deliveries }: Omit<Ended, "messages">): void {
    if (bounce && first && message.topic !== null && message.sender_id !== MESH_AGENT_ID) {
      notify(engine, context, {
        kind: "bounce",
        to: message.sender_id,
        about: message.message_id,
        threadId: message.thread_id,
        body: damagedBounce(bounce, first, message.topic),
      });
    }
    if (engine.messages.markDamaged(message.message_id)) {
      const from = message.sender_name;
      context.notice("error", "message.damaged", { messageId: message.message_id, from, ended: deliveries });
    }
  }
}
