/** Bodies that are not what was accepted: found by a lease or by the check of all, then ended, their senders told. */
import type { Bounce } from "../../../mesh/store.ts";
import { type Budget, each, ROWS, type Slice, sliceBudget, sum } from "../commits/slices.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import { MESH_AGENT_ID } from "../messages.ts";
import { isIntact } from "../rows/body.ts";
import type { DeliveryRow, MessageRow } from "../rows/rows.ts";
import { endUnacked } from "./end.ts";
import { notify } from "./notice.ts";

/** Messages that were found damaged and wait to be ended, and how far the check of all bodies has come. */
export class FoundDamage {
  readonly #messages = new Set<number>();
  checkedUntil = 0;

  note(messagePk: number): void {
    this.#messages.add(messagePk);
  }

  list(limit: number): readonly number[] {
    return [...this.#messages].slice(0, limit);
  }

  forget(messagePks: readonly number[]): void {
    for (const pk of messagePks) this.#messages.delete(pk);
  }
}

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

/**
 * Ends what waits of the damaged messages, a slice at a time; their senders get one notice each. What is leased stays: its
 * holder has the text as it was accepted. Each slice says of how many messages nothing waits any more.
 */
export function endDamaged(
  engine: Engine,
  context: EngineContext,
  messagePks: readonly number[],
  bounce: Bounce | undefined,
) {
  // The first of each that was found waiting, and how many, over the slices.
  const found = new Map<number, { readonly first: DeliveryRow; readonly ended: number }>();
  return (budget: Budget, kept: readonly number[]): Slice<number> => {
    let part = 0;
    for (const pk of messagePks.slice(sum(kept))) {
      const message = engine.messages.wholeByPk(pk);
      if (message && !endOne(message, pk, budget)) return { part, more: true };
      part++;
    }
    return { part, more: false };
  };

  /** False when some of it waits still. */
  function endOne(message: MessageRow, pk: number, budget: Budget): boolean {
    const reason = "corrupt_body";
    const waiting = engine.deliveries.waitingOf(pk, ROWS);
    const { part, more } = each(budget, waiting, ROWS, (row) =>
      endUnacked(engine, context, row.pk, { state: "dead", event: "dead", reason, bounce }),
    );
    const { first = waiting[0], ended = 0 } = found.get(pk) ?? {};
    if (first) found.set(pk, { first, ended: ended + part });
    if (more) return false;
    if (bounce && first && message.topic !== null && message.sender_id !== MESH_AGENT_ID) {
      notify(engine, context, {
        kind: "bounce",
        to: message.sender_id,
        about: message.message_id,
        threadId: message.thread_id,
        body: bounce({
          deliveryId: first.id,
          seq: first.seq,
          state: "dead",
          reason,
          recipient: message.topic,
          body: "",
        }),
      });
    }
    if (engine.messages.markDamaged(message.message_id)) {
      const from = message.sender_name;
      context.notice("error", "message.damaged", { messageId: message.message_id, from, ended: ended + part });
    }
    return true;
  }
}
